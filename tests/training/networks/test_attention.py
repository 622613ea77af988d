"""Gates between 0 and 1 that change nothing when they stand open."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torchvision.ops import SqueezeExcitation

from training.networks.attention import Cbam, ChannelGate, SpatialGate, attention, recorded_maps
from training.networks.fused import FusedConfig

SMALL = FusedConfig(widths=(16, 16, 32, 32), blocks=(1, 1, 1, 1))


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("channels", [48, 96, 192, 384])
def test_se_adds_two_c_squared_over_r_weights_and_the_biases(channels: int) -> None:
    r = 16
    assert _count(attention("se", channels)) == 2 * channels**2 // r + channels // r + channels
    assert _count(attention("none", channels)) == 0


def test_the_networks_parameters_grow_by_the_gates_of_its_eight_blocks() -> None:
    widths = (48, 96, 192, 384)
    gates = 2 * sum(2 * c**2 // 16 + c // 16 + c for c in widths)
    assert _count(FusedConfig(attention="se").build()) - _count(FusedConfig().build()) == gates


def test_the_se_gate_is_bounded_and_each_channel_is_scaled_by_it() -> None:
    torch.manual_seed(0)
    block, gates = attention("se", 32), []
    assert isinstance(block, SqueezeExcitation)
    block.scale_activation.register_forward_hook(lambda _, __, out: gates.append(out))
    x = 50 * torch.randn(4, 32, 5, 6)
    out = block(x)
    assert 0 <= gates[0].min() < 0.4
    assert 0.6 < gates[0].max() <= 1
    assert torch.allclose(out, gates[0] * x)


@pytest.mark.parametrize("kind", ["se", "cbam"])
def test_open_gates_are_the_identity(kind: str) -> None:
    block = attention(kind, 32)
    for last in (block.fc2,) if kind == "se" else (block.channel.layers[-1], block.spatial.layer):
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, 50.0)  # its sigmoid is 1
    x = torch.randn(2, 32, 5, 6)
    assert torch.equal(block(x), x)


def test_cbams_gates_are_bounded_and_read_mean_and_maximum() -> None:
    torch.manual_seed(0)
    x = 10 * torch.randn(2, 32, 9, 12)
    for gate, shape in ((ChannelGate(32, 2), (2, 32, 1, 1)), (SpatialGate(), (2, 1, 9, 12))):
        weights = gate(x)
        assert weights.shape == shape
        assert weights.min() >= 0
        assert weights.max() <= 1
        peaked = x.clone()
        peaked[:, 0, 4, 6] += 100  # one strong cell: the maxima tell it from its mean
        spread = x.clone()
        spread[:, 0] += 100 / (9 * 12)
        assert not torch.allclose(gate(peaked), gate(spread), atol=1e-3)


def test_the_attention_maps_of_a_pass_can_be_read() -> None:
    network = FusedConfig(SMALL.classes, None, SMALL.widths, SMALL.blocks, attention="cbam").build().eval()
    picture, metadata = torch.randn(2, 3, 144, 192), torch.zeros(2, 19)
    with torch.no_grad(), recorded_maps(network) as maps:
        network(picture, metadata)
    assert [tuple(seen.shape) for seen in maps] == [(2, 1, 36, 48), (2, 1, 18, 24), (2, 1, 9, 12), (2, 1, 9, 12)]
    assert all(seen.min() >= 0 and seen.max() <= 1 for seen in maps)
    last = [module for module in network.modules() if isinstance(module, Cbam)][-1]
    nn.init.constant_(last.spatial.layer.bias, -50.0)
    with torch.no_grad(), recorded_maps(network) as dimmed:
        network(picture, metadata)
    assert dimmed[-1].max() < 1e-6
    with torch.no_grad():
        network(picture, metadata)
    assert len(dimmed) == 4  # nothing is recorded after the passes inside


@pytest.mark.parametrize("kind", ["se", "cbam"])
def test_gradients_reach_every_gate(kind: str) -> None:
    network = FusedConfig(widths=(16, 16, 32, 32), blocks=(1, 1, 1, 1), attention=kind).build()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)  # blocks start as their shortcuts; then no gate matters
    network(torch.randn(2, 3, 96, 128), torch.zeros(2, 19)).fused.square().sum().backward()
    last = ("fc2.bias", "channel.layers.2.bias", "spatial.layer.bias")
    grads = [p.grad for name, p in network.backbone.named_parameters() if name.endswith(last)]
    assert len(grads) == (4 if kind == "se" else 8)
    assert all(grad.abs().sum() > 0 for grad in grads)


def test_an_unknown_attention_is_refused() -> None:
    with pytest.raises(ValueError, match=r"attention: 'eca' is not one of none, se, cbam\."):
        FusedConfig(attention="eca")
