"""The fused network, top to bottom: a small ResNet-D reads the picture, a branch of its own adds what the metadata say.

    z = W · mean(features) + b  +  known · correction(features, metadata)

The correction is added, never mixed in: with nothing known it is exactly zero and the picture's answer stands
untouched, and the gradient of the picture's score by the feature map is W/(H·W), which makes Grad-CAM a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from inference.metadata import MetadataEncoding
from training.networks.attention import ATTENTIONS
from training.networks.backbone import ResNetD
from training.networks.fusion import FUSIONS, fusion
from training.networks.network import Network, NetworkConfig
from training.networks.scores import Scores


@dataclass(frozen=True)
class FusedConfig(NetworkConfig):
    """Widths of the four stages; the last keeps stride 16, so 144×192 px give a heatmap of 9×12 cells.

    ``hidden`` units read the metadata. ``checkpointing`` computes the stages twice to hold less in memory.
    """

    widths: tuple[int, int, int, int] = (48, 96, 192, 384)
    blocks: tuple[int, int, int, int] = (2, 2, 2, 2)
    hidden: int = 32
    metadata: int = MetadataEncoding().size
    dropout: float = 0.2
    attention: str = "none"
    fusion: str = "additive"
    mask_head: bool = True
    checkpointing: bool = False

    cam_layer: ClassVar[str] = "backbone"

    def __post_init__(self) -> None:
        for name, value, known in (("attention", self.attention, ATTENTIONS), ("fusion", self.fusion, FUSIONS)):
            if value not in known:
                raise ValueError(f"{name}: {value!r} is not one of {', '.join(known)}.")

    def build(self) -> FusedNetwork:
        return FusedNetwork(self)


class FusedNetwork(Network):
    """Picture (N,3,H,W), standardised, and encoded metadata (N,D) → ``Scores``."""

    config: FusedConfig

    def __init__(self, config: FusedConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = ResNetD(
            config.widths, config.blocks, attended=config.attention, checkpointing=config.checkpointing
        )
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.widths[-1], config.classes)
        self.metadata_head = fusion(
            config.fusion,
            channels=config.widths[-1],
            metadata=config.metadata,
            hidden=config.hidden,
            classes=config.classes,
        )
        self.mask_head = nn.Conv2d(config.widths[-1], 1, 1) if config.mask_head else None

    @property
    def pooled_head(self) -> Tensor:
        return self.head.weight

    def forward(self, image: Tensor, metadata: Tensor) -> Scores:
        features = self.backbone(image)  # (N,C,h,w)
        with torch.autocast(image.device.type, enabled=False):  # heads in float32: calibration reads their decimals
            features = features.float()
            pooled = features.mean(dim=(2, 3))  # (N,C)
            known = (metadata != 0).any(dim=1, keepdim=True).to(metadata.dtype)  # (N,1)
            return Scores(
                image=self.head(self.dropout(pooled)),
                metadata=known * self.metadata_head(features, metadata),
                features=features,
                mask=None if self.mask_head is None else self.mask_head(features),
            )
