"""``train --network …``: which network, and the switches of its configuration."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any

from training.commands import arguments
from training.networks.attention import ATTENTIONS
from training.networks.fusion import FUSIONS
from training.networks.network import NetworkConfig
from training.networks.registry import NETWORKS, named
from training.networks.transfer import WEIGHTS

# Each is a field of some configurations; what is not given keeps the default of its network.
SWITCHES: dict[str, dict[str, Any]] = {
    "widths": {"type": arguments.widths, "help": "fused: channels of the four stages, 48-96-192-384"},
    "blocks": {"type": arguments.blocks, "help": "fused: residual blocks of the four stages, 2-2-2-2"},
    "attention": {"choices": ATTENTIONS, "help": "fused: squeeze-and-excitation or CBAM in each block (none)"},
    "fusion": {"choices": FUSIONS, "help": "fused: how metadata join the picture (additive)"},
    "mask_head": {"action": argparse.BooleanOptionalAction, "help": "fused: learn the lesion's outline too (yes)"},
    "checkpointing": {"action": "store_true", "help": "fused: compute stages twice to need less memory"},
    "dropout": {"type": float, "help": "rate, 0 to below 1"},
    "batch_norm": {"action": "store_true", "help": "dnn, cnn: normalise before each ReLU"},
    "l2": {"type": float, "help": "dnn, cnn: factor of the squared weights in the loss"},
    "weights": {"choices": WEIGHTS, "help": "stock networks: torchvision's weights to start from (none)"},
    "train_blocks": {"type": int, "help": "stock networks: freeze all below the top so many blocks (train all)"},
}

FLAGS = ("--no-mask-head", *("--" + name.replace("_", "-") for name in SWITCHES))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--network", default="fused", choices=list(NETWORKS))
    group = parser.add_argument_group("switches of the network", "each network has some of them and refuses the others")
    for name, how in SWITCHES.items():
        group.add_argument(_flag(name), default=argparse.SUPPRESS, **how)


def chosen(args: argparse.Namespace) -> NetworkConfig:
    """The configuration that the options describe. Raises ``ValueError`` for a switch that the network lacks."""
    kind = named(args.network)
    known = {field.name for field in fields(kind)}
    given = {name: value for name, value in vars(args).items() if name in SWITCHES}
    for name in given:
        if name not in known:
            raise ValueError(f"The network {args.network} has no {_flag(name)}; leave it out.")
    return kind(**given)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
