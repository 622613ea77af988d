"""A tiny vision transformer (Dosovitskiy et al. 2021, at the width of DeiT-Ti, Touvron et al. 2021), from scratch."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torchvision.models import VisionTransformer

from training.networks.network import Network, NetworkConfig, Size
from training.networks.scores import Scores, image_only


@dataclass(frozen=True)
class VitTinyConfig(NetworkConfig):
    """Square pictures in patches of ``patch`` pixels; ``width`` numbers a token, 64 of them for each head."""

    input_size: Size = (224, 224)
    patch: int = 16
    width: int = 192
    depth: int = 12
    dropout: float = 0.0

    def __post_init__(self) -> None:
        height, width = self.input_size
        if height != width or height % self.patch:
            raise ValueError(f"input_size: {self.input_size} is no square of whole patches of {self.patch} pixels.")
        if self.width % 64:
            raise ValueError(f"width: {self.width} is no multiple of 64, the size of a head.")

    def build(self) -> VitTinyNetwork:
        return VitTinyNetwork(self)


class VitTinyNetwork(Network):
    """Standardised pictures (N,3,224,224) → scores (N,K) from the class token; metadata are not read."""

    config: VitTinyConfig

    def __init__(self, config: VitTinyConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = VisionTransformer(
            image_size=config.input_size[0],
            patch_size=config.patch,
            num_layers=config.depth,
            num_heads=config.width // 64,
            hidden_dim=config.width,
            mlp_dim=4 * config.width,
            dropout=config.dropout,
            num_classes=config.classes,
        )

    def forward(self, image: Tensor, metadata: Tensor) -> Scores:
        return image_only(self.trunk(image).float())
