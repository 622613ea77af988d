"""The report's own networks, counted to the last parameter, and the switches that its text has and its code lacks."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.networks.network import Network
from training.networks.report_cnn import CnnConfig
from training.networks.report_dnn import DnnConfig


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_dnn_has_the_reports_parameters() -> None:
    network = DnnConfig().build()
    shapes = [tuple(m.weight.shape) for m in network.modules() if isinstance(m, nn.Linear)]
    assert shapes == [(64, 37_500), (64, 64), (64, 64), (64, 64), (7, 64)]
    assert _count(network) == 2_412_999


def test_the_dnn_starts_uniform_with_zero_biases() -> None:
    torch.manual_seed(0)
    network = DnnConfig().build()
    first = network.layers[1].weight
    assert -0.05 <= first.min() < -0.0499
    assert 0.0499 < first.max() <= 0.05
    assert all((m.bias == 0).all() for m in network.modules() if isinstance(m, nn.Linear))


def test_the_cnn_has_the_reports_parameters_layer_by_layer() -> None:
    network = CnnConfig().build()
    counts = [_count(m) for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert counts == [896, 9_248, 9_248, 9_248, 18_496, 36_928, 2_949_376, 32_896, 903]
    assert _count(network) == 3_067_239
    assert network.hidden[1].in_features == 11_520
    rates = [m.p for m in network.modules() if isinstance(m, nn.Dropout)]
    assert rates == [0.16, 0.20, 0.25, 0.4]


def test_the_pictures_memory_order_does_not_change_the_dnns_answer() -> None:
    network, picture = DnnConfig().build().eval(), torch.randn(2, 3, 100, 125)
    metadata = torch.zeros(2, 19)
    turned = picture.contiguous(memory_format=torch.channels_last)
    assert torch.equal(network(picture, metadata).image, network(turned, metadata).image)


@pytest.mark.parametrize(("config", "norms"), [(DnnConfig(batch_norm=True), 4), (CnnConfig(batch_norm=True), 8)])
def test_batch_norm_stands_before_each_relu(config: DnnConfig | CnnConfig, norms: int) -> None:
    order = [type(m) for m in config.build().modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d | nn.ReLU)]
    assert len(order) == 2 * norms
    assert all(kind is not nn.ReLU for kind in order[::2])
    assert all(kind is nn.ReLU for kind in order[1::2])


def test_dropout_can_be_turned_on_in_the_dnn_and_off_in_the_cnn() -> None:
    plain, dropped = DnnConfig().build(), DnnConfig(dropout=0.5).build()
    assert not _wavers(plain, (100, 125))
    assert _wavers(dropped, (100, 125))
    assert _wavers(CnnConfig().build(), (100, 125))
    assert not _wavers(CnnConfig(dropout=0.0).build(), (100, 125))


def _wavers(network: Network, size: tuple[int, int]) -> bool:
    picture, metadata = torch.randn(2, 3, *size), torch.zeros(2, 19)
    return not torch.equal(network(picture, metadata).image, network(picture, metadata).image)


@pytest.mark.parametrize("config", [DnnConfig(l2=0.01), CnnConfig(l2=0.01)])
def test_l2_pulls_weights_and_leaves_biases_alone(config: DnnConfig | CnnConfig) -> None:
    network = config.build()
    network.penalty().backward()
    for name, parameter in network.named_parameters():
        if name.endswith("weight"):
            assert torch.allclose(parameter.grad, 0.02 * parameter, atol=1e-7)
        else:
            assert parameter.grad is None


def test_without_l2_nothing_is_added() -> None:
    assert DnnConfig().build().penalty() == 0
