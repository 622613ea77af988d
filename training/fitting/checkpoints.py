"""Checkpoints that are whole or absent: a process may be killed at any moment, also while it writes one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO


class WholeFiles(TorchCheckpointIO):
    """Writes beside the file and renames. Lightning's own way writes in the system's temporary folder and moves from
    there, which is a copy, and can be cut short, where that folder is another file system.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        with part.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


_LASTING = ("epoch", "global_step", "pytorch-lightning_version", "state_dict", "elapsed", "steps")


def write_final(last: Path, final: Path, best: Path | None = None) -> None:
    """Write ``final``, whole and once: the averaged weights of ``last``, or those of ``best`` at the price of ``last``.

    Of the file and not of the trainer: where a run is continued at its very end Lightning takes no step, and so leaves
    the network with the weights that were never averaged.
    """
    ended = torch.load(last, map_location="cpu", weights_only=False)
    lasting = {name: ended[name] for name in _LASTING if name in ended} | {"epoch": ended["epoch"] + 1}
    if best is not None:
        chosen = torch.load(best, map_location="cpu", weights_only=True)
        lasting |= {"state_dict": chosen["state_dict"], "epoch": chosen["epoch"]}
    WholeFiles().save_checkpoint(lasting, final)
