"""The plan is measured and adds up, measuring changes no run, and a batch that is too large is cut."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.training.fitting.test_engine import TINY
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import split_by_lesion
from training.fitting import plan as plans
from training.fitting.config import TrainConfig
from training.fitting.engine import prepare
from training.fitting.learner import Learner
from training.fitting.plan import Plan, batch_that_fits, measure
from training.fitting.schedule import Schedule

SMALL, LARGE = (48, 64), (144, 192)


def test_a_plan_adds_up() -> None:
    plan = Plan({SMALL: 300, LARGE: 100}, {SMALL: 0.5, LARGE: 2.0}, 4, 2, 5.0)
    assert plan.total_seconds == 300 * 0.5 + 100 * 2.0 + 2 * 5.0
    assert "0:06:00" in str(plan)
    assert "300 steps at 48×64 of 0.50 s" in str(plan)
    assert replace(plan, budget_minutes=1.0).total_seconds == 60 + 10
    assert replace(plan, budget_minutes=60.0).total_seconds == plan.total_seconds


def _work_by_area(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that only work moves: a training step takes a second a pixel, the first ten times that; a batch judged 7.

    The plan reads it in the place of the machine's, so what it adds up is known.
    """
    now, steps, work, judge = 0.0, Counter[int](), Learner.training_step, Learner.validation_step

    def step(learner: Learner, *args: Any) -> torch.Tensor:
        nonlocal now
        now += math.prod(learner.size) * (1 if steps[id(learner)] else 10)
        steps[id(learner)] += 1
        return work(learner, *args)

    def judged(learner: Learner, *args: Any) -> None:
        nonlocal now
        now += 7
        judge(learner, *args)

    monkeypatch.setattr(Learner, "training_step", step)
    monkeypatch.setattr(Learner, "validation_step", judged)
    monkeypatch.setattr(plans, "time", SimpleNamespace(monotonic=lambda: now))


def test_the_steps_of_a_run_are_measured_at_each_of_its_sizes(
    records: list[Record], pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    _work_by_area(monkeypatch)
    config = replace(TINY, epochs=4, schedule=Schedule(sizes=((0.5, SMALL), (1.0, LARGE))))
    run = prepare(records, pictures, split_by_lesion(records, []), config)
    before = {name: value.clone() for name, value in run.learner.state_dict().items()}
    state = torch.get_rng_state()
    plan = measure(run)
    assert plan.steps == {SMALL: 2 * len(run.train), LARGE: 2 * len(run.train)}
    assert plan.seconds == {SMALL: 48 * 64, LARGE: 144 * 192}  # the first step warms up and does not count
    assert (plan.epochs, plan.validations) == (4, 4)
    assert plan.validation_seconds == 7 * len(run.judge)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in run.learner.state_dict().items())


def _needs_memory(most: int, tried: list[int]) -> object:
    def attempt(config: TrainConfig) -> None:
        tried.append(config.batch)
        if config.batch > most:
            torch.empty(2**55)  # torch's own error: no machine has it

    return attempt


def test_a_batch_is_halved_until_it_fits_and_the_step_keeps_its_photographs() -> None:
    tried: list[int] = []
    found = batch_that_fits(replace(TINY, batch=64), _needs_memory(20, tried))
    assert tried == [64, 32, 16]
    assert (found.batch, found.accumulate) == (16, 4)
    assert batch_that_fits(replace(TINY, batch=16), _needs_memory(20, [])) == replace(TINY, batch=16)


def test_a_batch_that_never_fits_and_another_error_are_said() -> None:
    with pytest.raises(ValueError, match="Not even a batch of 2 fits"):
        batch_that_fits(replace(TINY, batch=8), _needs_memory(0, []))

    def wrong(_: TrainConfig) -> None:
        torch.ones(2) @ torch.ones(3)

    with pytest.raises(RuntimeError, match="size"):
        batch_that_fits(TINY, wrong)


def test_train_prints_its_plan_before_it_starts(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "run")]
    small = ["--widths", "8-8-8-8", "--batch", "32", "--precision", "32-true", "--epochs", "1", "--fit-batch"]
    main(["train", *data, *small])
    said = capsys.readouterr().out
    assert said.index("Plan: 1 epochs of about") < said.index("1 epochs in ")
