"""Four ways to add what the metadata say; none may touch the picture's answer where nothing is known."""

from __future__ import annotations

import pytest
import torch

from inference.metadata import MetadataEncoding
from training.networks.fused import FusedConfig, FusedNetwork
from training.networks.fusion import FUSIONS

D = MetadataEncoding().size
HEARD = [kind for kind in FUSIONS if kind != "none"]


def _network(kind: str, **more: bool) -> FusedNetwork:
    torch.manual_seed(0)
    return FusedConfig(widths=(8, 8, 16, 16), blocks=(1, 1, 1, 1), fusion=kind, **more).build().eval()


def _known() -> torch.Tensor:
    return torch.rand(3, D)


@pytest.mark.parametrize("kind", FUSIONS)
def test_unknown_metadata_leave_the_pictures_answer_untouched(kind: str) -> None:
    scores = _network(kind)(torch.randn(3, 3, 96, 128), torch.zeros(3, D))
    assert torch.equal(scores.fused, scores.image)


@pytest.mark.parametrize("kind", HEARD)
def test_known_metadata_are_heard_and_the_pictures_part_stays(kind: str) -> None:
    network, picture = _network(kind), torch.randn(3, 3, 96, 128)
    none, some = network(picture, torch.zeros(3, D)), network(picture, _known())
    assert torch.equal(none.image, some.image)
    assert (some.metadata.abs().sum(dim=1) > 0).all()
    assert not torch.allclose(some.metadata[0], some.metadata[1])


@pytest.mark.parametrize("kind", FUSIONS)
def test_rows_of_a_batch_do_not_meet(kind: str) -> None:
    network, picture, metadata = _network(kind), torch.randn(3, 3, 96, 128), _known()
    metadata[1] = 0
    together = network(picture, metadata).fused
    alone = torch.cat([network(picture[i : i + 1], metadata[i : i + 1]).fused for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize(("kind", "reads"), [("additive", False), ("concat", True), ("metablock", True)])
def test_only_joint_ways_read_the_picture_beside_the_metadata(kind: str, reads: bool) -> None:
    network, metadata = _network(kind), _known()[:1]
    one, other = (network(torch.randn(1, 3, 96, 128), metadata).metadata for _ in range(2))
    assert torch.equal(one, other) != reads


def test_without_fusion_metadata_are_not_read() -> None:
    network, picture = _network("none"), torch.randn(3, 3, 96, 128)
    assert torch.equal(network(picture, _known()).fused, network(picture, torch.zeros(3, D)).fused)
    assert not list(network.metadata_head.parameters())


def test_metablock_is_the_papers_formula() -> None:
    block = _network("metablock").metadata_head
    features, metadata = torch.randn(2, 16, 3, 4), torch.rand(2, D)
    cell = torch.sigmoid(torch.tanh(features[1, :, 2, 1] * block.scale(metadata)[1]) + block.shift(metadata)[1])
    kept: list[torch.Tensor] = []
    block.value.register_forward_pre_hook(lambda _, args: kept.append(args[0]))
    block(features, metadata)
    alone = features[1:, :, 2:, 1:2]
    block(alone[:, :, :1], metadata[1:])
    assert torch.allclose(kept[1][0], cell, atol=1e-6)
    assert kept[0].shape == (2, 16)


@pytest.mark.parametrize("on", [True, False])
def test_the_mask_head_can_be_left_out(on: bool) -> None:
    network = _network("additive", mask_head=on)
    scores = network(torch.randn(1, 3, 96, 128), torch.zeros(1, D))
    assert (scores.mask is not None) == on
    assert any(name.startswith("mask_head") for name, _ in network.named_parameters()) == on


def test_an_unknown_fusion_is_refused() -> None:
    with pytest.raises(ValueError, match=r"fusion: 'sum' is not one of none, additive, concat, metablock\."):
        FusedConfig(fusion="sum")
