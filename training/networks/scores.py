"""What every network answers."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Scores(NamedTuple):
    """What one pass gives. N pictures, K classes, C channels, h×w cells.

    A network without a metadata branch answers zeros for it; one without a feature map or mask head answers None.
    """

    image: Tensor  # (N,K) score from the picture alone
    metadata: Tensor  # (N,K) what the metadata add; zero where nothing is known
    features: Tensor | None = None  # (N,C,h,w), pooled by its mean into a linear head
    mask: Tensor | None = None  # (N,1,h,w) logit of "this cell is lesion"

    @property
    def fused(self) -> Tensor:
        return self.image + self.metadata


def image_only(image: Tensor) -> Scores:
    """The answer of a network that reads no metadata and shows no feature map; image scores (N,K)."""
    return Scores(image=image, metadata=torch.zeros_like(image))
