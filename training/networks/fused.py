"""The fused network, top to bottom: a small ResNet-D reads the picture, a gated head adds what the metadata say.

    z = W · mean(features) + b  +  known · gate(metadata) ⊙ V · tanh(U · metadata)

The metadata part is added, never mixed in: with nothing known it is exactly zero and the picture's answer stands
untouched, and the gradient of a class score by the feature map is W/(H·W), which makes Grad-CAM a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from inference.metadata import MetadataEncoding
from training.networks.backbone import ResNetD
from training.networks.network import Network, NetworkConfig
from training.networks.scores import Scores


@dataclass(frozen=True)
class FusedConfig(NetworkConfig):
    """Widths of the four stages; the last keeps stride 16, so 144×192 px give a heatmap of 9×12 cells."""

    widths: tuple[int, int, int, int] = (48, 96, 192, 384)
    blocks: tuple[int, int, int, int] = (2, 2, 2, 2)
    hidden: int = 32
    metadata: int = MetadataEncoding().size
    dropout: float = 0.2

    cam_layer: ClassVar[str] = "backbone"

    def build(self) -> FusedNetwork:
        return FusedNetwork(self)


class FusedNetwork(Network):
    """Picture (N,3,H,W), standardised, and encoded metadata (N,D) → ``Scores``."""

    config: FusedConfig

    def __init__(self, config: FusedConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = ResNetD(config.widths, config.blocks)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.widths[-1], config.classes)
        self.metadata_head = MetadataHead(config)
        self.mask_head = nn.Conv2d(config.widths[-1], 1, 1)

    @property
    def pooled_head(self) -> Tensor:
        return self.head.weight

    def forward(self, image: Tensor, metadata: Tensor) -> Scores:
        features = self.backbone(image)
        with torch.autocast(image.device.type, enabled=False):  # heads in float32: calibration reads their decimals
            features = features.float()
            pooled = features.mean(dim=(2, 3))
            return Scores(
                image=self.head(self.dropout(pooled)),
                metadata=self.metadata_head(metadata),
                features=features,
                mask=self.mask_head(features),
            )


class MetadataHead(nn.Module):
    """Encoded metadata (N,D) → additive scores (N,K); all-zero metadata (nothing known) → exactly zero."""

    def __init__(self, config: FusedConfig) -> None:
        super().__init__()
        self.hidden = nn.Linear(config.metadata, config.hidden)
        self.gate = nn.Linear(config.metadata, config.classes)
        self.value = nn.Linear(config.hidden, config.classes, bias=False)

    def forward(self, metadata: Tensor) -> Tensor:
        known = (metadata != 0).any(dim=1, keepdim=True).to(metadata.dtype)
        out: Tensor = known * torch.sigmoid(self.gate(metadata)) * self.value(torch.tanh(self.hidden(metadata)))
        return out
