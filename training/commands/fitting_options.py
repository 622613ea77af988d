"""How a network is fitted, as options: each names the field of the run's configuration that it sets."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from training.fitting.augmentation_presets import PRESETS
from training.fitting.config import TrainConfig, changed
from training.fitting.losses import CLASS_WEIGHTS, KINDS
from training.fitting.optimisers import OPTIMISERS
from training.fitting.sampling import SAMPLINGS
from training.fitting.schedule import RATES


@dataclass(frozen=True)
class Option:
    """``flag`` sets ``field``, dotted from ``TrainConfig`` down; an option that is not given changes nothing."""

    flag: str
    field: str
    type: Callable[[str], Any]
    help: str
    choices: Sequence[str] | None = None

    @property
    def destination(self) -> str:
        return self.flag.removeprefix("--").replace("-", "_")


def one_size(text: str) -> tuple[tuple[float, tuple[int, int]], ...]:
    """Parse ``144x192`` as a schedule of that size alone."""
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal() and min(int(height), int(width)) >= 16):
        raise argparse.ArgumentTypeError(f"{text} is not a height and a width of 16 or more, such as 144x192")
    return ((1.0, (int(height), int(width))),)


OPTIONS: dict[str, tuple[Option, ...]] = {
    "length and numbers": (
        Option("--seed", "seed", int, "of weights, draw and augmentation"),
        Option("--epochs", "epochs", int, "as many photographs as the training side has, so many times"),
        Option("--budget-minutes", "budget_minutes", float, "let the schedule follow the clock; 0: epochs"),
        Option("--batch", "batch", int, "photographs a step"),
        Option("--validate-every", "validate_every", int, "epochs between two validations"),
        Option("--patience", "patience", int, "validations without a lower loss that end the run; 0: never"),
    ),
    "machines": (
        Option("--precision", "precision", str, "of the network's sums", ("bf16-mixed", "32-true", "16-mixed")),
        Option("--accumulate", "accumulate", int, "batches whose gradients make one step"),
        Option("--devices", "devices", int, "processes on this machine, each with a batch of its own"),
        Option("--num-nodes", "nodes", int, "machines like this one"),
        Option("--wandb-project", "wandb_project", str, "follow the run in Weights & Biases too"),
    ),
    "optimiser": (
        Option("--optimiser", "optimiser", str, "rule of the update", tuple(OPTIMISERS)),
        Option("--rate", "schedule.peak", float, "highest learning rate"),
        Option("--rate-schedule", "schedule.rate", str, "what the rate follows", RATES),
        Option("--rate-patience", "schedule.patience", int, "plateau: validations without a rise of accuracy"),
        Option("--rate-factor", "schedule.factor", float, "plateau: what the rate is multiplied by"),
        Option("--rate-floor", "schedule.floor", float, "plateau: lowest rate"),
        Option("--momentum", "momentum", float, "of SGD"),
        Option("--weight-decay", "weight_decay", float, "of matrices and kernels"),
        Option("--clip", "clip", float, "longest gradient; 0: any"),
        Option("--ema", "ema", float, "share of the past in the averaged weights, which are the result; 0: off"),
    ),
    "loss and imbalance": (
        Option("--loss", "losses.kind", str, "of the diagnosis, under the prior of the draw", KINDS),
        Option("--gamma", "losses.gamma", float, "of the focal loss; 0 is cross-entropy"),
        Option("--label-smoothing", "losses.smoothing", float, "share of the truth that all classes get"),
        Option("--class-weights", "losses.class_weights", str, "in the loss; balanced: n/(k n_c)", CLASS_WEIGHTS),
        Option("--sampling", "sampling", str, "how often each photograph is drawn", SAMPLINGS),
    ),
    "teachers": (
        Option("--teacher-weight", "distillation.weight", float, "share of the picture's loss that --teacher takes"),
        Option("--teacher-temperature", "distillation.temperature", float, "that softens both answers"),
    ),
    "augmentation": (
        Option("--size", "schedule.sizes", one_size, "one height x width throughout, such as 144x192"),
        Option("--augment", "schedule.augment", str, "set of changes to training pictures", tuple(PRESETS)),
        Option("--mixup", "schedule.mixup_share", float, "share of the steps that mix their pictures; 0: off"),
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One group of options a heading, each with the default recipe's value in its help."""
    recipe = TrainConfig()
    for heading, options in OPTIONS.items():
        add = parser.add_argument_group(heading).add_argument
        for option in options:
            value = reduce(getattr, option.field.split("."), recipe)
            text = f"{option.help} (default: {value})"
            add(option.flag, type=option.type, choices=option.choices, default=argparse.SUPPRESS, help=text)


def said(args: argparse.Namespace) -> list[str]:
    """The flags that were given."""
    return [option.flag for options in OPTIONS.values() for option in options if hasattr(args, option.destination)]


def apply(args: argparse.Namespace, config: TrainConfig) -> TrainConfig:
    """``config`` with what was said on the command line."""
    for option in (option for options in OPTIONS.values() for option in options):
        if hasattr(args, option.destination):
            config = changed(config, option.field, getattr(args, option.destination))
    return config
