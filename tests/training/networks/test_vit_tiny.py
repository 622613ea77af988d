from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from training.networks.vit_tiny import VitTinyConfig


def test_it_has_the_parameters_of_deit_tiny() -> None:
    counts = {}
    for classes in (1000, 7):
        with torch.device("meta"):
            network = replace(VitTinyConfig(), classes=classes).build()
        counts[classes] = sum(parameter.numel() for parameter in network.parameters())
    assert counts == {1000: 5_717_416, 7: 5_525_767}


def test_every_parameter_learns() -> None:
    network = VitTinyConfig(input_size=(32, 32), depth=2).build()
    torch.nn.init.normal_(network.trunk.heads.head.weight)  # it starts at zero, which lets nothing through
    network(torch.randn(2, 3, 32, 32), torch.zeros(2, 19)).fused.square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert network.trunk.encoder.layers[0].mlp[0].weight.grad.abs().sum() > 0


@pytest.mark.parametrize("wrong", [{"input_size": (144, 192)}, {"input_size": (100, 100)}, {"width": 100}])
def test_what_cannot_be_cut_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        VitTinyConfig(**wrong)
