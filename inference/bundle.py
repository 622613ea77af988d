"""A model bundle: one folder in which the weights travel with their meaning.

    manifest.json   labels, preprocessing, calibration, thresholds, data, licence, hash of each file
    model.onnx      image (N, 3, H, W) → features (N, C, h, w) and mask (N, 1, h, w)
    head.npz        the linear heads on those features (see ``inference.head``)
    scope.npz       where the training pictures lie in feature space (optional; see ``inference.scope``)
    MODEL_CARD.md   what the model is for and what it is not (the manifest's ``card`` names it)

A bundle is data: no pickle, no code, no custom operator, nothing outside its folder. Everything is
checked before it is used. The graph is not kept in memory beside the engine that runs it: it is read, and
checked, again when an engine is opened, so that what was verified is what runs.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from inference.errors import BundleError
from inference.head import HEAD_FILE, Head, pack_head, read_head
from inference.manifest import SCHEMA_VERSION, FileEntry, Manifest, canonical_json
from inference.manifest_reader import instant, read_manifest
from inference.onnx_graph import FLOAT, GraphSummary, Port, summarise
from inference.scope import SCOPE_FILE, FeatureSpace

MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.onnx"
IMAGE_INPUT = "image"
FEATURES_OUTPUT = "features"
MASK_OUTPUT = "mask"
_MAX_MANIFEST_BYTES = 1_000_000
MAX_FILE_BYTES = 500_000_000  # the shipped network has 38 MB; what is larger than this no small server can open


@dataclass(frozen=True)
class Bundle:
    """A verified bundle.

    grid: (rows, columns) of the last feature map. space: where its training pictures lie, or None.
    """

    path: Path
    manifest: Manifest
    sha256: str
    head: Head = field(repr=False)
    grid: tuple[int, int]
    space: FeatureSpace | None = field(default=None, repr=False)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read and verify a bundle's folder; nothing is executed.

        Raises:
            BundleError: a file is missing, altered, unsafe, or does not fit the others.
        """
        path = Path(path)
        manifest = load_manifest(path)
        files = _verified_files(path, manifest)
        summary, head = summarise(files[MODEL_FILE]), read_head(files[HEAD_FILE])
        problems = _graph_problems(summary, manifest, head) + head.problems(
            classes=len(manifest.labels), metadata_size=manifest.metadata_encoding.size
        )
        space = FeatureSpace.read(files[SCOPE_FILE]) if SCOPE_FILE in files else None
        problems += space.problems(channels=head.channels) if space else []
        if (space is None) != (manifest.scope is None):
            problems.append(f"{SCOPE_FILE} and the manifest's scope belong together; one of them is missing.")
        problems += _card_problems(manifest.card, files[manifest.card])
        if problems:
            raise BundleError(problems)
        return cls(path, manifest, manifest.sha256, head, _grid(summary), space)

    @property
    def model(self) -> bytes:
        """The serialised graph, read anew and compared with the manifest's hash.

        Raises:
            BundleError: the file has gone or was altered since the bundle was loaded.
        """
        return _verified_file(self.path, MODEL_FILE, self.manifest.files[MODEL_FILE])


def load_manifest(path: Path | str) -> Manifest:
    """Read a bundle's manifest alone: names and thresholds without the weights.

    Raises:
        BundleError: it is missing, not JSON, or says what cannot be served.
    """
    file = Path(path) / MANIFEST_FILE
    try:
        if file.stat().st_size > _MAX_MANIFEST_BYTES:
            raise BundleError(f"{MANIFEST_FILE} is larger than any manifest.")
        document = json.loads(file.read_bytes(), parse_constant=_refuse_constant)
        canonical_json(document)  # what has no hash: 1e999, half of a surrogate pair
    except OSError:
        raise BundleError(f"There is no readable {MANIFEST_FILE} in {path}.") from None
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{MANIFEST_FILE} is not JSON: {error}.") from None
    if not isinstance(document, dict):
        raise BundleError(f"{MANIFEST_FILE} is not a JSON object.")
    return read_manifest(document)


def write_bundle(
    path: Path | str,
    *,
    manifest: Mapping[str, Any],
    model: bytes,
    head: Head,
    card: str,
    space: FeatureSpace | None = None,
) -> Bundle:
    """Write a bundle's folder and load it back; a folder that does not verify is not left behind.

    Args:
        path: the new folder; it must not exist.
        manifest: the manifest without ``schema_version``, ``card`` and ``files``, which are added here.
        model: a serialised ONNX model with its weights inside.
        head: the linear heads, rows in the order of the manifest's labels.
        card: the model card as Markdown.
        space: of ``scope.npz``; then the manifest has a ``scope``.

    Raises:
        BundleError: what was given does not make a bundle that could be served.
        FileExistsError: the folder is there already; a version is never overwritten.
    """
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists already; give the bundle a new version.")
    files = {MODEL_FILE: model, HEAD_FILE: pack_head(head), "MODEL_CARD.md": card.encode()}
    if space is not None:
        files[SCOPE_FILE] = space.pack()
    document = {
        **manifest,
        "schema_version": SCHEMA_VERSION,
        "card": "MODEL_CARD.md",
        "files": {name: describe_file(data) for name, data in files.items()},
    }
    partial = path.with_name(path.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for name, data in files.items():
            (partial / name).write_bytes(data)
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
        (partial / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")
        Bundle.load(partial)
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Bundle.load(path)


def newest_bundle(folder: Path | str) -> Path:
    """The bundle in ``folder`` whose manifest was created last.

    Raises:
        BundleError: no folder there holds a readable manifest.
    """
    found: list[tuple[datetime, str, Path]] = []
    for file in Path(folder).glob(f"*/{MANIFEST_FILE}"):
        try:
            manifest = load_manifest(file.parent)
        except BundleError:
            continue
        found.append((instant(manifest.created), manifest.version, file.parent))
    if not found:
        raise BundleError(f"There is no model bundle in {folder}.")
    return max(found)[-1]


def describe_file(data: bytes) -> dict[str, Any]:
    """A file's entry in the manifest."""
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _verified_files(path: Path, manifest: Manifest) -> dict[str, bytes]:
    required = (MODEL_FILE, HEAD_FILE, manifest.card)
    problems = [f"The manifest lists no {name}." for name in required if name not in manifest.files]
    files: dict[str, bytes] = {}
    for name, entry in manifest.files.items():
        try:
            files[name] = _verified_file(path, name, entry)
        except BundleError as error:
            problems += error.problems
    if problems:
        raise BundleError(problems)
    return files


def _verified_file(path: Path, name: str, entry: FileEntry) -> bytes:
    file = path / name
    if file.is_symlink() or not file.is_file():
        raise BundleError(f"{name} is missing or not a plain file.")
    if file.stat().st_size != entry.size:
        raise BundleError(f"{name} has {file.stat().st_size} bytes, not {entry.size}.")
    if entry.size > MAX_FILE_BYTES:
        raise BundleError(f"{name} has {entry.size / 1e6:.0f} MB; at most {MAX_FILE_BYTES // 1_000_000} are served.")
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise BundleError(f"{name} was altered: its SHA-256 is not the manifest's.")
    return data


def _card_problems(name: str, data: bytes) -> list[str]:
    """The card is read by people, and kept as text by the clinic."""
    try:
        if name not in {MODEL_FILE, HEAD_FILE, SCOPE_FILE} and "\0" not in data.decode("utf-8"):
            return []
    except UnicodeDecodeError:
        pass
    return [f"The card {name} is not a text in UTF-8."]


def _graph_problems(summary: GraphSummary, manifest: Manifest, head: Head) -> list[str]:
    problems = []
    if summary.external_tensors:
        problems.append(f"{MODEL_FILE} keeps weights in other files; they must be inside it.")
    if summary.foreign_domains:
        domains = ", ".join(sorted(summary.foreign_domains))
        problems.append(f"{MODEL_FILE} uses custom operators ({domains}); only standard ONNX is run.")
    height, width = manifest.input.height, manifest.input.width
    inputs = {port.name: port for port in summary.inputs}
    outputs = {port.name: port for port in summary.outputs}
    if set(inputs) != {IMAGE_INPUT}:
        problems.append(f"{MODEL_FILE} has the inputs {sorted(inputs)}, not {IMAGE_INPUT!r} alone.")
    else:
        problems += _port_problems(inputs[IMAGE_INPUT], (3, height, width))
    for name, channels in ((FEATURES_OUTPUT, head.channels), (MASK_OUTPUT, 1)):
        if name not in outputs:
            problems.append(f"{MODEL_FILE} has no output {name!r}.")
        else:
            problems += _port_problems(outputs[name], (channels, None, None))
    if not problems and outputs[FEATURES_OUTPUT].shape[2:] != outputs[MASK_OUTPUT].shape[2:]:
        problems.append(f"{MODEL_FILE}: features and mask have different grids.")
    return problems


def _port_problems(port: Port, expected: tuple[int | None, ...]) -> list[str]:
    """Check one tensor (N, …): N free or 1, each size fixed and, where given, equal."""
    wanted = ("N", *("any" if size is None else size for size in expected))
    sizes = port.shape[1:]
    fits = len(sizes) == len(expected) and all(
        found is not None and found > 0 and want in (None, found) for found, want in zip(sizes, expected, strict=True)
    )
    if port.element_type == FLOAT and fits and port.shape[0] in (None, 1):
        return []
    return [f"{MODEL_FILE}: {port.name} is {port.shape} of type {port.element_type}, not float32 {wanted}."]


def _grid(summary: GraphSummary) -> tuple[int, int]:
    shape = next(port.shape for port in summary.outputs if port.name == FEATURES_OUTPUT)
    rows, columns = shape[2], shape[3]
    if rows is None or columns is None:
        raise BundleError(f"{MODEL_FILE}: the grid of features is not fixed.")
    return rows, columns


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
