"""Stock ImageNet networks of torchvision with a new head: ResNet-50, EfficientNet-B0, MobileNetV2 and VGG16.

Each is cut into its blocks, from the picture upwards, so that the lower ones can be frozen. Three of them end in a
linear head on the mean of the last feature map, which makes Grad-CAM a closed form; VGG16 has hidden layers between.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torchvision import models

from training.networks.network import Colours, Network, NetworkConfig, Size
from training.networks.pretrained import published_weights
from training.networks.scores import Scores

WEIGHTS = ("none", "imagenet")


class Parts(NamedTuple):
    """A stock network in pieces: spatial blocks, what lies between the last of them and the head, the head's width."""

    blocks: list[nn.Module]
    between: nn.Module
    width: int


@dataclass(frozen=True)
class TransferConfig(NetworkConfig):
    """``weights`` 'imagenet' starts from torchvision's; ``train_blocks`` N freezes all below the top N, None nothing.

    The head is always new and always trained; ``dropout`` is the rate on its input.
    """

    weights: str = "none"
    train_blocks: int | None = None
    dropout: float = 0.2
    input_size: Size = (224, 224)

    architecture: ClassVar[str]  # torchvision's name
    published: ClassVar[models.WeightsEnum]
    count: ClassVar[int]  # how many blocks there are to train

    def __post_init__(self) -> None:
        if self.weights not in WEIGHTS:
            raise ValueError(f"weights: {self.weights!r} is not one of {', '.join(WEIGHTS)}.")
        if self.train_blocks is not None and not 0 <= self.train_blocks <= self.count:
            raise ValueError(f"train_blocks: this network has 0 to {self.count} to train, not {self.train_blocks}.")

    @property
    def url(self) -> str | None:
        return None if self.weights == "none" else str(self.published.url)

    @property
    def colours(self) -> Colours | None:
        """ImageNet's mean and deviation where its weights are used: they were learned on such numbers."""
        if self.weights == "none":
            return None
        transforms = self.published.transforms()
        return tuple(transforms.mean), tuple(transforms.std)

    def stock(self) -> nn.Module:
        """torchvision's network with its 1,000 classes and drawn weights."""
        network: nn.Module = models.get_model(self.architecture)
        return network

    @abstractmethod
    def cut(self, stock: Any) -> Parts:
        """The network of ``stock`` in pieces; its head is left out."""

    def build(self) -> TransferNetwork:
        return TransferNetwork(self)


class TransferNetwork(Network):
    """Standardised pictures (N,3,224,224) → scores (N,K); metadata are not read."""

    config: TransferConfig

    def __init__(self, config: TransferConfig) -> None:
        super().__init__()
        self.config = config
        parts = config.cut(config.stock())
        self.blocks = nn.Sequential(*parts.blocks)  # (N,C,7,7)
        self.between = parts.between  # (N,width)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(parts.width, config.classes)
        for block in self.frozen:
            block.requires_grad_(requires_grad=False)

    @property
    def pooled(self) -> bool:
        return isinstance(self.between, Mean)

    @property
    def pooled_head(self) -> Tensor | None:
        return self.head.weight if self.pooled else None

    @property
    def frozen(self) -> list[nn.Module]:
        """The blocks below the trained ones; hidden layers between blocks and head count as the topmost block."""
        if self.config.train_blocks is None:
            return []
        stages = [*self.blocks] if self.pooled else [*self.blocks, self.between]
        return stages[: len(stages) - self.config.train_blocks]

    def train(self, mode: bool = True) -> TransferNetwork:  # noqa: FBT001, FBT002
        super().train(mode)
        for block in self.frozen:
            block.eval()  # the statistics of a frozen norm belong to its weights
        return self

    def load_pretrained(self) -> None:
        if self.config.url is None:
            return
        stock = self.config.stock()
        stock.load_state_dict(published_weights(self.config.url))
        parts = self.config.cut(stock)
        self.blocks.load_state_dict(nn.Sequential(*parts.blocks).state_dict())
        self.between.load_state_dict(parts.between.state_dict())

    def forward(self, image: Tensor, metadata: Tensor) -> Scores:
        features = self.blocks(image)
        hidden = self.dropout(self.between(features))
        with torch.autocast(image.device.type, enabled=False):  # as in the fused network
            scores = self.head(hidden.float())
        return Scores(
            image=scores, metadata=torch.zeros_like(scores), features=features.float() if self.pooled else None
        )


class Mean(nn.Module):
    """(N,C,h,w) → (N,C), in float32."""

    def forward(self, x: Tensor) -> Tensor:
        return x.float().mean(dim=(2, 3))


@dataclass(frozen=True)
class ResNet50Config(TransferConfig):
    """He et al. 2016; 25,557,032 parameters with its stock head."""

    cam_layer: ClassVar[str] = "blocks.4"
    architecture: ClassVar[str] = "resnet50"
    published: ClassVar[models.WeightsEnum] = models.ResNet50_Weights.IMAGENET1K_V2
    count: ClassVar[int] = 5

    def cut(self, stock: Any) -> Parts:
        stem = nn.Sequential(stock.conv1, stock.bn1, stock.relu, stock.maxpool)
        blocks = [stem, stock.layer1, stock.layer2, stock.layer3, stock.layer4]
        return Parts(blocks, Mean(), stock.fc.in_features)


@dataclass(frozen=True)
class EfficientNetB0Config(TransferConfig):
    """Tan and Le 2019; 5,288,548 parameters with its stock head."""

    cam_layer: ClassVar[str] = "blocks.8"
    architecture: ClassVar[str] = "efficientnet_b0"
    published: ClassVar[models.WeightsEnum] = models.EfficientNet_B0_Weights.IMAGENET1K_V1
    count: ClassVar[int] = 9

    def cut(self, stock: Any) -> Parts:
        return Parts([*stock.features], Mean(), stock.classifier[-1].in_features)


@dataclass(frozen=True)
class MobileNetV2Config(TransferConfig):
    """Sandler et al. 2018; 3,504,872 parameters with its stock head."""

    cam_layer: ClassVar[str] = "blocks.18"
    architecture: ClassVar[str] = "mobilenet_v2"
    published: ClassVar[models.WeightsEnum] = models.MobileNet_V2_Weights.IMAGENET1K_V2
    count: ClassVar[int] = 19

    def cut(self, stock: Any) -> Parts:
        return Parts([*stock.features], Mean(), stock.classifier[-1].in_features)


@dataclass(frozen=True)
class Vgg16Config(TransferConfig):
    """Simonyan and Zisserman 2015; 138,357,544 parameters with its stock head. Five blocks and the hidden layers."""

    dropout: float = 0.5

    cam_layer: ClassVar[str] = "blocks.4.5"  # before the last pool: 14×14 cells
    architecture: ClassVar[str] = "vgg16"
    published: ClassVar[models.WeightsEnum] = models.VGG16_Weights.IMAGENET1K_V1
    count: ClassVar[int] = 6

    def cut(self, stock: Any) -> Parts:
        blocks: list[list[nn.Module]] = [[]]
        for layer in stock.features:
            blocks[-1].append(layer)
            if isinstance(layer, nn.MaxPool2d):
                blocks.append([])
        between = nn.Sequential(stock.avgpool, nn.Flatten(), *stock.classifier[:5])  # its last dropout is ours
        return Parts([nn.Sequential(*block) for block in blocks if block], between, stock.classifier[-1].in_features)
