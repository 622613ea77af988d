"""Do generated pictures help? The shipped recipe with none, and with more and more a class, over some seeds.

Generated pictures take the place of photographs in the draw: an epoch is as long with them as without. Counted in
epochs, every run takes as many steps; ended by a clock, it takes what the machine gave it, and the report says so where
that differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from inference.vocabulary import DIAGNOSES
from training.data.labels import RARE
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.splits import LeakError, Split
from training.data.synthetic import Manifest
from training.fitting.config import TrainConfig, read_config
from training.fitting.engine import fit
from training.fitting.generated import Joining, joining
from training.fitting.runs import Run, load_run
from training.metrics import Answers, Interval, binary_auc, holm, interval, recall_balanced, resamples, two_sided_p
from training.studies import answered

ENDLESS = 100_000  # epochs: the clock ends the run, not their number


@dataclass(frozen=True)
class Arm:
    """``count`` generated pictures of each rare class, and one seed."""

    count: int
    seed: int

    @property
    def name(self) -> str:
        return f"{self.count:04d}-seed-{self.seed}"


@dataclass(frozen=True)
class Study:
    """What all arms share. ``minutes`` of training for each; 0 counts the epochs of ``config`` instead."""

    records: list[Record]
    pictures: Pictures
    split: Split
    manifest: Manifest
    config: TrainConfig
    folder: Path
    counts: tuple[int, ...]
    seeds: tuple[int, ...]
    minutes: float
    weight: float = 1.0
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        if self.split.leaks:
            raise LeakError(f"{self.split.scheme}: on such a split a copy of a test picture would count as a gain.")
        if 0 not in self.counts or len(set(self.counts)) < 2 or len(set(self.counts)) != len(self.counts):
            raise ValueError("The counts hold 0, which the others are compared with, and one more at least, each once.")
        if self.config.patience and not self.minutes:
            raise ValueError("Patience ends runs at different steps; leave it out, so that the arms can be compared.")
        if not self.seeds or len(set(self.seeds)) != len(self.seeds):
            raise ValueError("A study has one seed or more, each once.")

    @property
    def arms(self) -> list[Arm]:
        return [Arm(count, seed) for seed in self.seeds for count in sorted(self.counts)]

    def config_of(self, arm: Arm) -> TrainConfig:
        own = replace(self.config, seed=arm.seed)
        return replace(own, budget_minutes=self.minutes, epochs=ENDLESS, patience=0) if self.minutes else own

    def folder_of(self, arm: Arm) -> Path:
        return self.folder / arm.name

    def missing(self) -> list[Arm]:
        """Arms that have not ended yet."""
        return [arm for arm in self.arms if not (self.folder_of(arm) / "final.ckpt").exists()]

    def plan(self) -> str:
        """What is to be run, and how long it takes where a clock ends it."""
        open_arms = self.missing()
        each = f"{self.minutes:g} minutes" if self.minutes else f"{self.config.epochs} epochs"
        whole = timedelta(minutes=round(len(open_arms) * self.minutes))
        total = f", about {whole} (h:mm:ss) in all" if self.minutes else ""
        return (
            f"Plan: {len(self.counts)} counts × {len(self.seeds)} seeds; {len(open_arms)} of {len(self.arms)} runs to "
            f"train, {each} each{total}. Each can be killed: the command goes on from its last checkpoint."
        )


def chosen(manifest: Manifest, count: int) -> Manifest:
    """The first ``count`` accepted pictures of each rare class: a larger arm holds the smaller ones.

    Raises ``DataError`` where there are fewer.
    """
    kept = []
    for code in RARE:
        own = [image for image in manifest.accepted().images if image.diagnosis == code]
        if len(own) < count:
            raise DataError(
                f"{code}: {len(own)} generated pictures are accepted and {count} wanted; draw and review more, or give "
                "smaller --counts."
            )
        kept += own[:count]
    return replace(manifest, images=tuple(kept))


def run(study: Study, tell: Callable[[str], None] = lambda _: None) -> dict[Arm, Run]:
    """Train what is missing and read back what is there. Raises ``DataError`` for a run of other settings.

    All pictures are looked for before the first run begins: a study must not end at its last arm.
    """
    joined = {count: _joining(study, count) for count in study.counts}
    found = {}
    for arm in study.arms:
        out, config = study.folder_of(arm), study.config_of(arm)
        generated = joined[arm.count]
        if not (out / "final.ckpt").exists():
            tell(f"{arm.count} a class, seed {arm.seed}")
            fit(study.records, study.pictures, study.split, config, out, generated=generated)
        wanted = replace(config, generated=generated.record if generated else None)
        if read_config(out / "config.json") != wanted:
            raise DataError(f"{out} was trained with other settings or pictures; name another --runs folder.")
        found[arm] = load_run(out)
        if found[arm].split.digest() != study.split.digest():
            raise DataError(f"{out} was trained on another split; name another --runs folder.")
    return found


def _joining(study: Study, count: int) -> Joining | None:
    if not count:
        return None
    manifest = chosen(study.manifest, count)
    return joining(manifest, study.split, study.pictures, weight=study.weight, smoothing=study.smoothing)


def answers(study: Study, runs: Mapping[Arm, Run], *, side: str, path: str) -> dict[Arm, Answers]:
    """Calibrated answers of each run on ``side`` by ``path`` ('fused' or 'image')."""
    return {arm: answered.answer(run, study.records, study.pictures, [side])[side][path] for arm, run in runs.items()}


def _f1(a: Answers, k: int) -> float:
    guess = a.p.argmax(1)
    told, true = guess == k, a.target == k
    both = told.sum() + true.sum()
    return float(2 * (told & true).sum() / both) if true.any() and both else float("nan")


def _recall(a: Answers, k: int) -> float:
    true = a.target == k
    return float((a.scores.argmax(1)[true] == k).mean()) if true.any() else float("nan")


def _auc(a: Answers, k: int) -> float:
    true = a.target == k
    return binary_auc(true, a.p[:, k]) if true.any() and not true.all() else float("nan")


def _mean_f1(a: Answers) -> float:
    return float(np.mean([_f1(a, k) for k in range(len(DIAGNOSES)) if (a.target == k).any()]))


Measure = Callable[[Answers], float]


def measures() -> dict[str, Measure]:
    """What is asked of each arm, the rare classes first; each figure names its decision rule."""
    found: dict[str, Measure] = {}
    for code in RARE:
        k = DIAGNOSES.index(code)
        found[f"{code}: F1 (arg-max p)"] = lambda a, k=k: _f1(a, k)  # type: ignore[misc]
        found[f"{code}: recall (p/prior)"] = lambda a, k=k: _recall(a, k)  # type: ignore[misc]
        found[f"{code}: AUC"] = lambda a, k=k: _auc(a, k)  # type: ignore[misc]
    found["all: balanced accuracy (p/prior)"] = recall_balanced
    found["all: F1, macro (arg-max p)"] = _mean_f1
    return found


@dataclass(frozen=True)
class Effect:
    """A figure without generated pictures and with ``count`` a class, means over seeds, each with its 95 % interval.

    ``p`` is two-sided for "there is no difference", ``p_holm`` corrected for all rows of its ``kind`` (Holm 1979).
    """

    figure: str
    count: int
    without: Interval
    with_: Interval
    difference: Interval
    p: float
    p_holm: float

    @property
    def kind(self) -> str:
        """The figure without its class."""
        return self.figure.partition(": ")[2]


def effects(found: Mapping[Arm, Answers], *, bootstrap: int) -> list[Effect]:
    """Every figure at every count beside none: a resample draws the same lesions for all arms and seeds.

    Raises ``DataError`` where the side that is judged lacks a rare class.
    """
    counts = sorted({arm.count for arm in found})
    samples = resamples(next(iter(found.values())).lesion, bootstrap)
    compared: list[Effect] = []
    for name, of in measures().items():
        value = {count: _mean(found, count, of) for count in counts}
        if np.isnan(value[0]):
            raise DataError(f"{name} says nothing: the side that is judged has no such lesion.")
        draws = {count: np.array([_mean(found, count, of, rows) for rows in samples]) for count in counts}
        spread = {count: interval(value[count], draws[count]) for count in counts}
        for count in counts[1:]:
            apart = draws[count] - draws[0]
            difference, p = interval(value[count] - value[0], apart), two_sided_p(apart)
            compared.append(Effect(name, count, spread[0], spread[count], difference, p, p))
    return _corrected(compared)


def _corrected(compared: Sequence[Effect]) -> list[Effect]:
    """Holm within each kind of figure: F1 of three classes at three counts are nine tries at one question."""
    found: dict[Effect, float] = {}
    for kind in dict.fromkeys(effect.kind for effect in compared):
        family = [effect for effect in compared if effect.kind == kind]
        found.update(zip(family, holm([effect.p for effect in family]), strict=True))
    return [replace(effect, p_holm=found[effect]) for effect in compared]


def _mean(found: Mapping[Arm, Answers], count: int, of: Measure, rows: np.ndarray | None = None) -> float:
    """Mean over the seeds of one count."""
    mine: Sequence[Answers] = [answers for arm, answers in found.items() if arm.count == count]
    return float(np.mean([of(a if rows is None else a.take(rows)) for a in mine]))
