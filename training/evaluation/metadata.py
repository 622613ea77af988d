"""Metadata as they are, withheld, or dealt to other people: what does a fused network make of them?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inference.metadata import Metadata
from training.data.records import Record

METADATA = ("kept", "withheld", "shuffled")
SHUFFLE_SEED = 20180814  # fixed: two models see the same wrong metadata


def path_name(how: str) -> str:
    """The fused path's name in tables: an altered one never passes for the real one."""
    return "fused" if how == "kept" else f"fused-{how}"


def alter(records: list[Record], how: str) -> list[Record]:
    """The same photographs with their metadata kept, withheld, or shuffled among them by a fixed seed."""
    if how == "withheld":
        return [replace(record, metadata=Metadata()) for record in records]
    if how == "shuffled":
        order = np.random.default_rng(SHUFFLE_SEED).permutation(len(records))
        return [replace(record, metadata=records[i].metadata) for record, i in zip(records, order, strict=True)]
    return list(records)
