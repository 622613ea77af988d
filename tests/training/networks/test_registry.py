"""Every network of the registry keeps the same promises."""

from __future__ import annotations

import json

import pytest
import torch

from inference.metadata import MetadataEncoding
from training.networks.fused import FusedConfig
from training.networks.network import NetworkConfig
from training.networks.registry import NETWORKS, from_dict, named, to_dict

SMALL = {"fused": FusedConfig(widths=(8, 8, 16, 16), blocks=(1, 1, 1, 1))}


def _config(name: str) -> NetworkConfig:
    return SMALL.get(name) or NETWORKS[name]()


@pytest.mark.parametrize("name", NETWORKS)
def test_it_answers_scores_of_seven_classes_and_metadata_are_zero_where_nothing_is_known(name: str) -> None:
    config = _config(name)
    network = config.build().eval()
    with torch.no_grad():
        scores = network(torch.randn(2, 3, *(config.input_size or (96, 128))), torch.zeros(2, MetadataEncoding().size))
    assert scores.image.shape == scores.metadata.shape == scores.fused.shape == (2, 7)
    assert scores.fused.isfinite().all()
    assert torch.equal(scores.metadata, torch.zeros(2, 7))


@pytest.mark.parametrize("name", NETWORKS)
def test_features_are_answered_only_where_a_linear_head_stands_on_their_mean(name: str) -> None:
    config = _config(name)
    network = config.build().eval()
    with torch.no_grad():
        scores = network(torch.randn(1, 3, *(config.input_size or (96, 128))), torch.zeros(1, MetadataEncoding().size))
    assert (scores.features is None) == (network.pooled_head is None)
    if scores.features is not None:
        pooled = scores.features.mean(dim=(2, 3)) @ network.pooled_head.T
        rest = scores.image - pooled  # the bias, the same for another picture
        with torch.no_grad():
            other = network(torch.rand(1, 3, *(config.input_size or (96, 128))), torch.zeros(1, 19))
        assert torch.allclose(other.image - other.features.mean(dim=(2, 3)) @ network.pooled_head.T, rest, atol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_declared_layer_has_cells_that_the_score_depends_on(name: str) -> None:
    config = _config(name)
    if config.cam_layer is None:
        return
    network, kept = config.build().eval(), []
    network.get_submodule(config.cam_layer).register_forward_hook(lambda _, __, out: kept.append(out))
    picture = torch.randn(1, 3, *(config.input_size or (96, 128))).requires_grad_()
    scores = network(picture, torch.zeros(1, MetadataEncoding().size))
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
