"""Editing inside a mask: another lesion drawn there, or one moved there. Every pixel outside it stays as it was.

Sources: Lugmayr et al., "RePaint" (2022) for the inpainting; Pérez, Gangnet, Blake, "Poisson image editing" (2003) for
the seam; von Kries for the colour of other light.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve
from torch import Tensor

from training.synthesis.canvases import fitted, fitted_mask, to_bytes, to_signed
from training.synthesis.denoising import Denoiser, guided
from training.synthesis.generator import Asking, Generator, conditions_of, noise_of

Bytes = NDArray[np.uint8]
MARGIN = 0.04  # of the width: skin around the lesion that is edited too, so that no rim of the old one stays
SCALES = (0.6, 1.6)  # how far a donor's lesion may be shrunk or enlarged: more shows
GAINS = (0.5, 2.0)  # how far a channel of the donor may be brought to the host's light
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
    """``inside`` (H,W,3) in ``image`` where ``edited`` is 1, without a seam; all other pixels to the bit.

    What the two differ by along the edge is spread over the edit as a membrane would hang there: harmonic, so that the
    new texture stays and its colour meets the old one at each point of the edge. Raises ``ValueError`` where the edit
    fills the picture.
    """
    if edited.all():
        raise ValueError("The lesion fills its picture: there is no skin around it to join.")
    apart = membrane(image.astype(np.float64) - inside, edited)
    mixed = (inside + apart).round().clip(0, 255).astype(np.uint8)
    return np.where(edited[..., None] == 1, mixed, image)


def membrane(values: NDArray[np.float64], place: Bytes) -> NDArray[np.float64]:
    """(H,W,C) with a harmonic surface where ``place`` (H,W) is 1, held by the values around it; the rest unchanged."""
    height, width = place.shape
    number = np.full((height, width), -1)
    number[place == 1] = np.arange(int(place.sum()))
    rows, columns, held = [], [], np.zeros((int(place.sum()), values.shape[2]))
    degree = np.zeros(len(held))
    y, x = np.nonzero(place)
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        ny, nx = y + down, x + right
        there = (ny >= 0) & (ny < height) & (nx >= 0) & (nx < width)  # the picture's own edge holds nothing
        mine, other = number[y[there], x[there]], number[ny[there], nx[there]]
        degree[mine] += 1
        rows.append(mine[other >= 0])
        columns.append(other[other >= 0])
        fixed = other < 0
        np.add.at(held, mine[fixed], values[ny[there][fixed], nx[there][fixed]])
    links = sparse.coo_matrix(
        (-np.ones(sum(map(len, rows))), (np.concatenate(rows), np.concatenate(columns))), shape=(len(held), len(held))
    )
    solved = spsolve((links + sparse.diags(degree)).tocsc(), held)
    out = values.copy()
    out[place == 1] = np.asarray(solved).reshape(held.shape)
    return out


def transplant(host: Bytes, host_mask: Bytes, donor: Bytes, donor_mask: Bytes) -> Edit:
    """The donor's lesion in place of the host's.

    It is brought to the middle and, within limits, to the size of the host's, in the host's light: each channel times
    the ratio of the skins around the two. Pictures are uint8 (H,W,3) of any sizes, masks 0 or 1 (H,W). Raises
    ``ValueError`` where a mask is empty, or there is no skin around one.
    """
    matrix = _onto(_box(donor_mask), _box(host_mask))
    size = (host.shape[1], host.shape[0])
    lit = donor * (_skin(host, host_mask) / np.maximum(_skin(donor, donor_mask), 1)).clip(*GAINS)
    moved = cv2.warpAffine(lit, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    outline = np.asarray(cv2.warpAffine(donor_mask, matrix, size, flags=cv2.INTER_NEAREST), np.uint8)
    edited = room(host_mask | outline)
    return Edit(pasted(host, np.asarray(moved.clip(0, 255), np.uint8), edited), edited, outline)


def _box(mask: Bytes) -> tuple[int, int, int, int]:
    """x, y, width, height of what is 1. Raises ``ValueError`` where nothing is."""
    if not mask.any():
        raise ValueError("The mask is empty: there is no lesion to edit.")
    x, y, width, height = cv2.boundingRect(mask)
    return x, y, width, height


def _onto(source: tuple[int, int, int, int], to: tuple[int, int, int, int]) -> NDArray[np.float64]:
    """The affine map (2,3) that brings the middle and the area of one box to another's; its shape stays."""
    scale = float(np.clip(np.sqrt(to[2] * to[3] / (source[2] * source[3])), *SCALES))
    middle = [(box[0] + (box[2] - 1) / 2, box[1] + (box[3] - 1) / 2) for box in (source, to)]
    return np.array([[scale, 0, middle[1][0] - scale * middle[0][0]], [0, scale, middle[1][1] - scale * middle[0][1]]])


def _skin(image: Bytes, mask: Bytes) -> NDArray[np.float64]:
    """Mean colour (3,) of the skin close around the lesion: farther out a lens may darken it."""
    around = (room(room(mask)) == 1) & (room(mask) == 0)
    if not around.any():
        raise ValueError("The lesion fills its picture: there is no skin around it to join.")
    return np.asarray(image[around].mean(0), np.float64)


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
        there = (part.to(generator.device) for part in (x, label, conditions))
        noisy, label, conditions = there
        return guided(cast("Denoiser", generator.network), noisy, time, label, conditions, scale=how.guidance).cpu()

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
