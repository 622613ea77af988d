"""A folder of generated pictures with its manifest, made without any generator."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from training.data.synthetic import Manifest, SyntheticImage


def write_generated(folder: Path, codes: Sequence[str], *, accepted: bool | None = True, **more: Any) -> Manifest:
    """One picture of noise a code, each with an oval mask."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, rows = np.random.default_rng(0), []
    mask = np.zeros((96, 128), np.uint8)
    mask[24:72, 32:96] = 255
    for number, code in enumerate(codes):
        name = f"SYN_{number:04d}.png"
        Image.fromarray(rng.integers(0, 256, (96, 128, 3), dtype=np.uint8)).save(folder / name)
        Image.fromarray(mask).save(folder / f"SYN_{number:04d}_mask.png")
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        row = {"generator": "diffusion", "weights_sha256": "0" * 64, "seed": number, "accepted": accepted}
        row |= {"scores": {"copy": 0.0}, **more}
        rows.append(SyntheticImage(name, digest, code, mask=f"SYN_{number:04d}_mask.png", **row))
    manifest = Manifest(folder, tuple(rows))
    manifest.save()
    return manifest
