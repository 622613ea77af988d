"""The optimisers by name, all torch's own, and the rate that follows a validation curve instead of the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch.nn import Parameter
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from training.fitting.schedule import Schedule

Groups = list[dict[str, Any]]
OPTIMISERS: dict[str, Callable[[Groups, float, float], Optimizer]] = {
    "sgd-nesterov": lambda groups, rate, momentum: SGD(groups, lr=rate, momentum=momentum, nesterov=True),
    "sgd": lambda groups, rate, momentum: SGD(groups, lr=rate, momentum=momentum),
    "adam": lambda groups, rate, _: Adam(groups, lr=rate),  # its decay is an L2 term in the gradient
    "adamw": lambda groups, rate, _: AdamW(groups, lr=rate),
}


def optimiser(name: str, parameters: Iterable[Parameter], *, rate: float, momentum: float, decay: float) -> Optimizer:
    """``decay`` shrinks matrices and kernels, never biases and norms. Adam keeps Kingma and Ba's β .9 and .999."""
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    groups: Groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return OPTIMISERS[name]([group for group in groups if group["params"]], rate, momentum)


def plateau(made: Optimizer, schedule: Schedule) -> ReduceLROnPlateau:
    """Lower the rate when the accuracy (arg-max p) has not risen for ``schedule.patience`` validations.

    Counted as Keras counts, whose callback the report used: the rate falls at the ``patience``-th validation without a
    rise of more than 1e-4; torch's own patience counts the validations that are still forgiven, one less.
    """
    return ReduceLROnPlateau(
        made,
        mode="max",
        factor=schedule.factor,
        patience=schedule.patience - 1,
        threshold=1e-4,
        threshold_mode="abs",
        min_lr=schedule.floor,
    )
