"""Computing the stages twice changes memory and time, and nothing that is learned."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from training.networks.fused import FusedConfig, FusedNetwork

PLAIN = FusedConfig(widths=(8, 8, 16, 16), blocks=(2, 1, 1, 1), dropout=0.0)


def _pair(attention: str = "none") -> tuple[FusedNetwork, FusedNetwork]:
    config = replace(PLAIN, attention=attention)
    torch.manual_seed(0)
    plain = config.build()
    again = replace(config, checkpointing=True).build()
    again.load_state_dict(plain.state_dict())
    return plain, again


def _step(network: FusedNetwork) -> None:
    torch.manual_seed(1)
    scores = network(torch.randn(4, 3, 48, 64), torch.rand(4, 19))
    (scores.fused.square().sum() + scores.mask.square().sum()).backward()


@pytest.mark.parametrize("attention", ["none", "se", "cbam"])
def test_gradients_equal_the_plain_ones(attention: str) -> None:
    plain, again = _pair(attention)
    _step(plain)
    _step(again)
    for (name, one), (_, other) in zip(plain.named_parameters(), again.named_parameters(), strict=True):
        assert one.grad is not None, name
        assert torch.allclose(one.grad, other.grad, rtol=1e-5, atol=1e-5), name


def test_the_norms_count_each_batch_once() -> None:
    plain, again = _pair()
    _step(plain)
    _step(again)
    for (name, one), (_, other) in zip(plain.named_buffers(), again.named_buffers(), strict=True):
        assert torch.equal(one, other), name


def test_each_block_is_computed_again_for_the_backward_pass_and_only_then() -> None:
    plain, again = _pair()
    passes = {"plain": 0, "again": 0}

    def count(key: str) -> None:
        passes[key] += 1

    plain.backbone.stages[0].residual[0].register_forward_hook(lambda *_: count("plain"))
    again.backbone.stages[0].residual[0].register_forward_hook(lambda *_: count("again"))
    _step(plain)
    _step(again)
    assert passes == {"plain": 1, "again": 2}
    with torch.no_grad():
        again(torch.randn(1, 3, 48, 64), torch.zeros(1, 19))
    assert passes["again"] == 3
