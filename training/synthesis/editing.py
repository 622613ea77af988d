"""Editing inside a mask: another lesion drawn there, or one moved there. Every pixel outside it stays as it was.

Sources: Lugmayr et al., "RePaint" (2022) for the inpainting; Reinhard et al. (2001) for the shift of colours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.synthesis.canvases import fitted, fitted_mask, to_bytes, to_signed
from training.synthesis.denoising import Denoiser, guided
from training.synthesis.generator import Asking, Generator, conditions_of, noise_of

Bytes = NDArray[np.uint8]
MARGIN = 0.04  # of the width: skin around the lesion that is edited too, so that no rim of the old one stays
FEATHER = 0.02  # of the width: how far inside the edit the new picture fades in
ROUNDS = 3  # RePaint's resampling: how often each step is taken, so that inside and outside agree


@dataclass(frozen=True)
class Edit:
    """``image`` (H,W,3) with what was edited (H,W) 0 or 1, and the outline of the new lesion in it (H,W) 0 or 1."""

    image: Bytes
    edited: Bytes
    lesion: Bytes


def room(mask: Bytes) -> Bytes:
    """A lesion's mask (H,W) 0 or 1 with a margin of skin: where an edit may write."""
    reach = max(1, round(MARGIN * mask.shape[1]))
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(mask, around), np.uint8)


def pasted(image: Bytes, inside: Bytes, edited: Bytes) -> Bytes:
    """``inside`` (H,W,3) in ``image`` where ``edited`` is 1, faded in over a few pixels; all others to the bit."""
    depth = cv2.distanceTransform(np.pad(edited, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]  # the edge of the picture is one too
    share = np.clip(depth / max(1.0, FEATHER * image.shape[1]), 0, 1)[..., None]
    mixed = (share * inside + (1 - share) * image).round().clip(0, 255).astype(np.uint8)
    return np.where(edited[..., None] == 1, mixed, image)


def transplant(host: Bytes, host_mask: Bytes, donor: Bytes, donor_mask: Bytes) -> Edit:
    """The donor's lesion in place of the host's.

    It is stretched to the room of the host's and takes on the colour of the host's skin. Pictures are uint8 (H,W,3) of
    any sizes, masks 0 or 1 (H,W). Raises ``ValueError`` where a mask is empty, or leaves no skin to take the colour of.
    """
    edited = room(host_mask)
    to, source = _box(edited), _box(room(donor_mask))
    matrix = _onto(source, to)
    size = (host.shape[1], host.shape[0])
    shifted = donor.astype(np.float32) + (_skin(host, host_mask) - _skin(donor, donor_mask))
    moved = cv2.warpAffine(shifted, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    outline = np.asarray(cv2.warpAffine(donor_mask, matrix, size, flags=cv2.INTER_NEAREST), np.uint8)
    return Edit(pasted(host, np.asarray(moved.clip(0, 255), np.uint8), edited), edited, outline & edited)


def _box(mask: Bytes) -> tuple[int, int, int, int]:
    """x, y, width, height of what is 1. Raises ``ValueError`` where nothing is."""
    if not mask.any():
        raise ValueError("The mask is empty: there is no lesion to edit.")
    x, y, width, height = cv2.boundingRect(mask)
    return x, y, width, height


def _onto(source: tuple[int, int, int, int], to: tuple[int, int, int, int]) -> NDArray[np.float64]:
    """The affine map (2,3) that stretches one box to another."""
    across, down = to[2] / source[2], to[3] / source[3]
    return np.array([[across, 0, to[0] - across * source[0]], [0, down, to[1] - down * source[1]]])


def _skin(image: Bytes, mask: Bytes) -> NDArray[np.float32]:
    """Mean colour (3,) outside the lesion's room."""
    outside = room(mask) == 0
    if not outside.any():
        raise ValueError("The lesion fills its picture: there is no skin to take the colour of.")
    return np.asarray(image[outside].mean(0), np.float32)


def inpaint(
    generator: Generator, image: Bytes, mask: Bytes, target: int, *, seed: int, how: Asking, rounds: int = ROUNDS
) -> Edit:
    """Another lesion of class ``target`` (position in ``DIAGNOSES``) where ``mask`` (H,W) 0 or 1 shows one.

    The generator sees the picture at its own size and writes inside the mask's room alone; what it wrote is enlarged
    and pasted there. Raises ``ValueError`` for a generator that is no diffusion, or an empty mask.
    """
    if generator.config.kind != "diffusion":
        raise ValueError("Only a diffusion generator can inpaint; give one to --generator.")
    _box(mask)
    edited, size = room(mask), generator.config.size
    small = to_signed(torch.from_numpy(fitted(image, size)).permute(2, 0, 1)[None])
    place = torch.from_numpy(fitted_mask(edited, size))[None, None].float()
    outline = torch.from_numpy(fitted_mask(mask, size))[None, None]

    def v(x: Tensor, time: int) -> Tensor:
        conditions, label = conditions_of(generator.config, outline, None), torch.tensor([target])
        return guided(cast("Denoiser", generator.network), x, time, label, conditions, scale=how.guidance)

    with torch.inference_mode():
        drawn = to_bytes(_repainted(v, small, place, seed=seed, steps=how.steps, rounds=rounds))
    inside = fitted(drawn[0].permute(1, 2, 0).numpy(), image.shape[:2])
    return Edit(pasted(image, inside, edited), edited, mask)


def _repainted(
    v: Callable[[Tensor, int], Tensor], known: Tensor, place: Tensor, *, seed: int, steps: int, rounds: int
) -> Tensor:
    """known -1–1 (1,3,H,W), place 0 or 1 (1,1,H,W) where to write → -1–1 (1,3,H,W); ``v`` asks the network."""
    scheduler = Asking(steps, solver="ddim").scheduler()
    fresh = _fresh(torch.Generator().manual_seed(seed), known.shape)
    x = noise_of([seed], tuple(known.shape[1:]))
    for time in scheduler.timesteps:
        for turn in range(rounds):
            x = place * x + (1 - place) * scheduler.add_noise(known, fresh(), time[None])
            x = scheduler.step(v(x, int(time)), time, x, eta=1.0, variance_noise=fresh()).prev_sample
            if turn < rounds - 1:
                x = _noisier(scheduler.alphas_cumprod, x, int(time), steps, fresh())
    return place * x + (1 - place) * known


def _fresh(dice: torch.Generator, shape: torch.Size) -> Callable[[], Tensor]:
    return lambda: torch.randn(shape, generator=dice)


def _noisier(alpha_bar: Tensor, x: Tensor, time: int, steps: int, noise: Tensor) -> Tensor:
    """A picture of the step before ``time`` as it would be at ``time``."""
    before = time - len(alpha_bar) // steps
    earlier = alpha_bar[before] if before >= 0 else torch.tensor(1.0)
    kept = alpha_bar[time] / earlier
    return kept.sqrt() * x + (1 - kept).sqrt() * noise
