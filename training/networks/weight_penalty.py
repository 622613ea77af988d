"""L2 on weight matrices and kernels, as a term of the loss."""

from __future__ import annotations

from torch import Tensor, nn


def weight_penalty(network: nn.Module, l2: float) -> Tensor | float:
    """``l2`` times the sum of all squared weights; biases and norms are left alone. Zero is free."""
    if not l2:
        return 0.0
    kept = [m.weight for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    return l2 * sum((weight.square().sum() for weight in kept[1:]), start=kept[0].square().sum())
