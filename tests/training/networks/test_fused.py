"""The network's two promises: unknown metadata change nothing, and Grad-CAM is a closed form."""

import numpy as np
import pytest
import torch
from torch import nn

from inference.gradcam import class_heat
from inference.metadata import MetadataEncoding
from training.networks.fused import FusedConfig, FusedNetwork


@pytest.fixture
def network() -> FusedNetwork:
    torch.manual_seed(0)
    made = FusedNetwork(FusedConfig(widths=(8, 16, 16, 24))).eval()
    for module in made.modules():  # untrained norms are the identity and would hide a mistake
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
    return made


def test_unknown_metadata_leave_the_pictures_answer_untouched(network: FusedNetwork) -> None:
    scores = network(torch.randn(3, 3, 96, 128), torch.zeros(3, MetadataEncoding().size))
    assert torch.equal(scores.fused, scores.image)


def test_known_metadata_change_the_answer_but_not_the_pictures_part(network: FusedNetwork) -> None:
    picture = torch.randn(1, 3, 96, 128)
    none, some = torch.zeros(1, MetadataEncoding().size), torch.zeros(1, MetadataEncoding().size)
    some[0, 3] = 1
    assert torch.equal(network(picture, none).image, network(picture, some).image)
    assert not torch.equal(network(picture, none).fused, network(picture, some).fused)


def test_the_served_size_gives_a_heatmap_of_9_by_12_cells(network: FusedNetwork) -> None:
    scores = network(torch.randn(1, 3, 144, 192), torch.zeros(1, MetadataEncoding().size))
    assert scores.features.shape == (1, 24, 9, 12)
    assert scores.mask.shape == (1, 1, 9, 12)
    assert scores.features.min() >= 0


def test_closed_form_grad_cam_equals_autograd_through_the_whole_network(network: FusedNetwork) -> None:
    picture = torch.randn(1, 3, 144, 192, requires_grad=True)
    metadata = torch.rand(1, MetadataEncoding().size)
    kept: list[torch.Tensor] = []
    network.backbone.register_forward_hook(lambda _, __, out: kept.append(out))
    scores = network(picture, metadata)
    features = kept[0]
    served = class_heat(network.head.weight.detach().numpy(), features[0].detach().numpy())
    for k in range(7):
        gradient = torch.autograd.grad(scores.fused[0, k], features, retain_graph=True)[0]
        alpha = gradient.mean(dim=(2, 3), keepdim=True)  # Selvaraju et al. 2017, equation 1
        reference = torch.relu((alpha * features).sum(dim=1))[0].detach().numpy()
        assert reference.max() > 0 or served[k].max() == 0
        np.testing.assert_allclose(served[k], reference, atol=1e-4 * max(1e-3, reference.max()))


def test_the_parameter_count_is_pinned() -> None:
    default = FusedNetwork(FusedConfig())
    assert sum(parameter.numel() for parameter in default.parameters()) == 6_303_676
