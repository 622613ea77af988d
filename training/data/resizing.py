"""Pictures of the size that a network reads, from the evaluation view that all of them share."""

from __future__ import annotations

from torch import Tensor
from torchvision.transforms.v2.functional import resize


def resized(images: Tensor, size: tuple[int, int] | None) -> Tensor:
    """uint8 (N,3,H,W) → uint8 (N,3,*size), antialiased bilinear; None and the own size leave it as it is.

    The aspect follows ``size``: a square network sees 4:3 pictures squeezed, as in the report.
    """
    if size is None or size == (images.shape[2], images.shape[3]):
        return images
    out: Tensor = resize(images, list(size), antialias=True)
    return out
