"""A finished generator as it travels: its record, its split, and its weights in half precision."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from training.data.records import DataError
from training.fitting.checkpoints import WholeFiles
from training.synthesis.generator import FILES, load_generator


def pack(source: Path, out: Path) -> int:
    """Write the generator in ``source`` into ``out``; returns the bytes of its weights.

    What it draws afterwards differs a little, and has another hash: draw from what was packed. Raises ``DataError``
    where ``source`` holds no finished generator or ``out`` holds something.
    """
    load_generator(source)  # whole, and of its split
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty; give another --out.")
    out.mkdir(parents=True, exist_ok=True)
    record, split, weights = FILES
    for name in (record, split):
        shutil.copyfile(source / name, out / name)
    saved = torch.load(source / weights, map_location="cpu", weights_only=True)
    half = {
        name: value.half() if value.is_floating_point() else value
        for name, value in saved["state_dict"].items()
        if name.startswith("network.")
    }
    kept = {"state_dict": half, "steps": saved["steps"], "elapsed": saved["elapsed"]}
    WholeFiles().save_checkpoint(kept, out / weights)
    return (out / weights).stat().st_size
