"""Gradient checkpointing (Chen et al. 2016): forget a block's inner activations and compute them again when needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from functools import partial

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def checkpointed(blocks: Iterable[nn.Module], x: Tensor) -> Tensor:
    """``x`` through ``blocks`` one by one, keeping only what lies between them for the backward pass."""
    for block in blocks:
        x = checkpoint(block, x, use_reentrant=False, context_fn=partial(_contexts, block))
    return x


def _contexts(block: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    return nullcontext(), _still(block)


@contextmanager
def _still(block: nn.Module) -> Iterator[None]:
    """The second pass must not count the same batch again in the running statistics of the norms."""
    norms = [module for module in block.modules() if isinstance(module, nn.BatchNorm2d)]
    before = [(norm.momentum, deepcopy(norm.num_batches_tracked)) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, counted) in zip(norms, before, strict=True):
            norm.momentum = momentum
            norm.num_batches_tracked = counted
