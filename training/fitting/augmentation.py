"""Augmentation of a whole uint8 batch in torch, from a generator of its own so that a run can be repeated.

Warps move picture and mask alike; colour, blur and compression touch the picture alone. Values are 0–1 between steps.
Random numbers are drawn on the CPU and then travel, so that the same seed draws the same on any device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training.fitting.jpeg import jpeg


@dataclass(frozen=True)
class Augmentation:
    """Strength of each step; ``p_`` fields are the share of pictures that it touches."""

    scale: tuple[float, float] = (0.6, 1.3)
    aspect: float = 0.15
    shift: float = 0.1
    brightness: float = 0.25
    contrast: float = 0.25
    saturation: float = 0.30
    hue: float = 0.04
    gamma: float = 0.2
    p_constancy: float = 0.5
    p_blur: float = 0.3
    p_jpeg: float = 0.2
    p_erase: float = 0.25
    rotate: float = 180.0  # degrees either way
    p_mirror: float = 0.5  # left and right
    p_flip: float = 0.0  # top and bottom; any rotation and a mirror hold it already
    noise: float = 0.0  # highest standard deviation, on the 0–1 scale

    @classmethod
    def gentle(cls) -> Augmentation:
        """For the last tenth of training: geometry a little, colour hardly, nothing destroyed."""
        return cls((0.85, 1.15), 0.05, 0.05, 0.08, 0.08, 0.1, 0.01, 0.05, 0.5, 0.1, 0.0, 0.0)


def augment(
    images: Tensor, masks: Tensor, size: tuple[int, int], how: Augmentation, rng: Generator
) -> tuple[Tensor, Tensor]:
    """images uint8 (N,3,H,W), masks uint8 (N,1,H,W) → floats 0–1 (N,3,*size) and (N,1,*size)."""
    picture, mask = _warp(images.float() / 255, masks.float(), size, how, rng)
    picture = _constancy(picture, how.p_constancy, rng)
    picture = _colour(picture, how, rng)
    picture = _soften(picture, how.p_blur, rng)
    picture = _compress(picture, how.p_jpeg, rng)
    picture = _disturb(picture, how.noise, rng)
    return _erase(picture, how.p_erase, rng), mask


def _uniform(n: int, low: float, high: float, rng: Generator) -> Tensor:
    return torch.rand(n, generator=rng) * (high - low) + low


def _warp(
    images: Tensor, masks: Tensor, size: tuple[int, int], how: Augmentation, rng: Generator
) -> tuple[Tensor, Tensor]:
    n, _, height, width = images.shape
    turn = math.radians(how.rotate)
    angle = _uniform(n, 0, 2 * math.pi, rng) if how.rotate >= 180 else _uniform(n, -turn, turn, rng)
    scale = torch.exp(_uniform(n, math.log(how.scale[0]), math.log(how.scale[1]), rng))
    aspect = torch.exp(_uniform(n, -how.aspect, how.aspect, rng) / 2)
    mirror = torch.where(torch.rand(n, generator=rng) < how.p_mirror, -1.0, 1.0)
    flip = torch.where(torch.rand(n, generator=rng) < how.p_flip, -1.0, 1.0) if how.p_flip else torch.ones(n)
    ratio = width / height  # rotate in pixels, not in the unit square, or circles become ellipses
    cos, sin = angle.cos(), angle.sin()
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = cos * scale * aspect * mirror
    theta[:, 0, 1] = -sin * scale / aspect / ratio * flip
    theta[:, 1, 0] = sin * scale * aspect * mirror * ratio
    theta[:, 1, 1] = cos * scale / aspect * flip
    theta[:, :, 2] = _uniform(2 * n, -how.shift, how.shift, rng).view(n, 2)
    grid = F.affine_grid(theta.to(images.device), [n, 1, *size], align_corners=False)
    stacked = torch.cat([images, masks], dim=1)
    out = F.grid_sample(stacked, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return out[:, :3].contiguous(), (out[:, 3:] > 0.5).float()


def _constancy(x: Tensor, p: float, rng: Generator) -> Tensor:
    """Shades of grey (Finlayson and Trezzi 2004, Minkowski norm 6) on a share of the pictures."""
    chosen = (torch.rand(len(x), generator=rng) < p).to(x.device)
    light = x[:, :, ::2, ::2].pow(6).mean(dim=(2, 3)).pow(1 / 6).clamp_min(1e-3)
    gain = light.mean(dim=1, keepdim=True) / light
    return (x * torch.where(chosen[:, None], gain, 1.0)[:, :, None, None]).clamp(0, 1)


def _colour(x: Tensor, how: Augmentation, rng: Generator) -> Tensor:
    """Contrast, saturation, hue and brightness as one 3×3 matrix and an offset a picture, then gamma."""
    if not any((how.saturation, how.hue, how.contrast, how.brightness, how.gamma)):
        return x
    n = len(x)
    saturation = 1 + _uniform(n, -how.saturation, how.saturation, rng)
    turn = _uniform(n, -how.hue, how.hue, rng) * 2 * math.pi
    contrast = 1 + _uniform(n, -how.contrast, how.contrast, rng)
    brightness = 1 + _uniform(n, -how.brightness, how.brightness, rng)
    grey = torch.tensor([0.299, 0.587, 0.114])
    axis = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3)
    eye = torch.eye(3)
    rotation = eye + turn.sin()[:, None, None] * axis + (1 - turn.cos())[:, None, None] * (axis @ axis)
    desaturate = (1 - saturation)[:, None, None] * grey.expand(3, 3) + saturation[:, None, None] * eye
    matrix = ((contrast * brightness)[:, None, None] * (rotation @ desaturate)).to(x.device)
    offset = ((1 - contrast) * brightness).to(x.device) * x.mean(dim=(1, 2, 3))
    y = torch.baddbmm(offset[:, None, None], matrix, x.flatten(2)).view_as(x).clamp(1e-4, 1)
    gamma = torch.exp(_uniform(n, -how.gamma, how.gamma, rng)).to(x.device)
    return y.pow(gamma[:, None, None, None])


def _soften(x: Tensor, p: float, rng: Generator) -> Tensor:
    """Lose detail on a share of the pictures: down and up again by a factor drawn for the batch."""
    chosen = torch.rand(len(x), generator=rng) < p
    factor = float(_uniform(1, 0.35, 0.9, rng))
    if chosen.any():
        size = (x.shape[2], x.shape[3])
        chosen = chosen.to(x.device)
        small = F.interpolate(x[chosen], scale_factor=factor, mode="bilinear", antialias=True)
        x[chosen] = F.interpolate(small, size=size, mode="bilinear")
    return x


def _compress(x: Tensor, p: float, rng: Generator) -> Tensor:
    """JPEG artefacts of quality 35–90 on a share of the pictures."""
    chosen = torch.rand(len(x), generator=rng) < p
    quality = torch.randint(35, 90, (len(x),), generator=rng)[chosen].to(x.device)
    if chosen.any():
        chosen = chosen.to(x.device)
        x[chosen] = jpeg(x[chosen], quality)
    return x


def _disturb(x: Tensor, most: float, rng: Generator) -> Tensor:
    """Gaussian noise whose standard deviation is drawn for each picture, up to ``most``."""
    if not most:
        return x
    strength = _uniform(len(x), 0, most, rng)[:, None, None, None]
    return (x + (strength * torch.randn(x.shape, generator=rng)).to(x.device)).clamp(0, 1)


def _erase(x: Tensor, p: float, rng: Generator) -> Tensor:
    """A rectangle of 8–30 % of each side takes the picture's mean colour, on a share of the pictures."""
    n, _, height, width = x.shape
    chosen = torch.rand(n, generator=rng) < p
    place = torch.rand(n, 4, generator=rng)
    h, w = (height * (0.08 + 0.22 * place[:, 0])).floor(), (width * (0.08 + 0.22 * place[:, 1])).floor()
    top, left = ((height - h) * place[:, 2]).floor(), ((width - w) * place[:, 3]).floor()
    rows, columns = torch.arange(height)[None], torch.arange(width)[None]
    across = (rows >= top[:, None]) & (rows < (top + h)[:, None])
    along = (columns >= left[:, None]) & (columns < (left + w)[:, None])
    hidden = (chosen[:, None, None] & across[:, :, None] & along[:, None, :]).unsqueeze(1).to(x.device)
    return torch.where(hidden, x.mean(dim=(2, 3), keepdim=True), x)
