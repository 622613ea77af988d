"""Every network of the registry keeps the same promises."""

from __future__ import annotations

import json

import pytest
import torch

from inference.metadata import MetadataEncoding
from training.networks.fused import FusedConfig
from training.networks.network import Network, NetworkConfig
from training.networks.registry import NETWORKS, from_dict, named, to_dict

SMALL = {"fused": FusedConfig(widths=(8, 8, 16, 16), blocks=(1, 1, 1, 1))}


def _config(name: str) -> NetworkConfig:
    return SMALL.get(name) or NETWORKS[name]()


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Network:
    torch.manual_seed(0)
    built: Network = _config(request.param).build().eval()
    return built


def _picture(network: Network) -> torch.Tensor:
    return torch.randn(1, 3, *(network.config.input_size or (96, 128)))


NOTHING_KNOWN = torch.zeros(1, MetadataEncoding().size)


def test_it_answers_scores_of_seven_classes_and_metadata_are_zero_where_nothing_is_known(network: Network) -> None:
    with torch.no_grad():
        scores = network(_picture(network), NOTHING_KNOWN)
    assert scores.image.shape == scores.metadata.shape == scores.fused.shape == (1, 7)
    assert scores.fused.isfinite().all()
    assert torch.equal(scores.metadata, torch.zeros(1, 7))


def test_features_are_answered_only_where_a_linear_head_stands_on_their_mean(network: Network) -> None:
    with torch.no_grad():
        one, other = (network(_picture(network), NOTHING_KNOWN) for _ in range(2))
    assert (one.features is None) == (network.pooled_head is None)
    if one.features is not None:
        rests = [s.image - s.features.mean(dim=(2, 3)) @ network.pooled_head.T for s in (one, other)]
        assert torch.allclose(*rests, atol=1e-4)  # the bias alone is left, whatever the picture


def test_the_declared_layer_has_cells_that_the_score_depends_on(network: Network) -> None:
    if network.config.cam_layer is None:
        return
    kept: list[torch.Tensor] = []
    hook = network.get_submodule(network.config.cam_layer).register_forward_hook(lambda _, __, out: kept.append(out))
    scores = network(_picture(network).requires_grad_(), NOTHING_KNOWN)
    hook.remove()
    (cells,) = kept
    assert cells.ndim == 4
    assert min(cells.shape[2:]) >= 6  # enough cells for a heatmap
    assert torch.autograd.grad(scores.image[0, 0], cells)[0].abs().sum() > 0


@pytest.mark.parametrize("name", NETWORKS)
def test_a_record_of_the_configuration_gives_it_back(name: str) -> None:
    config = _config(name)
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config


def test_a_record_of_before_the_switches_is_still_read() -> None:
    old = {"name": "fused", "widths": [32, 64, 128, 256], "blocks": [2, 2, 2, 2], "hidden": 32, "classes": 7}
    config = from_dict({**old, "metadata": 19, "dropout": 0.2})
    assert config == FusedConfig(widths=(32, 64, 128, 256))
    assert {"metadata_head.gate.weight", "mask_head.weight", "head.weight"} <= set(config.build().state_dict())


def test_unknown_names_and_fields_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no network 'resnet'; there are fused"):
        named("resnet")
    with pytest.raises(ValueError, match="colour"):
        from_dict({"name": "dnn", "colour": 3})


def test_metadata_alone_answer_and_the_picture_is_not_read() -> None:
    network = NETWORKS["metadata-only"]().build().eval()
    known = torch.rand(1, MetadataEncoding().size)
    one, other = (network(torch.randn(1, 3, 96, 128), known) for _ in range(2))
    assert torch.equal(one.fused, other.fused)
    assert one.metadata.abs().sum() > 0
    assert torch.equal(one.image, torch.zeros(1, 7))
