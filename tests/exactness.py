"""What an answer is made of, so that two can be compared to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import numpy as np

from inference.result import Result

MAY_DIFFER = "timings"


def bits(result: Result) -> tuple[object, ...]:
    """Every field of a result but its timings, those that will be added included."""
    return tuple((part.name, _plain(getattr(result, part.name))) for part in fields(result) if part.name != MAY_DIFFER)


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, Mapping):
        return tuple((key, _plain(inner)) for key, inner in value.items())
    if is_dataclass(value) and not isinstance(value, type):
        return tuple((part.name, _plain(getattr(value, part.name))) for part in fields(value))
    if isinstance(value, tuple):
        return tuple(_plain(inner) for inner in value)
    return value
