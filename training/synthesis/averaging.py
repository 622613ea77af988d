"""Averaged weights that a short run can use: they follow closely at first, for a mean over beginnings draws noise."""

from __future__ import annotations

from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor


def warm_decay(done: Tensor, limit: float) -> Tensor:
    """Share of the past after ``done`` updates, a scalar: (1 + done) / (10 + done), at most ``limit``.

    Source: the warm-up of TensorFlow's ``ExponentialMovingAverage``.
    """
    return ((1 + done) / (10 + done)).clamp(max=limit)


class WarmAveraging(WeightAveraging):
    """Exponential moving average of weights and buffers; ``limit`` is the share of the past that it warms up to."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        super().__init__(avg_fn=self.average)

    def average(self, averaged: Tensor, current: Tensor, done: Tensor) -> Tensor:
        return averaged + (current - averaged) * (1 - warm_decay(done, self.limit))
