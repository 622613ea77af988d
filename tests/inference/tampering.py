"""Ways to alter a bundle that someone who means harm, or a disk that fails, might take."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from inference.bundle import describe_file


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest of a bundle."""
    file = path / "manifest.json"
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def replace_file(path: Path, name: str, data: bytes) -> None:
    """Replace a file and adapt the manifest to it, as someone would who means harm."""
    (path / name).write_bytes(data)
    rewrite(path, lambda document: document["files"].update({name: describe_file(data)}))


def edit_model(path: Path, change: Callable[[onnx.ModelProto], object]) -> None:
    model = onnx.load_from_string((path / "model.onnx").read_bytes())
    change(model)
    replace_file(path, "model.onnx", model.SerializeToString())


def edit_head(path: Path, **changes: Any) -> None:
    with np.load(path / "head.npz") as archive:
        arrays = {**archive, **changes}
    buffer = io.BytesIO()
    np.savez(buffer, **{name: array for name, array in arrays.items() if array is not None})
    replace_file(path, "head.npz", buffer.getvalue())
