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
