"""JPEG's loss on a batch, in torch and so on any device: what ITU-T T.81 throws away, without the entropy coding.

Colour goes to YCbCr and loses half of its resolution each way (4:2:0); each 8×8 block is rounded in the cosine domain
by the quantisation tables of the standard's Annex K, scaled by the quality as libjpeg does.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99, 99, 99, 99, 99, 99, 99, 99),) * 4,
)
_YCBCR = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


def jpeg(x: Tensor, quality: Tensor) -> Tensor:
    """RGB 0–1 (N,3,H,W) after JPEG of ``quality`` 1–100 (N,), one for each picture. Any size."""
    height, width = x.shape[2:]
    padded = F.pad(x, (0, -width % 16, 0, -height % 16), mode="replicate") * 255
    forward = torch.tensor(_YCBCR, device=x.device)
    ycbcr = torch.einsum("dc,nchw->ndhw", forward, padded)
    light = _rounded(ycbcr[:, :1] - 128, _table(_LUMINANCE, quality)) + 128
    colour = _rounded(F.avg_pool2d(ycbcr[:, 1:], 2), _table(_CHROMINANCE, quality))
    colour = F.interpolate(colour, scale_factor=2, mode="bilinear")
    rgb = torch.einsum("cd,ndhw->nchw", torch.linalg.inv(forward), torch.cat([light, colour], dim=1))
    return (rgb[:, :, :height, :width] / 255).clamp(0, 1)


def _table(base: tuple[tuple[int, ...], ...], quality: Tensor) -> Tensor:
    """Steps (N,1,1,1,8,8) of each picture: libjpeg's scaling, 5000/q below 50 and 200 − 2q from there."""
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)[:, None, None]
    steps = ((torch.tensor(base, device=quality.device) * percent + 50) / 100).floor().clamp(1, 255)
    return steps[:, None, None, None]


def _rounded(planes: Tensor, steps: Tensor) -> Tensor:
    """Planes (N,C,H,W), H and W multiples of 8, with each 8×8 block rounded to ``steps`` in the cosine domain."""
    n, c, height, width = planes.shape
    cosine = _cosines().to(planes.device)
    blocks = planes.view(n, c, height // 8, 8, width // 8, 8).transpose(3, 4)
    waves = cosine @ blocks @ cosine.T
    kept = cosine.T @ ((waves / steps).round() * steps) @ cosine
    return kept.transpose(3, 4).reshape(n, c, height, width)


def _cosines() -> Tensor:
    """The orthonormal DCT-II of eight values, (8,8)."""
    k, i = torch.arange(8.0)[:, None], torch.arange(8.0)[None]
    waves = torch.cos((2 * i + 1) * k * math.pi / 16) / 2
    waves[0] /= math.sqrt(2)
    return waves
