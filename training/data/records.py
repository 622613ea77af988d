"""What every loader gives: one record a photograph, and one error for data that are not what they are said to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inference.metadata import Metadata


class DataError(ValueError):
    """The data on disk are not what they are said to be."""


@dataclass(frozen=True)
class Record:
    """One photograph. ``dx_type`` (how the truth was found) is kept for reports and is never an input."""

    image_id: str
    lesion_id: str
    diagnosis: str
    dx_type: str
    source: str
    metadata: Metadata
    image: Path
    mask: Path | None
