"""A small ResNet for dermoscopic pictures: basic blocks (He et al. 2016), and the D variant's deep stem and average
pooling before the shortcut (He et al. 2019). The last stage keeps stride 16, so that a heatmap has 9×12 cells.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.networks.attention import attention
from training.networks.checkpointing import checkpointed


class ResNetD(nn.Module):
    """Picture (N,3,H,W) → features (N,widths[-1],H/16,W/16).

    ``attended`` is one of ``attention.ATTENTIONS``; ``checkpointing`` trades a second forward pass for memory.
    """

    def __init__(
        self,
        widths: tuple[int, int, int, int],
        blocks: tuple[int, int, int, int],
        *,
        attended: str = "none",
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.checkpointing = checkpointing
        first, half = widths[0], widths[0] // 2
        self.stem = nn.Sequential(
            *_conv(3, half, stride=2), *_conv(half, half), *_conv(half, first), nn.MaxPool2d(3, stride=2, padding=1)
        )  # (N,first,H/4,W/4)
        strides = (1, 2, 2, 1)
        stages: list[nn.Module] = []
        width = first
        for out, count, stride in zip(widths, blocks, strides, strict=True):
            stages.append(Block(width, out, stride, attended))
            stages += [Block(out, out, 1, attended) for _ in range(count - 1)]
            width = out
        self.stages = nn.Sequential(*stages)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        if self.checkpointing and torch.is_grad_enabled():
            return checkpointed(self.stages, x)
        out: Tensor = self.stages(x)
        return out


class Block(nn.Module):
    """Two 3×3 convolutions beside a shortcut (the basic block of He et al. 2016)."""

    def __init__(self, width: int, out: int, stride: int, attended: str) -> None:
        super().__init__()
        last = nn.BatchNorm2d(out)
        nn.init.zeros_(last.weight)  # each block starts as its shortcut, which steadies the first epochs
        self.residual = nn.Sequential(
            *_conv(width, out, stride=stride), nn.Conv2d(out, out, 3, padding=1, bias=False), last
        )
        self.attention = attention(attended, out)
        self.shortcut = _shortcut(width, out, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.attention(self.residual(x)) + self.shortcut(x))


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
