"""Batch norms that an export folded into their convolutions, taken out again so that training can go on.

A folded norm is a kernel that carries its factor, and a bias. First the norm gives back that length and bias; then
it gets the mean and deviation that real pictures have there, and the factor and offset that undo them: the network's
answers stay what they were, and a step in training mode, which uses its batch's own statistics, changes them little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn

NEW_LENGTH = 3**-0.5  # of one output channel's kernel as torch draws it: uniform with a variance of 1/(3 fan-in)


def norms(network: nn.Module) -> Iterator[tuple[str, nn.Conv2d, nn.BatchNorm2d]]:
    """Each convolution that a norm follows, by its dotted name."""
    for name, module in network.named_modules():
        if isinstance(module, nn.Sequential):
            for (place, one), (_, other) in pairwise(module.named_children()):
                if isinstance(one, nn.Conv2d) and isinstance(other, nn.BatchNorm2d):
                    yield f"{name}.{place}", one, other


@torch.no_grad()
def load_folded(network: nn.Module, kernels: Mapping[str, Tensor], biases: Mapping[str, Tensor]) -> None:
    """Set folded ``kernels`` and ``biases``, by their convolution's name; norms carry bias and lengths.

    Behind a norm the length of a kernel does not change the answer, but a step of one rate turns a short one further:
    all get the length of a new one.

    Raises ``KeyError`` for a name that is missing and ``RuntimeError`` for a shape that does not fit.
    """
    for name, convolution, norm in norms(network):
        if convolution.weight.shape != kernels[name].shape:
            raise RuntimeError(f"{name} is {tuple(kernels[name].shape)}, not {tuple(convolution.weight.shape)}")
        length = kernels[name].flatten(1).norm(dim=1).clamp_min(1e-12)
        convolution.weight.copy_(kernels[name] * (NEW_LENGTH / length)[:, None, None, None])
        norm.bias.copy_(biases[name])
        norm.weight.copy_(length / NEW_LENGTH)
        norm.running_mean.zero_()  # type: ignore[union-attr]
        norm.running_var.fill_(1.0 - norm.eps)  # type: ignore[union-attr]


@torch.no_grad()
def fit_norms(network: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> None:
    """Give each norm the statistics of what reaches it from ``batches``, the arguments of ``network``.

    Factor and offset make up for them, so that the network answers as before.
    """
    found = [norm for _, _, norm in norms(network)]
    sums = [torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in found]
    hooks = [norm.register_forward_pre_hook(_adder(seen)) for norm, seen in zip(found, sums, strict=True)]
    before = network.training
    network.eval()
    for batch in batches:
        network(*batch)
    network.train(before)
    for hook in hooks:
        hook.remove()
    for norm, (count, total, squares) in zip(found, sums, strict=True):
        mean = total / count
        _restate(norm, mean, (squares / count - mean**2).clamp_min(0))


def _adder(sums: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    """Adds count, sum and sum of squares of a layer's input (N,C,H,W), by channel, to ``sums`` (3,C)."""

    def add(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].detach().double().cpu()
        sums[0] += x.numel() / x.shape[1]
        sums[1] += x.sum(dim=(0, 2, 3))
        sums[2] += (x**2).sum(dim=(0, 2, 3))

    return add


def _restate(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """Set the statistics (C,) and change factor and offset by as much."""
    if norm.running_mean is None or norm.running_var is None:
        return
    slope = norm.weight / (norm.running_var + norm.eps).sqrt()
    mean, variance = mean.to(slope), variance.to(slope)
    norm.bias.add_((mean - norm.running_mean) * slope)
    norm.weight.copy_(slope * (variance + norm.eps).sqrt())
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
