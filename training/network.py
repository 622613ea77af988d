"""The fused network, top to bottom: a small ResNet-D reads the picture, a gated head adds what the metadata say.

    z = W · mean(features) + b  +  known · gate(metadata) ⊙ V · tanh(U · metadata)

The metadata part is added, never mixed in: with nothing known it is exactly zero and the picture's answer stands
untouched, and the gradient of a class score by the feature map is W/(H·W), which makes Grad-CAM a closed form.
ResNet: He et al. 2016; the D variant (deep stem, average pooling before the shortcut): He et al. 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from inference.metadata import MetadataEncoding
from inference.vocabulary import DIAGNOSES


@dataclass(frozen=True)
class NetworkConfig:
    """Widths of the four stages; the last keeps stride 16, so 144×192 px give a heatmap of 9×12 cells."""

    widths: tuple[int, int, int, int] = (48, 96, 192, 384)
    blocks: tuple[int, int, int, int] = (2, 2, 2, 2)
    hidden: int = 32
    classes: int = len(DIAGNOSES)
    metadata: int = MetadataEncoding().size
    dropout: float = 0.2


class Scores(NamedTuple):
    """What one pass gives. N pictures, K classes, C channels, h×w cells."""

    image: Tensor  # (N,K) score from the picture alone
    metadata: Tensor  # (N,K) what the metadata add; zero where nothing is known
    features: Tensor  # (N,C,h,w) ≥ 0, after the last ReLU
    mask: Tensor  # (N,1,h,w) logit of "this cell is lesion"

    @property
    def fused(self) -> Tensor:
        return self.image + self.metadata


class FusedNetwork(nn.Module):
    """Picture (N,3,H,W), standardised, and encoded metadata (N,D) → ``Scores``."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = ResNetD(config)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.widths[-1], config.classes)
        self.metadata_head = MetadataHead(config)
        self.mask_head = nn.Conv2d(config.widths[-1], 1, 1)

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

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.hidden = nn.Linear(config.metadata, config.hidden)
        self.gate = nn.Linear(config.metadata, config.classes)
        self.value = nn.Linear(config.hidden, config.classes, bias=False)

    def forward(self, metadata: Tensor) -> Tensor:
        known = (metadata != 0).any(dim=1, keepdim=True).to(metadata.dtype)
        out: Tensor = known * torch.sigmoid(self.gate(metadata)) * self.value(torch.tanh(self.hidden(metadata)))
        return out


class ResNetD(nn.Module):
    """Picture (N,3,H,W) → features (N,widths[-1],H/16,W/16)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        first, half = config.widths[0], config.widths[0] // 2
        self.stem = nn.Sequential(
            *_conv(3, half, stride=2), *_conv(half, half), *_conv(half, first), nn.MaxPool2d(3, stride=2, padding=1)
        )  # (N,first,H/4,W/4)
        strides = (1, 2, 2, 1)
        stages: list[nn.Module] = []
        width = first
        for out, count, stride in zip(config.widths, config.blocks, strides, strict=True):
            stages.append(Block(width, out, stride))
            stages += [Block(out, out, 1) for _ in range(count - 1)]
            width = out
        self.stages = nn.Sequential(*stages)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.stages(self.stem(x))
        return out


class Block(nn.Module):
    """Two 3×3 convolutions beside a shortcut (the basic block of He et al. 2016)."""

    def __init__(self, width: int, out: int, stride: int) -> None:
        super().__init__()
        last = nn.BatchNorm2d(out)
        nn.init.zeros_(last.weight)  # each block starts as its shortcut, which steadies the first epochs
        self.residual = nn.Sequential(
            *_conv(width, out, stride=stride), nn.Conv2d(out, out, 3, padding=1, bias=False), last
        )
        self.shortcut = _shortcut(width, out, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.residual(x) + self.shortcut(x))


def _conv(width: int, out: int, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(width, out, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    ]


def _shortcut(width: int, out: int, stride: int) -> nn.Module:
    if width == out and stride == 1:
        return nn.Identity()
    pool: list[nn.Module] = [nn.AvgPool2d(2, ceil_mode=True)] if stride == 2 else []
    return nn.Sequential(*pool, nn.Conv2d(width, out, 1, bias=False), nn.BatchNorm2d(out))
