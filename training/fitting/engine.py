"""A run from records to weights: what the training side fixes, the loaders, and Lightning's loop over them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor
from torch.utils.data import DataLoader

from training.data.cleaning import median_age
from training.data.pictures import Pictures, standardisation
from training.data.presets import Recipe
from training.data.records import DataError, Record
from training.data.splits import Split
from training.fitting.augmentation import augment
from training.fitting.bundled import Member
from training.fitting.checkpoints import write_final
from training.fitting.config import Priors, TrainConfig, read_config
from training.fitting.distillation import Distillation
from training.fitting.generated import Joined, Joining, factors
from training.fitting.learner import Learner
from training.fitting.runs import Run
from training.fitting.sampling import (
    Photographs,
    WeightedDraw,
    balanced_class_weights,
    draw_weights,
    log_prior,
    targets,
)
from training.fitting.teachers import Faculty, Teacher, check_teachers, may_teach
from training.fitting.trainer import best, trainer
from training.networks.metadata_only import MetadataOnlyConfig
from training.networks.unfolding import fit_norms

NORM_BATCHES = 8  # of the training side, that a bundle's folded norms are fitted on again


@dataclass(frozen=True)
class Trained:
    """Where a run left its weights, and what it cost."""

    checkpoint: Path
    epochs: int
    minutes: float


@dataclass(frozen=True)
class Prepared:
    """All that a run needs before its first step."""

    config: TrainConfig
    priors: Priors
    learner: Learner
    train: DataLoader[Any]
    judge: DataLoader[Any]


def fit(
    records: list[Record],
    pictures: Pictures,
    split: Split,
    config: TrainConfig,
    out: Path,
    *more: L.Callback,
    start: Run | Member | None = None,
    teachers: Sequence[Teacher] = (),
    generated: Joining | None = None,
    expected: Priors | None = None,
    before: Callable[[Prepared], None] | None = None,
) -> Trained:
    """Train into ``out`` (config.json, split.json, priors.json, last.ckpt, final.ckpt); resumes from last.ckpt.

    ``more`` callbacks see the run; ``start`` is a finished run, or a bundle's member, on the same split whose
    weights this one goes on from; ``teachers`` are those that ``check_teachers`` lets teach it; ``generated`` are
    pictures that join the training side; ``expected`` are the priors of the run that this one repeats; ``before`` is
    called once a new run is prepared. Raises ``DataError`` where the data give other priors than ``expected``, where
    ``out`` holds the beginning of a run of another configuration, and where ``config`` is the record of a run that
    began with other weights, had other teachers or learned from other generated pictures.
    """
    config = _joined(_taught(_begun(config, split, start), split, teachers), generated)
    run = prepare(records, pictures, split, config, teachers, generated=generated)
    if start:
        run.learner.network.load_state_dict(start.network.state_dict())
    if expected is not None and run.priors != expected:
        raise DataError("These are not the pictures of the record: their colours or class frequencies differ.")
    last, final = out / "last.ckpt", out / "final.ckpt"
    if last.exists():
        _check_same_run(out, config, split)
        if final.exists():
            return _trained(out)
    else:
        if isinstance(start, Member):
            _fit_norms(run)
        _write_record(out, run, split)
        if before is not None:
            rank_zero_only(before)(run)
    made = trainer(config, out, *more)
    made.fit(run.learner, run.train, run.judge, ckpt_path=str(last) if last.exists() else None, weights_only=False)
    if made.is_global_zero:
        write_final(last, final, best(made))
    made.strategy.barrier()
    return _trained(out)


def _begun(config: TrainConfig, split: Split, start: Run | Member | None) -> TrainConfig:
    """``config`` with its start on record. Raises ``DataError`` where the record names a start that is not this one."""
    begun = start.as_start(config.network, split) if start else None
    if config.start not in (None, begun):
        raise DataError("The record went on from the weights of another run; give that run with --start.")
    return replace(config, start=begun)


def _taught(config: TrainConfig, split: Split, teachers: Sequence[Teacher]) -> TrainConfig:
    """``config`` with its teachers on record. Raises ``DataError`` where the record names others."""
    if not teachers and not config.distillation.teachers and config.distillation != Distillation():
        raise ValueError("There is no teacher to weigh or to soften; give --teacher too.")
    given = tuple(teacher.sha256 for teacher in teachers)
    if config.distillation.teachers not in ((), given):
        raise DataError("The record was taught by other teachers; give those with --teacher, in the same order.")
    how = check_teachers(teachers, split, config) if teachers else ""
    return replace(config, distillation=replace(config.distillation, teachers=given, how=how))


def _joined(config: TrainConfig, generated: Joining | None) -> TrainConfig:
    """``config`` with its generated pictures on record. Raises ``DataError`` where the record names others."""
    given = generated.record if generated else None
    if config.generated not in (None, given):
        raise DataError("The record learned from other generated pictures; give those with --synthetic.")
    if given and (config.distillation.teachers or isinstance(config.network, MetadataOnlyConfig)):
        raise ValueError("Teachers know photographs, and metadata-only no picture: leave --synthetic out there.")
    return replace(config, generated=given)


def prepare(
    records: list[Record],
    pictures: Pictures,
    split: Split,
    config: TrainConfig,
    teachers: Sequence[Teacher] = (),
    *,
    generated: Joining | None = None,
) -> Prepared:
    """Priors of the training side, both loaders, and a network with its first weights."""
    pictures.require(Recipe(config.preset, config.filters))
    place = {record.image_id: i for i, record in enumerate(records)}
    rows = [place[image] for image in split.train]
    chosen = [records[row] for row in rows]
    drawn = [*chosen, *generated.records] if generated else chosen
    weights = draw_weights(drawn, config.sampling, factors(chosen, generated) if generated else None)
    priors = fit_priors(chosen, pictures, rows, weights[: len(rows)])
    if generated:  # what the clinic will see is fitted on photographs alone, what the draw shows on both
        priors = replace(priors, drawn=tuple(log_prior(drawn, weights).tolist()))
    if config.losses.class_weights == "balanced":
        priors = replace(priors, class_weights=tuple(balanced_class_weights(targets(drawn)).tolist()))
    if config.network.colours is not None:
        priors = replace(priors, mean=config.network.colours[0], std=config.network.colours[1])
    draw = WeightedDraw(weights, len(rows), config.seed, processes=config.processes)
    allowed = may_teach(teachers, records, config.distillation.how) if teachers else None
    photographs = Photographs(records, rows, pictures, view="stored", encoding=priors.encoding, may_teach=allowed)
    train = DataLoader(
        _with(generated, photographs, priors) if generated else photographs,
        sampler=draw,
        batch_size=config.batch,
        drop_last=len(draw) > config.batch,  # a last batch of one would break its batch norm
        collate_fn=_as_is,
    )
    judge_rows = [place[image] for image in split.validation]
    judge = DataLoader(
        Photographs(records, judge_rows, pictures, view="viewed", encoding=priors.encoding),
        batch_size=config.batch,
        collate_fn=_as_is,
    )
    L.seed_everything(config.seed, verbose=False)  # the first weights
    learner = Learner(config, priors, len(train))
    learner.network.load_pretrained()
    learner.faculty = Faculty(teachers) if teachers else None
    return Prepared(config, priors, learner, train, judge)


def _with(generated: Joining, photographs: Photographs, priors: Priors) -> Joined:
    """The training side with the generated pictures behind it; no other loader ever has them."""
    made = Photographs(
        generated.records,
        list(range(len(generated.records))),
        generated.pictures,
        view="stored",
        encoding=priors.encoding,
    )
    return Joined(photographs, made, generated.record.smoothing)


def fit_priors(records: list[Record], pictures: Pictures, rows: list[int], weights: Tensor) -> Priors:
    """Statistics of the training side: no other picture can change them."""
    mean, std = standardisation(pictures.viewed, rows)
    true = log_prior(records, torch.ones(len(records)))
    drawn = log_prior(records, weights)
    return Priors(mean, std, tuple(drawn.tolist()), tuple(true.tolist()), age_center=median_age(records))


@torch.no_grad()
def _fit_norms(run: Prepared) -> None:
    """A bundle's norms are folded away: fit them on a few batches as training will augment them."""
    config, learner, rng = run.config, run.learner, torch.Generator().manual_seed(run.config.seed)
    size, how = config.network.input_size or config.schedule.size(0.0), config.schedule.augmentation(0.0)
    seen = []
    for batch in islice(run.train, NORM_BATCHES):
        pictures, _ = augment(batch.images, batch.masks, size, how, rng)
        seen.append((learner.standardise(pictures), batch.metadata))
    fit_norms(learner.network, seen)


def _as_is(batch: Any) -> Any:
    return batch  # Photographs answers whole batches already


@rank_zero_only
def _write_record(out: Path, run: Prepared, split: Split) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(run.config.to_dict(), indent=1))
    (out / "priors.json").write_text(json.dumps(asdict(run.priors), indent=1))
    split.save(out / "split.json")


def _check_same_run(out: Path, config: TrainConfig, split: Split) -> None:
    if read_config(out / "config.json") != config or Split.load(out / "split.json").digest() != split.digest():
        raise DataError(f"{out} holds a run with other settings or another split; give another --out, or repeat those.")


def _trained(out: Path) -> Trained:
    """Of a run that ended in ``out``."""
    last = torch.load(out / "last.ckpt", map_location="cpu", weights_only=False)
    kept = out / "best.ckpt"
    return Trained(kept if kept.exists() else out / "final.ckpt", last["epoch"] + 1, last["elapsed"] / 60)
