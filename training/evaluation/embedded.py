"""Embeddings of photographs by the served runtime, kept in a file: the network is slow, what is fitted on it is not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from inference import decoding, preprocessing
from inference.bundle import MODEL_FILE, Bundle
from inference.decoding import decode
from inference.preprocessing import prepare
from inference.runtime import Runtime
from training.data.records import Record

Floats = NDArray[np.float32]
_SAVE_EVERY = 500  # photographs: a stopped run goes on from there
_MAKERS = (decoding, preprocessing)  # the code between a file and the network's input


def embed(bundle: Bundle, records: Sequence[Record], cache: Path) -> Floats:
    """Spatial means of the features (N,C), in the order of ``records``; those in the file ``cache`` are not run again.

    A photograph is known by its bytes, not by its name: one that was exchanged is run. ``cache`` belongs to one graph
    and one way to its input (``cache_file``).
    """
    known = _read(cache)
    runtime = Runtime(lambda: bundle.model)
    keys = [_key(record) for record in records]
    missing = {key: record for key, record in zip(keys, records, strict=True) if key not in known}
    for number, (key, record) in enumerate(tqdm(missing.items(), desc="embedding", unit="image"), start=1):
        prepared = prepare(decode(record.image.read_bytes()), bundle.manifest.input)
        known[key] = runtime.run(prepared.tensor)[0].mean(axis=(1, 2), dtype=np.float32)
        if number % _SAVE_EVERY == 0 or number == len(missing):
            _write(cache, known)
    return np.stack([known[key] for key in keys])


def cache_file(folder: Path, bundle: Bundle) -> Path:
    """Where the embeddings of this bundle's graph are kept, for pictures that are brought to its input in this way."""
    way = hashlib.sha256(repr(bundle.manifest.input).encode())
    for module in _MAKERS:
        way.update(Path(str(module.__file__)).read_bytes())
    return folder / f"embeddings-{bundle.manifest.files[MODEL_FILE].sha256[:16]}-{way.hexdigest()[:8]}.npz"


def _key(record: Record) -> str:
    return hashlib.sha256(record.image.read_bytes()).hexdigest()[:32]


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
