"""Whole recipes by name: what the report says of its two own networks; the split stays ``--scheme``'s.

Two things stay ours. The picture's scores are learned under the log prior of the draw, which for these two recipes only
sets where the last bias begins; and the final weights are the last epoch's, as in the report's code.
"""

from __future__ import annotations

from dataclasses import replace

from training.fitting.config import TrainConfig
from training.fitting.losses import LossWeights
from training.fitting.schedule import Schedule
from training.networks.registry import NETWORKS

_DNN = TrainConfig(
    network=NETWORKS["dnn"](),
    preset="report-code",
    schedule=Schedule(rate="constant", peak=7.5e-4, augment="none", mixup_share=0.0),
    losses=LossWeights(smoothing=0.0, mask=0.0, heat=0.0),
    epochs=50,
    batch=10,
    optimiser="adam",
    weight_decay=0.0,
    clip=0.0,
    ema=0.0,
    sampling="natural",
    validate_every=1,
    precision="32-true",
)
_CNN = replace(
    _DNN,
    network=NETWORKS["cnn"](),
    schedule=Schedule(rate="plateau", peak=1e-4, augment="report_code", mixup_share=0.0),
    epochs=60,
    batch=16,
)
RECIPES: dict[str, TrainConfig] = {"own": TrainConfig(), "report-dnn": _DNN, "report-cnn": _CNN}
