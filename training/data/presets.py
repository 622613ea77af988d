"""What is done to a picture before any network sees it: size, interpolation, what becomes of its aspect, filters.

The report contradicts itself: 224×224 in its text, ``resize((125, 100))`` in its code. Both are presets, to be measured
and never served: a bundle's runtime knows one aspect policy, that of ``own``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.manifest import ASPECT_POLICY, InputSpec
from inference.preprocessing import prepare
from inference.vocabulary import DERMOSCOPIC
from training.data import filters

STRETCH = "stretch"  # the whole picture is squeezed into the size, whatever its aspect
_NEUTRAL = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
_RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

Size = tuple[int, int]


@dataclass(frozen=True)
class Preset:
    """``stored`` and ``viewed`` are (height, width): what augmentation crops from, and what is judged and served."""

    stored: Size
    viewed: Size
    interpolation: str
    aspect_policy: str

    def fit(self, image: Image.Image, size: Size) -> NDArray[np.uint8]:
        """An upright RGB picture → uint8 (*size, 3) by this preset's interpolation and aspect policy."""
        height, width = size
        if self.aspect_policy == STRETCH:
            return np.asarray(image.resize((width, height), _RESAMPLING[self.interpolation]), np.uint8)
        return prepare(image, InputSpec(height, width, *_NEUTRAL, self.interpolation, (DERMOSCOPIC,))).pixels


PRESETS: dict[str, Preset] = {
    "own": Preset((150, 200), (144, 192), "bilinear", ASPECT_POLICY),
    "report-text": Preset((224, 224), (224, 224), "bicubic", STRETCH),
    # Pillow's own default where none is named, as the report's code names none.
    "report-code": Preset((100, 125), (100, 125), "bicubic", STRETCH),
}


@dataclass(frozen=True)
class Recipe:
    """A preset and the filters before it, in their order. Raises ``ValueError`` for a name that is none."""

    preset: str = "own"
    filters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise ValueError(f"There is no preset {self.preset!r}; choose of {', '.join(PRESETS)}.")
        filters.check(self.filters)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Recipe:
        """That of a run, by its ``config.json``; older records name none."""
        return cls(config.get("preset", "own"), tuple(config.get("filters", ())))

    @property
    def served(self) -> bool:
        """Whether the runtime prepares a picture in the same way."""
        return PRESETS[self.preset].aspect_policy == ASPECT_POLICY and not self.filters

    def filtered(self, image: Image.Image) -> Image.Image:
        return Image.fromarray(filters.apply(self.filters, np.asarray(image))) if self.filters else image

    def fitted(self, image: Image.Image, size: Size) -> NDArray[np.uint8]:
        return PRESETS[self.preset].fit(image, size)

    def __str__(self) -> str:
        return " + ".join([self.preset, *self.filters])
