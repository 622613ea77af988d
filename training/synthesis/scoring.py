"""Scores for each generated picture and for each class of them, beside real, blurred and copied photographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.pictures import STORED
from training.data.synthetic import Manifest, SyntheticImage
from training.synthesis.copies import WAYS, Limits, Prints, is_copy, limits_from, middle, nearest, prints_of
from training.synthesis.distances import FEWEST, KernelDistance, fid, kid
from training.synthesis.judging import Seen, passes_report_filter
from training.synthesis.niqe import Pristine

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
EDITS = ("transplant", "inpaint")  # made of photographs, which they are like by design
WORST = 95.0  # percentile of real photographs: a generated picture of a higher NIQE is set aside


@dataclass(frozen=True)
class Reference:
    """The training side as generated pictures are compared with it: ``codes``, ``lesions`` and ``images`` of N.

    ``niqe`` (M,) are those of some of them, ``blurred`` (M,C) embeddings of photographs with a blur, of which
    ``blurred_images`` names each.
    """

    images: tuple[str, ...]
    codes: tuple[str, ...]
    lesions: tuple[str, ...]
    prints: Prints
    limits: Limits
    pristine: Pristine
    niqe: Floats
    blurred: Floats
    blurred_images: tuple[str, ...]
    squares: tuple[Prints, Limits] | None = None  # of the middles of the photographs, by pixels and hash

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
    blurred_images: Sequence[str],
    squares: bool = False,
) -> Reference:
    """From the training side's pictures (H,W,3) and embeddings (N,C), in the order of ``images``.

    ``squares``: also from their middles, for what ``from_squares``.
    """
    prints = prints_of(pictures, embeddings)
    limits = limits_from(prints, lesions)
    middles = prints_of([middle(picture) for picture in pictures], embeddings) if squares else None
    square = (middles, limits_from(middles, lesions)) if middles else None
    return Reference(
        tuple(images),
        tuple(codes),
        tuple(lesions),
        prints,
        limits,
        pristine,
        niqe,
        blurred,
        tuple(blurred_images),
        square,
    )


def score(manifest: Manifest, pictures: Sequence[Bytes], seen: Seen, real: Reference) -> Manifest:
    """``manifest`` with the scores of each of its pictures (H,W,3), in their order.

    niqe and brisque: lower is better. support: probability of the class that it was made as, agrees: whether it is the
    likeliest. pixel, hash, embedding: distance to the nearest photograph, of lesions that it was not edited of.
    copy: whether one of them is too near. report_filter: what the report's filter says. passes: no copy, agrees, and
    NIQE as of 95 % of photographs.
    """
    codes = [image.diagnosis for image in manifest.images]
    distance, copies = _compared(manifest, pictures, prints_of(pictures, seen.embeddings), real)
    agrees, support = seen.agrees(codes), seen.support(codes)
    filtered = passes_report_filter(seen.embeddings)
    scored: list[SyntheticImage] = []
    for i, image in enumerate(manifest.images):
        sized = at_one_size(pictures[i])
        niqe = real.pristine.niqe(sized)
        scores = {
            "niqe": niqe,
            "brisque": real.pristine.brisque(sized),
            "support": float(support[i]),
            "agrees": float(agrees[i]),
            **{way: float(distance[way][i]) for way in WAYS},
            "copy": float(copies[i]),
            "report_filter": float(filtered[i]),
            "passes": float(not copies[i] and agrees[i] and niqe <= real.worst_niqe),
        }
        scored.append(replace(image, scores={name: round(value, 6) for name, value in scores.items()}))
    return replace(manifest, images=tuple(scored))


def from_squares(image: SyntheticImage, picture: Bytes) -> bool:
    """Whether what drew a picture (H,W,3) may have learned from the middles of photographs, as ``generate tune`` does.

    Its copy of a photograph is a copy of the middle, which is not like the whole.
    """
    return image.generator.startswith("stable-diffusion") or picture.shape[0] == picture.shape[1]


def _compared(
    manifest: Manifest, pictures: Sequence[Bytes], prints: Prints, real: Reference
) -> tuple[dict[str, Floats], NDArray[np.bool_]]:
    """Distance of each picture to the nearest photograph, (N,) a way, and which are copies. Raises ``ValueError``
    where pictures are from squares and ``real`` knows of none."""
    own = [_own(image, real) for image in manifest.images]
    distance = {way: found for way, (found, _) in nearest(prints, real.prints, without=own).items()}
    copies = is_copy(distance, real.limits)
    rows = [i for i, pair in enumerate(zip(manifest.images, pictures, strict=True)) if from_squares(*pair)]
    if rows:
        if real.squares is None:
            raise ValueError("Pictures from squares are compared with the middles of photographs too.")
        middles, limits = real.squares
        near = {way: found for way, (found, _) in nearest(prints.rows(rows), middles).items()}
        copies[rows] |= is_copy(near, limits)
        for way in WAYS:
            distance[way][rows] = np.minimum(distance[way][rows], near[way])
    return distance, copies


def at_one_size(image: Bytes) -> Bytes:
    """An RGB picture (H,W,3) at ``STORED``: NIQE and BRISQUE measure structure by pixel, and so resolution too."""
    height, width = STORED
    if image.shape[:2] == STORED:
        return image
    how = cv2.INTER_AREA if image.shape[0] > height else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=how), np.uint8)


def _own(image: SyntheticImage, real: Reference) -> list[int]:
    """Photographs of the lesions that an edit was made of, by row; none of a picture that was drawn."""
    if image.generator not in EDITS:
        return []
    lesions = {lesion for name, lesion in zip(real.images, real.lesions, strict=True) if name in image.parents}
    return [row for row, lesion in enumerate(real.lesions) if lesion in lesions]


@dataclass(frozen=True)
class Distances:
    """How far from one half of the photographs of a class, by lesion, three sets lie: KID, and FID of ``count`` each.

    ``generated`` pictures; photographs of the other half ``blurred``; that other half as it is (``halves``), which is
    what no difference looks like. None where a set has fewer than four pictures. FID is biased by the number of
    pictures, so all three are computed of as many.
    """

    code: str
    generated: KernelDistance | None
    blurred: KernelDistance | None
    halves: KernelDistance | None
    count: int = 0
    frechet: dict[str, float] = field(default_factory=dict)


def distances_of(code: str, codes: Sequence[str], embeddings: Floats, real: Reference, *, seed: int = 0) -> Distances:
    """Of the pictures of one class among ``embeddings`` (N,C)."""
    one, other = halves(code, real, seed)
    away = {real.images[row] for row in other}
    theirs = real.prints.embeddings[one]
    sets = {
        "generated": embeddings[[i for i, each in enumerate(codes) if each == code]],
        "blurred": real.blurred[[i for i, name in enumerate(real.blurred_images) if name in away]],
        "halves": real.prints.embeddings[other],
    }
    count = min(len(theirs), *map(len, sets.values()))
    dice, frechet = np.random.default_rng(seed), {}
    if count >= FEWEST:
        few = theirs[dice.permutation(len(theirs))[:count]]
        frechet = {name: fid(found[dice.permutation(len(found))[:count]], few) for name, found in sets.items()}
    enough = {name: min(len(found), len(theirs)) >= FEWEST for name, found in sets.items()}
    near = {name: kid(found, theirs) if enough[name] else None for name, found in sets.items()}
    return Distances(code, near["generated"], near["blurred"], near["halves"], count, frechet)


def halves(code: str, real: Reference, seed: int) -> tuple[list[int], list[int]]:
    """Rows of the photographs of a class in two halves, a lesion in one of them: its photographs are alike."""
    rows = [row for row, each in enumerate(real.codes) if each == code]
    lesions = sorted({real.lesions[row] for row in rows})
    order = np.random.default_rng(seed).permutation(len(lesions))
    first = {lesions[i] for i in order[: len(lesions) // 2]}
    return [r for r in rows if real.lesions[r] in first], [r for r in rows if real.lesions[r] not in first]
