"""Embeddings of photographs by the served runtime, kept in a file: the network is slow, what is fitted on it is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from inference.bundle import MODEL_FILE, Bundle
from inference.decoding import decode
from inference.preprocessing import prepare
from inference.runtime import Runtime
from training.data.records import Record

Floats = NDArray[np.float32]
_SAVE_EVERY = 500  # photographs: a stopped run goes on from there


def embed(bundle: Bundle, records: Sequence[Record], cache: Path) -> Floats:
    """Spatial means of the features (N,C), in the order of ``records``; those in the file ``cache`` are not run again.

    The file belongs to one graph: its name holds the graph's hash (``cache_file``).
    """
    known = _read(cache)
    runtime = Runtime(lambda: bundle.model)
    missing = [record for record in records if record.image_id not in known]
    for number, record in enumerate(tqdm(missing, desc="embedding", unit="image"), start=1):
        prepared = prepare(decode(record.image.read_bytes()), bundle.manifest.input)
        known[record.image_id] = runtime.run(prepared.tensor)[0].mean(axis=(1, 2), dtype=np.float32)
        if number % _SAVE_EVERY == 0 or number == len(missing):
            _write(cache, known)
    return np.stack([known[record.image_id] for record in records])


def cache_file(folder: Path, bundle: Bundle) -> Path:
    """Where the embeddings of this bundle's graph are kept."""
    return folder / f"embeddings-{bundle.manifest.files[MODEL_FILE].sha256[:16]}.npz"


def _read(file: Path) -> dict[str, Floats]:
    if not file.is_file():
        return {}
    with np.load(file, allow_pickle=False) as archive:
        return dict(zip(archive["images"].tolist(), archive["embeddings"], strict=True))


def _write(file: Path, known: dict[str, Floats]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.stem}.partial.npz")
    np.savez(partial, images=np.array(list(known)), embeddings=np.stack(list(known.values())))
    partial.replace(file)
