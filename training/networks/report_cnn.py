"""The report's CNN: three pairs of 3×3 convolutions, 11,520 numbers, 256 and 128 hidden units (3,067,239 parameters).

The report's table says four million; its layers add up to this. Its code has dropout but neither batch norm nor L2,
its text has all three: each is a switch here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from training.networks.network import Network, NetworkConfig, Size
from training.networks.scores import Scores, image_only
from training.networks.weight_penalty import weight_penalty

STAGES = ((32, 0.16), (32, 0.20), (64, 0.25))  # channels of both convolutions, dropout after the pool
HIDDEN = (256, 128)
LAST_DROPOUT = 0.4


@dataclass(frozen=True)
class CnnConfig(NetworkConfig):
    """``dropout`` None keeps the report's four rates, a number replaces them all; ``l2`` is as Keras' ``l2``."""

    input_size: Size = (100, 125)
    batch_norm: bool = False
    dropout: float | None = None
    l2: float = 0.0

    cam_layer: ClassVar[str] = "stages.2.convolutions"

    def build(self) -> CnnNetwork:
        return CnnNetwork(self)


class CnnNetwork(Network):
    """Standardised pictures (N,3,100,125) → scores (N,K); metadata are not read."""

    config: CnnConfig

    def __init__(self, config: CnnConfig) -> None:
        super().__init__()
        self.config = config
        width, stages = 3, []
        for out, rate in STAGES:
            stages.append(Stage(width, out, rate, config))
            width = out
        self.stages = nn.Sequential(*stages)  # (N,64,12,15)
        height, breadth = (side // 2 ** len(STAGES) for side in config.input_size)
        self.hidden = nn.Sequential(
            nn.Flatten(),  # (N,11520)
            *_dense(width * height * breadth, HIDDEN[0], config),
            *_dense(HIDDEN[0], HIDDEN[1], config),
            nn.Dropout(_rate(config, LAST_DROPOUT)),
        )
        self.head = nn.Linear(HIDDEN[1], config.classes)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):  # Keras' default, which the report leaves in place
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, image: Tensor, metadata: Tensor) -> Scores:
        hidden = self.hidden(self.stages(image).contiguous())
        with torch.autocast(image.device.type, enabled=False):
            return image_only(self.head(hidden.float()))

    def penalty(self) -> Tensor | float:
        return weight_penalty(self, self.config.l2)


class Stage(nn.Module):
    """Two convolutions that keep the size, a pool that halves it, dropout."""

    def __init__(self, width: int, out: int, dropout: float, config: CnnConfig) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(*_conv(width, out, config), *_conv(out, out, config))
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(_rate(config, dropout))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.dropout(self.pool(self.convolutions(x)))
        return out


def _conv(width: int, out: int, config: CnnConfig) -> list[nn.Module]:
    norm = [nn.BatchNorm2d(out)] if config.batch_norm else []
    return [nn.Conv2d(width, out, 3, padding=1), *norm, nn.ReLU()]


def _dense(width: int, out: int, config: CnnConfig) -> list[nn.Module]:
    norm = [nn.BatchNorm1d(out)] if config.batch_norm else []
    return [nn.Linear(width, out), *norm, nn.ReLU()]


def _rate(config: CnnConfig, reported: float) -> float:
    return reported if config.dropout is None else config.dropout
