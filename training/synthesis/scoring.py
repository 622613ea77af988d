"""Scores for each generated picture and for each class of them, beside real, blurred and copied photographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.data.synthetic import Manifest, SyntheticImage
from training.synthesis.copies import WAYS, Limits, Prints, is_copy, limits_from, nearest, prints_of
from training.synthesis.distances import KernelDistance, fid, kid
from training.synthesis.judging import Seen, passes_report_filter
from training.synthesis.niqe import Pristine

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
EDITS = ("transplant", "inpaint")  # made of photographs, which they are like by design
WORST = 95.0  # percentile of real photographs: a generated picture of a higher NIQE is set aside


@dataclass(frozen=True)
class Reference:
    """The training side as generated pictures are compared with it: ``codes``, ``lesions`` and ``images`` of N.

    ``niqe`` (M,) are those of some of them, ``blurred`` (M,C) embeddings of those with a blur.
    """

    images: tuple[str, ...]
    codes: tuple[str, ...]
    lesions: tuple[str, ...]
    prints: Prints
    limits: Limits
    pristine: Pristine
    niqe: Floats
    blurred: Floats
    blurred_codes: tuple[str, ...]

    @property
    def worst_niqe(self) -> float:
        return float(np.percentile(self.niqe, WORST))


def reference(
    images: Sequence[str],
    codes: Sequence[str],
    lesions: Sequence[str],
    pictures: Sequence[Bytes],
    embeddings: Floats,
    *,
    pristine: Pristine,
    niqe: Floats,
    blurred: Floats,
    blurred_codes: Sequence[str],
) -> Reference:
    """From the training side's pictures (H,W,3) and embeddings (N,C), in the order of ``images``."""
    prints = prints_of(pictures, embeddings)
    limits = limits_from(prints, lesions)
    return Reference(
        tuple(images), tuple(codes), tuple(lesions), prints, limits, pristine, niqe, blurred, tuple(blurred_codes)
    )


def score(manifest: Manifest, pictures: Sequence[Bytes], seen: Seen, real: Reference) -> Manifest:
    """``manifest`` with the scores of each of its pictures (H,W,3), in their order.

    niqe and brisque: lower is better. support: probability of the class that it was made as, agrees: whether it is the
    likeliest. pixel, hash, embedding: distance to the nearest photograph, of lesions that it was not edited of.
    copy: whether one of them is too near. report_filter: what the report's filter says. passes: no copy, agrees, and
    NIQE as of 95 % of photographs.
    """
    codes = [image.diagnosis for image in manifest.images]
    own = [_own(image, real) for image in manifest.images]
    found = nearest(prints_of(pictures, seen.embeddings), real.prints, without=own)
    distance = {way: found[way][0] for way in WAYS}
    copies, agrees, support = is_copy(distance, real.limits), seen.agrees(codes), seen.support(codes)
    filtered = passes_report_filter(seen.embeddings)
    scored: list[SyntheticImage] = []
    for i, image in enumerate(manifest.images):
        niqe = real.pristine.niqe(pictures[i])
        scores = {
            "niqe": niqe,
            "brisque": real.pristine.brisque(pictures[i]),
            "support": float(support[i]),
            "agrees": float(agrees[i]),
            **{way: float(distance[way][i]) for way in WAYS},
            "copy": float(copies[i]),
            "report_filter": float(filtered[i]),
            "passes": float(not copies[i] and agrees[i] and niqe <= real.worst_niqe),
        }
        scored.append(replace(image, scores={name: round(value, 6) for name, value in scores.items()}))
    return replace(manifest, images=tuple(scored))


def _own(image: SyntheticImage, real: Reference) -> list[int]:
    """Photographs of the lesions that an edit was made of, by row; none of a picture that was drawn."""
    if image.generator not in EDITS:
        return []
    lesions = {lesion for name, lesion in zip(real.images, real.lesions, strict=True) if name in image.parents}
    return [row for row, lesion in enumerate(real.lesions) if lesion in lesions]


@dataclass(frozen=True)
class Distances:
    """KID to the training side of one class, of the generated pictures and of blurred photographs; FID likewise.

    None where there are fewer than two pictures. ``halves`` is KID between two random halves of the photographs, which
    is what no difference looks like.
    """

    code: str
    generated: KernelDistance | None
    blurred: KernelDistance | None
    halves: KernelDistance | None
    frechet: float | None


def distances_of(code: str, codes: Sequence[str], embeddings: Floats, real: Reference, *, seed: int = 0) -> Distances:
    """Of the pictures of one class among ``embeddings`` (N,C)."""
    ours = embeddings[[i for i, one in enumerate(codes) if one == code]]
    theirs = real.prints.embeddings[[i for i, one in enumerate(real.codes) if one == code]]
    blurred = real.blurred[[i for i, one in enumerate(real.blurred_codes) if one == code]]
    order = np.random.default_rng(seed).permutation(len(theirs))
    half = len(order) // 2

    def to(others: Floats, among: Floats) -> KernelDistance | None:
        return kid(others, among) if min(len(others), len(among)) >= 2 else None

    return Distances(
        code,
        to(ours, theirs),
        to(blurred, theirs),
        to(theirs[order[:half]], theirs[order[half:]]),
        fid(ours, theirs) if min(len(ours), len(theirs)) >= 2 else None,
    )
