"""Averaged weights: near the newest ones at first, and as slow as asked for in the end."""

import math

import pytest
import torch

from training.synthesis.averaging import WarmAveraging, warm_decay


def test_a_short_run_keeps_little_of_its_first_weights():
    kept = math.prod(warm_decay(torch.arange(1.0, 100), 0.999).tolist())
    assert kept < 1e-6
    assert 0.999**99 > 0.9, "what a constant share would have kept"


def test_it_ends_as_slow_as_asked_for():
    assert float(warm_decay(torch.tensor(10_000), 0.999)) == pytest.approx(0.999)
    assert float(warm_decay(torch.tensor(0), 0.999)) == pytest.approx(0.1)


def test_the_average_lies_between_past_and_present_by_that_share():
    average = WarmAveraging(0.5).average
    found = average(torch.tensor([0.0]), torch.tensor([1.0]), torch.tensor(90))
    assert float(found) == pytest.approx(0.5)
