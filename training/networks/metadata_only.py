"""Age, sex and site alone: what fusion can be compared with, and what a picture must add to."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from inference.metadata import MetadataEncoding
from training.networks.network import Network, NetworkConfig
from training.networks.scores import Scores


@dataclass(frozen=True)
class MetadataOnlyConfig(NetworkConfig):
    """One hidden layer on the encoded metadata."""

    hidden: int = 32
    metadata: int = MetadataEncoding().size
    dropout: float = 0.0

    def build(self) -> MetadataOnlyNetwork:
        return MetadataOnlyNetwork(self)


class MetadataOnlyNetwork(Network):
    """Encoded metadata (N,D) → scores (N,K) in ``Scores.metadata``; the picture is not read, its scores are zero.

    With nothing known the answer is zero too: no evidence beyond the prior.
    """

    config: MetadataOnlyConfig

    def __init__(self, config: MetadataOnlyConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.Sequential(
            nn.Linear(config.metadata, config.hidden),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, config.classes),
        )

    def forward(self, image: Tensor, metadata: Tensor) -> Scores:
        with torch.autocast(metadata.device.type, enabled=False):
            known = (metadata != 0).any(dim=1, keepdim=True)
            scores = known * self.layers(metadata.float())
        return Scores(image=torch.zeros_like(scores), metadata=scores)
