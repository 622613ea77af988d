"""What the metadata add to the picture's scores: four ways, one shape.

Each answers a correction (N,K) from the feature map (N,C,h,w) and the encoded metadata (N,D). The fused network
multiplies it by zero where nothing is known, so that no way of fusing can touch the picture's own answer there.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

FUSIONS = ("none", "additive", "concat", "metablock")


def fusion(kind: str, *, channels: int, metadata: int, hidden: int, classes: int) -> nn.Module:
    """A branch by its name in ``FUSIONS``."""
    if kind == "none":
        return NoMetadata(classes)
    if kind == "additive":
        return Additive(metadata, hidden, classes)
    if kind == "concat":
        return Concatenated(channels, metadata, hidden, classes)
    return MetaBlock(channels, metadata, classes)


class NoMetadata(nn.Module):
    """The picture alone: the correction is zero."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, features: Tensor, metadata: Tensor) -> Tensor:
        return metadata.new_zeros(len(metadata), self.classes)


class Additive(nn.Module):
    """gate(metadata) ⊙ V · tanh(U · metadata): the metadata speak for themselves. The one that a bundle carries."""

    def __init__(self, metadata: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(metadata, hidden)
        self.gate = nn.Linear(metadata, classes)
        self.value = nn.Linear(hidden, classes, bias=False)

    def forward(self, features: Tensor, metadata: Tensor) -> Tensor:
        out: Tensor = torch.sigmoid(self.gate(metadata)) * self.value(torch.tanh(self.hidden(metadata)))
        return out


class Concatenated(nn.Module):
    """Two branches joined (as in Pacheco and Krohling 2020): mean features and embedded metadata side by side."""

    def __init__(self, channels: int, metadata: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(metadata, hidden), nn.ReLU())
        self.joint = nn.Sequential(nn.Linear(channels + hidden, 2 * hidden), nn.ReLU(), nn.Linear(2 * hidden, classes))

    def forward(self, features: Tensor, metadata: Tensor) -> Tensor:
        out: Tensor = self.joint(torch.cat([features.mean(dim=(2, 3)), self.embed(metadata)], dim=1))
        return out


class MetaBlock(nn.Module):
    """σ(tanh(F ⊙ f(metadata)) + g(metadata)), its mean and a linear layer (Pacheco and Krohling 2021).

    Without the paper's batch norm in f and g: one case must get the same answer alone and in a batch of others.
    """

    def __init__(self, channels: int, metadata: int, classes: int) -> None:
        super().__init__()
        self.scale = nn.Linear(metadata, channels)
        self.shift = nn.Linear(metadata, channels)
        self.value = nn.Linear(channels, classes)

    def forward(self, features: Tensor, metadata: Tensor) -> Tensor:
        scale, shift = self.scale(metadata)[:, :, None, None], self.shift(metadata)[:, :, None, None]
        out: Tensor = self.value(torch.sigmoid(torch.tanh(features * scale) + shift).mean(dim=(2, 3)))
        return out
