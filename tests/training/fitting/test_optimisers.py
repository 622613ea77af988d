"""Optimisers against updates worked out by hand, and rates against scripted curves."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.training.fitting.test_engine import TINY
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import split_by_lesion
from training.fitting.engine import fit
from training.fitting.losses import adjusted_cross_entropy
from training.fitting.optimisers import OPTIMISERS, optimiser, plateau
from training.fitting.schedule import Schedule


def test_one_adam_step_on_cross_entropy_is_the_hand_computed_one() -> None:
    rng = np.random.default_rng(0)
    x, truth, w, b = rng.normal(size=(5, 4)), np.eye(7)[[0, 3, 3, 6, 1]], rng.normal(size=(7, 4)), rng.normal(size=7)
    layer = nn.Linear(4, 7).double()
    layer.weight.data, layer.bias.data = torch.tensor(w), torch.tensor(b)
    step = optimiser("adam", layer.parameters(), rate=7.5e-4, momentum=0.9, decay=0.0)
    adjusted_cross_entropy(layer(torch.tensor(x)), torch.tensor(truth), torch.zeros(7), 0.0).backward()
    step.step()

    z = x @ w.T + b
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    for value, gradient, moved in ((w, (p - truth).T @ x / 5, layer.weight), (b, (p - truth).mean(0), layer.bias)):
        first, second = 0.1 * gradient, 0.001 * gradient**2  # Kingma and Ba 2015, algorithm 1, t = 1
        expected = value - 7.5e-4 * (first / (1 - 0.9)) / (np.sqrt(second / (1 - 0.999)) + 1e-8)
        np.testing.assert_allclose(moved.detach().numpy(), expected, atol=1e-6, rtol=0)
        assert np.abs(expected - value).max() > 7e-4


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sgd", [1 - 0.1 * 2, 0.8 - 0.1 * (0.9 * 2 + 2)]),
        ("sgd-nesterov", [1 - 0.1 * (2 + 0.9 * 2), 0.62 - 0.1 * (2 + 0.9 * (0.9 * 2 + 2))]),
        ("adamw", [1 * (1 - 0.1 * 0.5) - 0.1, 0.85 * (1 - 0.1 * 0.5) - 0.1]),  # decay beside the gradient's step
        ("adam", [1 - 0.1, 0.8]),  # decay inside the gradient, whose size Adam divides away
    ],
)
def test_two_steps_of_each_optimiser_on_a_constant_slope(name: str, expected: list[float]) -> None:
    weight = nn.Parameter(torch.ones(1, 1, dtype=torch.float64))
    decay = 0.5 if name.startswith("adam") else 0.0
    step = optimiser(name, [weight], rate=0.1, momentum=0.9, decay=decay)
    found = []
    for _ in range(2):
        weight.grad = torch.full_like(weight, 2.0)
        step.step()
        found.append(float(weight.detach()))
    assert found == pytest.approx(expected, abs=2e-3 if name == "adam" else 1e-7)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_norms_and_biases_are_never_decayed(name: str) -> None:
    layer = nn.Linear(2, 2)
    groups = optimiser(name, layer.parameters(), rate=0.1, momentum=0.9, decay=0.01).param_groups
    decay = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    assert decay == {id(layer.weight): 0.01, id(layer.bias): 0.0}


def _follow(curve: list[float], schedule: Schedule) -> list[float]:
    """The rate of each epoch under a scripted accuracy curve; the last is the one after it."""
    step = optimiser("sgd", [nn.Parameter(torch.ones(1))], rate=schedule.peak, momentum=0.0, decay=0.0)
    rule, rates = plateau(step, schedule), [schedule.peak]
    for accuracy in curve:
        rule.step(accuracy)
        rates.append(step.param_groups[0]["lr"])
    return rates


def test_the_rate_halves_at_the_fourth_validation_without_a_rise_and_never_below_its_floor() -> None:
    report = Schedule(rate="plateau", peak=1e-4)
    curve = [0.5, 0.6, 0.6, 0.55, 0.6, 0.59, 0.61, 0.6, 0.6, 0.7, *[0.7] * 20]
    rates = _follow(curve, report)
    assert rates[:6] == [1e-4] * 6  # the best is the second; three without a rise change nothing
    assert rates[6:14] == [5e-5] * 8  # the fourth does; two rises follow, each starts the count anew
    assert rates[14:18] == [2.5e-5] * 4
    assert rates[18:22] == [1.25e-5] * 4
    assert rates[22:] == [1e-5] * 9


def test_a_run_on_a_plateau_takes_the_rates_of_its_own_curve(
    records: list[Record], pictures: Pictures, tmp_path: Path
) -> None:
    schedule = replace(TINY.schedule, rate="plateau", peak=1e-3, patience=1, floor=3e-4)
    config = replace(TINY, optimiser="adam", epochs=6, schedule=schedule)
    fit(records, pictures, split_by_lesion(records, []), config, tmp_path)
    with (tmp_path / "log" / "version_0" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    curve = [float(row["val_accuracy"]) for row in rows if row["val_accuracy"]]
    expected = _follow(curve, schedule)
    found = {int(row["epoch"]): float(row["rate"]) for row in rows if row.get("rate")}
    assert found, "no step was logged"
    assert [found[epoch] for epoch in sorted(found)] == pytest.approx([expected[epoch] for epoch in sorted(found)])
    assert len(set(expected)) > 1


def test_a_constant_rate_stays_and_an_unknown_one_is_refused() -> None:
    assert {Schedule(rate="constant", peak=0.01).learning_rate(p) for p in (0.0, 0.02, 0.5, 1.0)} == {0.01}
    with pytest.raises(ValueError, match="choose one of cosine, constant, plateau"):
        Schedule(rate="step")
    with pytest.raises(ValueError, match="choose one of sgd-nesterov, sgd, adam, adamw"):
        replace(TINY, optimiser="lion")
