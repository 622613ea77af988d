"""Who teaches a student: finished runs or bundles, what each has seen, and which pictures it may therefore teach.

What a teacher learned from speaks through its answers. One of another split that knows a lesion of the student's
validation or test side would hand that on, so it is refused; one that learned from a training picture itself is too
sure of it, so fold teachers teach only pictures whose lesion they did not see.

A teacher of the student's own split is taken although its epoch may have been chosen on the validation side that they
share: one number of a few dozen, which may flatter the student's validation figures a little and leaves its test
figures alone. The student's record and card say so (``SAME_SIDE_CHOSEN``); of a bundle it is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from inference.bundle import Bundle
from inference.metadata import MetadataEncoding
from training.data.presets import Recipe
from training.data.records import DataError, Record
from training.data.splits import LeakError, Split
from training.fitting.bundled import is_bundle, networks_of
from training.fitting.config import TrainConfig
from training.fitting.distillation import OUT_OF_FOLD, SAME_SIDE, SAME_SIDE_CHOSEN
from training.fitting.runs import load_run
from training.networks.metadata_only import MetadataOnlyConfig
from training.networks.network import Network


@dataclass(frozen=True)
class Teacher:
    """One run, or all networks of one bundle: their mean score of a picture is what it says.

    ``split`` is None for a bundle, whose manifest holds the ``digest`` of its split alone. ``chosen`` says that its
    weights were picked on its validation side, which it then knows too.
    """

    path: Path
    sha256: str
    networks: tuple[Network, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    digest: str
    recipe: Recipe
    split: Split | None = None
    chosen: bool = False

    @property
    def seen(self) -> frozenset[str]:
        """Images that it learned from, or was chosen by; none are known of a bundle."""
        if self.split is None:
            return frozenset()
        return frozenset((*self.split.train, *(self.split.validation if self.chosen else ())))


def load_teacher(path: Path) -> Teacher:
    """A teacher from a run's folder or a bundle's. Raises ``DataError`` or ``BundleError`` where there is neither."""
    return _of_bundle(path) if is_bundle(path) else _of_run(path)


def _of_bundle(path: Path) -> Teacher:
    bundle = Bundle.load(path)
    seen = bundle.manifest.input
    digest = str(bundle.manifest.training_data.get("split_sha256", ""))
    return Teacher(path, bundle.sha256, tuple(networks_of(bundle)), seen.mean, seen.std, digest, Recipe())


def _of_run(path: Path) -> Teacher:
    run = load_run(path)
    if isinstance(run.network_config, MetadataOnlyConfig):
        raise DataError(f"The network of {path} looks at no picture, so it cannot teach one; give another run.")
    return Teacher(
        path,
        run.sha256,
        (run.network,),
        run.priors.mean,
        run.priors.std,
        run.split.digest(),
        Recipe.of(run.config),
        run.split,
        chosen=bool(run.config.get("patience")),
    )


def check_teachers(teachers: Sequence[Teacher], split: Split, config: TrainConfig) -> str:
    """How ``teachers`` may teach a student on ``split``: ``SAME_SIDE``, ``SAME_SIDE_CHOSEN`` or ``OUT_OF_FOLD``.

    Raises ``LeakError`` where one knows pictures that the student is judged on, or a training picture has no teacher
    that does not know it, and ``ValueError`` where one saw pictures prepared in another way.
    """
    for teacher in teachers:
        if teacher.recipe != Recipe(config.preset, config.filters):
            raise ValueError(f"{teacher.path} learned from pictures made as '{teacher.recipe}'; its student must too.")
    same = [teacher.digest == split.digest() for teacher in teachers]
    if all(same):
        return SAME_SIDE_CHOSEN if any(teacher.chosen for teacher in teachers) else SAME_SIDE
    if any(same):
        raise LeakError("Some teachers learned from the student's training side and some did not; give one kind.")
    for teacher in teachers:
        _check_knows_no_judged(teacher, split)
    alone = [image for image in split.train if all(image in teacher.seen for teacher in teachers)]
    if alone:
        raise LeakError(
            f"{len(alone)} training pictures, {alone[0]} for one, have no teacher that did not see their lesion; give "
            "the teachers of all folds within this training side (split --within)."
        )
    return OUT_OF_FOLD


def _check_knows_no_judged(teacher: Teacher, split: Split) -> None:
    if teacher.split is None:
        raise LeakError(
            f"{teacher.path} was trained on another split, and does not name the pictures that it learned from: it may "
            "know those that its student is judged on. Give a bundle of the same split, or runs."
        )
    if teacher.split.leaks:
        raise LeakError(f"{teacher.path} learned on a split that leaks, so no picture is new to it; give another run.")
    knows = sorted((teacher.seen | frozenset(teacher.split.train)) - frozenset(split.train))
    if knows:
        raise LeakError(
            f"{teacher.path} knows {len(knows)} pictures that are not on the student's training side, {knows[0]} for "
            "one, and would hand on what its student is judged on. Give teachers trained within it (split --within)."
        )


def may_teach(teachers: Sequence[Teacher], records: list[Record], how: str) -> Tensor:
    """Which teacher may teach each record, bool (N,M). Only rows of the training side are ever asked for."""
    if how != OUT_OF_FOLD:
        return torch.ones(len(records), len(teachers), dtype=torch.bool)
    return torch.tensor([[record.image_id not in teacher.seen for teacher in teachers] for record in records])


class Faculty:
    """Frozen teachers that answer together. It is no module of the student: neither saved, nor averaged, nor trained.

    A copy of a student shares its teachers, which nothing changes.
    """

    def __init__(self, teachers: Sequence[Teacher]) -> None:
        self.teachers = tuple(teachers)
        self._placed: torch.device | None = None

    def __deepcopy__(self, memo: Mapping[int, Any]) -> Self:
        return self

    @torch.no_grad()
    def scores(self, pictures: Tensor, may_teach: Tensor) -> Tensor:
        """Pictures 0–1 (N,3,H,W), who may teach each (N,M), at least one → the mean of their scores, (N,K)."""
        self._place(pictures.device)
        total: Tensor | None = None
        for number, teacher in enumerate(self.teachers):
            rows = may_teach[:, number].nonzero().squeeze(1)
            if len(rows):
                said = _mean_score(teacher, pictures if len(rows) == len(pictures) else pictures[rows])
                total = said.new_zeros(len(pictures), said.shape[1]) if total is None else total
                total = total.index_add(0, rows, said)
        if total is None:
            raise LeakError("No teacher may teach these pictures.")
        return total / may_teach.sum(dim=1, keepdim=True)

    def _place(self, device: torch.device) -> None:
        if self._placed != device:
            for teacher in self.teachers:
                for network in teacher.networks:
                    network.to(device).to(memory_format=torch.channels_last).eval()
            self._placed = device


def _mean_score(teacher: Teacher, pictures: Tensor) -> Tensor:
    """The mean of the picture's scores over the teacher's networks, float32 (N,K)."""
    mean, std = (pictures.new_tensor(values).view(1, 3, 1, 1) for values in (teacher.mean, teacher.std))
    seen = ((pictures - mean) / std).contiguous(memory_format=torch.channels_last)
    nothing = pictures.new_zeros(len(pictures), MetadataEncoding().size)
    scores = [network(_sized(network, seen), nothing).image.float() for network in teacher.networks]
    return torch.stack(scores).mean(dim=0)


def _sized(network: Network, pictures: Tensor) -> Tensor:
    size = network.config.input_size
    if size is None or size == tuple(pictures.shape[2:]):
        return pictures
    return F.interpolate(pictures, size=size, mode="bilinear", antialias=True)
