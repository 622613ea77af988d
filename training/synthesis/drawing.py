"""Pictures by class from a finished generator, under outlines of real lesions of that class on the training side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from inference.vocabulary import DIAGNOSES
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.sides import rows_of
from training.data.sources import SOURCES
from training.data.splits import LeakError
from training.synthesis.canvases import fitted_mask
from training.synthesis.gallery import Gallery, named
from training.synthesis.generator import Asking, Generator

Bytes = NDArray[np.uint8]
BATCH = 16  # pictures a call: some 200 MB at 144×192


@dataclass(frozen=True)
class Order:
    """One picture to draw: its class, its seed, and the photograph whose outline it gets, by row and id."""

    code: str
    seed: int
    row: int
    parent: str


def orders(
    records: Sequence[Record], pictures: Pictures, generator: Generator, *, codes: Sequence[str], each: int, seed: int
) -> list[Order]:
    """``each`` orders a class of ``codes``; the k-th of a class is the same whatever else is ordered.

    Raises ``DataError`` where the training side has no outlined lesion of a class.
    """
    train = rows_of(generator.split, records, "train")
    made: list[Order] = []
    for code in codes:
        outlined = [row for row in train if records[row].diagnosis == code and pictures.has_mask[row]]
        if not outlined:
            raise DataError(f"The training side has no outlined lesion of {code}; leave it out.")
        for number in range(each):
            own = seed * 10_000 + number
            row = outlined[int(np.random.default_rng((own, DIAGNOSES.index(code))).integers(len(outlined)))]
            made.append(Order(code, own, row, records[row].image_id))
    return made


def check_pair(generator: Generator, upscaler: Generator | None) -> None:
    """Raise ``DataError`` unless ``upscaler`` begins with what ``generator`` makes, ``LeakError`` if splits differ."""
    if generator.config.kind == "upscaler":
        raise DataError(f"{generator.path} holds an upscaler; give it with --upscaler, beside a generator.")
    if upscaler is None:
        return
    if upscaler.config.kind != "upscaler" or upscaler.config.small != generator.config.size:
        raise DataError(f"{upscaler.path} holds no upscaler that begins with {generator.config.size}.")
    if upscaler.split.digest() != generator.split.digest():
        raise LeakError("Generator and upscaler learned on different splits: one knows test pictures of the other.")


def draw(
    gallery: Gallery,
    asked: Sequence[Order],
    pictures: Pictures,
    generator: Generator,
    how: Asking,
    *,
    upscaler: Generator | None = None,
    batch: int = BATCH,
    tell: Callable[[int], object] = lambda _: None,
) -> int:
    """Draw what is not in ``gallery`` yet and keep it there; how many were drawn. ``tell`` hears the count so far."""
    check_pair(generator, upscaler)
    weights = generator.sha256 if upscaler is None else f"{generator.sha256}+{upscaler.sha256}"
    settings: dict[str, float | str] = {} if generator.config.kind == "dcgan" else how.settings()
    for order in asked:
        gallery.check(
            named(weights, order.code, order.seed),
            settings,
            weights_sha256=weights,
            split_sha256=generator.split.digest(),
        )
    missing = [order for order in asked if named(weights, order.code, order.seed) not in gallery]
    done = 0
    for part in _parts(missing, batch):
        images = _drawn(part, pictures, generator, how, upscaler)
        for order, image in zip(part, images, strict=True):
            gallery.add(
                named(weights, order.code, order.seed),
                image,
                fitted_mask(pictures.masks[order.row], image.shape[:2]) if generator.config.kind != "dcgan" else None,
                diagnosis=order.code,
                generator=generator.config.kind,
                weights_sha256=weights,
                split_sha256=generator.split.digest(),
                seed=order.seed,
                settings=settings,
                parents=(order.parent,) if generator.config.kind != "dcgan" else (),
                licence=SOURCES[generator.config.source].terms,
            )
        gallery.save()
        done += len(part)
        tell(done)
    return done


def _drawn(
    part: Sequence[Order], pictures: Pictures, generator: Generator, how: Asking, upscaler: Generator | None
) -> Bytes:
    """uint8 (N,H,W,3) of one call."""
    target = torch.tensor([DIAGNOSES.index(order.code) for order in part])
    seeds = [order.seed for order in part]

    def masks(size: tuple[int, int]) -> torch.Tensor:
        return torch.from_numpy(np.stack([fitted_mask(pictures.masks[order.row], size) for order in part])).unsqueeze(1)

    made = generator.draw(target, masks(generator.config.size), seeds, how)
    if upscaler is not None:
        made = upscaler.draw(target, masks(upscaler.config.size), seeds, how, made)
    return made.permute(0, 2, 3, 1).numpy()


def _parts(asked: Sequence[Order], batch: int) -> Iterator[Sequence[Order]]:
    for start in range(0, len(asked), batch):
        yield asked[start : start + batch]
