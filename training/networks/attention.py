"""Attention inside a residual block: which channels count (SE), or which channels and which places (CBAM).

Each stands between the last norm of the residual branch and the sum with the shortcut, as in both papers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torchvision.ops import SqueezeExcitation

ATTENTIONS = ("none", "se", "cbam")
REDUCTION = 16  # r of both papers


def attention(kind: str, channels: int) -> nn.Module:
    """(N,C,h,w) → the same shape, weighed; 'none' is the identity and has no parameters."""
    if kind == "none":
        return nn.Identity()
    squeezed = max(1, channels // REDUCTION)
    if kind == "se":  # Hu et al. 2018; 2C²/r weights, C/r + C biases
        gate: nn.Module = SqueezeExcitation(channels, squeezed)
        return gate
    return Cbam(channels, squeezed)


class Cbam(nn.Module):
    """Channel gate, then spatial gate (Woo et al. 2018)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.channel = ChannelGate(channels, squeezed)
        self.spatial = SpatialGate()

    def forward(self, x: Tensor) -> Tensor:
        x = x * self.channel(x)
        out: Tensor = x * self.spatial(x)
        return out


class ChannelGate(nn.Module):
    """(N,C,h,w) → (N,C,1,1) in 0–1: one small network reads the mean and the maximum of each channel."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(channels, squeezed, 1), nn.ReLU(), nn.Conv2d(squeezed, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        mean, most = x.mean(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True)
        return torch.sigmoid(self.layers(mean) + self.layers(most))


class SpatialGate(nn.Module):
    """(N,C,h,w) → (N,1,h,w) in 0–1: a 7×7 convolution reads the mean and the maximum over channels."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        seen = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return torch.sigmoid(self.layer(seen))


@contextmanager
def recorded_maps(network: nn.Module) -> Iterator[list[Tensor]]:
    """Collect the attention map (N,1,h,w), 0–1, of each CBAM of ``network``, in its order, for the passes inside."""
    maps: list[Tensor] = []
    gates = [module for module in network.modules() if isinstance(module, SpatialGate)]
    hooks = [gate.register_forward_hook(lambda _, __, out: maps.append(out.detach())) for gate in gates]
    try:
        yield maps
    finally:
        for hook in hooks:
            hook.remove()
