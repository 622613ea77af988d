"""The report's DNN: the picture as one row of 37,500 numbers through four hidden layers of 64 (2,412,999 parameters).

The report's code has neither batch norm nor L2 nor dropout, its text has all three: each is a switch here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.networks.network import Network, NetworkConfig, Size
from training.networks.scores import Scores, image_only
from training.networks.weight_penalty import weight_penalty

UNIFORM = 0.05  # Keras' initialiser "uniform" draws from −0.05 to 0.05


@dataclass(frozen=True)
class DnnConfig(NetworkConfig):
    """``dropout`` is a rate after each hidden layer; ``l2`` multiplies the squared weights, as Keras' ``l2`` does."""

    hidden: tuple[int, ...] = (64, 64, 64, 64)
    input_size: Size = (100, 125)
    batch_norm: bool = False
    dropout: float = 0.0
    l2: float = 0.0

    def build(self) -> DnnNetwork:
        return DnnNetwork(self)


class DnnNetwork(Network):
    """Standardised pictures (N,3,100,125) → scores (N,K); metadata are not read."""

    config: DnnConfig

    def __init__(self, config: DnnConfig) -> None:
        super().__init__()
        self.config = config
        width = 3 * config.input_size[0] * config.input_size[1]
        layers: list[nn.Module] = [nn.Flatten()]  # (N,37500)
        for out in config.hidden:
            layers += [nn.Linear(width, out), *_norm(config, out), nn.ReLU(), *_dropout(config)]
            width = out
        self.layers = nn.Sequential(*layers)  # (N,64)
        self.head = nn.Linear(width, config.classes)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.uniform_(module.weight, -UNIFORM, UNIFORM)
                nn.init.zeros_(module.bias)

    def forward(self, image: Tensor, metadata: Tensor) -> Scores:
        hidden = self.layers(image.contiguous())  # channels-last memory would shuffle the row
        with torch.autocast(image.device.type, enabled=False):
            return image_only(self.head(hidden.float()))

    def penalty(self) -> Tensor | float:
        return weight_penalty(self, self.config.l2)


def _norm(config: DnnConfig, width: int) -> list[nn.Module]:
    return [nn.BatchNorm1d(width)] if config.batch_norm else []


def _dropout(config: DnnConfig) -> list[nn.Module]:
    return [nn.Dropout(config.dropout)] if config.dropout else []
