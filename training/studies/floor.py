"""How far one gets without a network, on the side of a split that no model saw; and how much of it a network leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import DIAGNOSES
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.sides import rows_of
from training.data.splits import Split, split_by_lesion
from training.evaluation import fitted
from training.evaluation.calibration import probabilities
from training.evaluation.judged import Judged, judged_rows
from training.evaluation.paired import paired
from training.metrics import Answers, Interval, recall_balanced
from training.studies import abcdt, floor_models
from training.studies.floor_models import MODELS, TREE

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

PATHS = ("image", "fused")
TARGET_RATIO = 0.65  # of errors left: (1 - balanced accuracy of the network) / (1 - that of the floor)


@dataclass(frozen=True)
class Floor:
    """``answers[model][path]`` on the side asked for, ``pooled`` on every picture in turn, and the tree's rules."""

    answers: dict[str, dict[str, Answers]]
    pooled: dict[str, dict[str, Answers]]
    rules: list[str]
    sizes: dict[str, dict[str, int]]  # numbers read, by model and path


def measure(
    records: list[Record],
    pictures: Pictures,
    split: Split,
    *,
    twins: list[tuple[int, int]] | None = None,
    models: Sequence[str] = tuple(MODELS),
    side: str = "test",
) -> Floor:
    """Fit on training, calibrate on validation, answer on ``side``; with ``twins`` also out of fold over five folds.

    ``twins`` are pairs of near-duplicates (``splits.near_duplicates``) that a fold must not tear apart.
    """
    target = floor_models.targets(records)
    train, judge, asked = (rows_of(split, records, one) for one in ("train", "validation", side))
    floor = Floor({}, {}, [], {})
    for name in models:
        model = MODELS[name]
        described = floor_models.describe(model, pictures.viewed, name)
        x = {path: read(described, records, train, path) for path in PATHS}
        floor.sizes[name] = {path: x[path].shape[1] for path in PATHS}
        scores = {}
        for path in PATHS:
            scores[path], tree = floor_models.fit_scores(model, x[path], target, train)
        if name == TREE:
            floor.rules.extend(floor_models.rules(tree, (*abcdt.NAMES, *floor_models.metadata_names())))
        decided = fitted.fit(_judged(scores, records, judge), floor_models.log_prior(target[train]))
        floor.answers[name] = {path: decided.answers(_judged(scores, records, asked), path) for path in PATHS}
        if twins is not None:
            floor.pooled[name] = {path: pooled(name, described, records, twins, path) for path in PATHS}
    return floor


def _judged(scores: dict[str, Floats], records: list[Record], rows: list[int]) -> Judged:
    image, fused = scores["image"][rows], scores["fused"][rows]
    return judged_rows(image=image, metadata=fused - image, records=[records[row] for row in rows])


def read(described: Floats, records: list[Record], train: list[int], path: str) -> Floats:
    """What a model reads on one path: ``described`` (N,D), and beside it the metadata where they are told."""
    return described if path == "image" else np.hstack([described, floor_models.metadata(records, train)])


def pooled(name: str, described: Floats, records: list[Record], twins: list[tuple[int, int]], path: str) -> Answers:
    """Each picture answered by a model that saw neither it nor its lesion: five folds, two tenths at a time.

    All that is learned is learned anew in each fold: the median age and the prior too.
    """
    target = floor_models.targets(records)
    scores, p = (np.full((len(records), len(DIAGNOSES)), np.nan) for _ in range(2))
    place = {record.image_id: i for i, record in enumerate(records)}
    for fold in range(0, 10, 2):
        split = split_by_lesion(records, twins, fold=fold)
        held = [place[image] for image in (*split.validation, *split.test)]
        train = [place[image] for image in split.train]
        x = read(described, records, train, path)
        scores[held] = floor_models.fit_scores(MODELS[name], x, target, train)[0][held]
        p[held] = probabilities(scores[held], 1.0, floor_models.log_prior(target[train]))  # no rows for a temperature
    return judged_rows(image=scores, metadata=np.zeros_like(scores), records=records).answers("image", p)


def ratio(network: Answers, floor: Answers, *, bootstrap: int = 1000) -> Interval:
    """(1 - balanced accuracy of the network) / (1 - that of the floor), p/prior, on the same rows; below 1 is better.

    Resamples are paired: both answer the same lesions each time. Raises ``ValueError`` when the rows differ.
    """

    def left(one: Answers, other: Answers) -> float:
        return (1 - recall_balanced(one)) / max(1 - recall_balanced(other), 1e-9)

    return paired(network, floor, left, bootstrap=bootstrap)


def verdict(found: Interval) -> str:
    """What a ratio comes to by its whole interval: 'meets' or 'misses' the target, or 'leaves undecided'."""
    if found.high <= TARGET_RATIO:
        return "meets"
    return "misses" if found.low > TARGET_RATIO else "leaves undecided"
