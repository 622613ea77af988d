"""torchvision's networks with a new head: counted, frozen where asked, and started from a verified file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

from training.networks.network import NetworkConfig
from training.networks.registry import NETWORKS
from training.networks.transfer import MobileNetV2Config, TransferConfig, TransferNetwork, Vgg16Config

# Parameters with the stock head (torchvision's own tables), and with seven classes.
COUNTS = {
    "resnet50": (25_557_032, 23_522_375),
    "efficientnet-b0": (5_288_548, 4_016_515),
    "mobilenet-v2": (3_504_872, 2_232_839),
    "vgg16": (138_357_544, 134_289_223),
}


def _config(name: str, **more: object) -> TransferConfig:
    config: NetworkConfig = NETWORKS[name](**more)
    assert isinstance(config, TransferConfig)
    return config


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("name", COUNTS)
def test_no_parameter_of_the_stock_network_is_lost(name: str) -> None:
    config = _config(name)
    with torch.device("meta"):
        stock, ours = config.stock(), config.build()
    assert (_count(stock), _count(ours)) == COUNTS[name]
    assert config.published.meta["num_params"] == COUNTS[name][0]


@pytest.mark.parametrize("name", COUNTS)
def test_only_the_top_blocks_and_the_head_are_trained(name: str) -> None:
    with torch.device("meta"):
        networks = {n: _config(name, train_blocks=n).build() for n in (0, 1, _config(name).count)}
    names = {n: {key for key, p in net.named_parameters() if p.requires_grad} for n, net in networks.items()}
    assert names[0] == {"head.weight", "head.bias"}
    assert names[0] < names[1] < names[_config(name).count]
    assert names[_config(name).count] == {key for key, _ in networks[0].named_parameters()}


def test_frozen_parameters_get_no_gradient_and_frozen_norms_keep_their_statistics() -> None:
    network = MobileNetV2Config(train_blocks=2).build().train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    network(torch.randn(2, 3, 64, 64), torch.zeros(2, 19)).fused.square().sum().backward()
    for key, parameter in network.named_parameters():
        trained = key.startswith(("blocks.17", "blocks.18", "head"))
        assert (parameter.grad is None) == (not trained), key
    moved = {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
    assert moved
    assert all(key.startswith(("blocks.17", "blocks.18")) for key in moved)


def test_the_pieces_give_the_stock_networks_answer() -> None:
    config = MobileNetV2Config()
    torch.manual_seed(0)
    stock = config.stock().eval()
    network = config.build().eval()
    parts = config.cut(stock)
    network.blocks.load_state_dict(nn.Sequential(*parts.blocks).state_dict())
    stock.classifier[-1] = network.head
    picture = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        assert torch.allclose(network(picture, torch.zeros(1, 19)).image, stock(picture), atol=1e-5)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@dataclass(frozen=True)
class LocalConfig(MobileNetV2Config):
    """MobileNetV2 whose published file is one that a test wrote."""

    file: str = ""

    @property
    def url(self) -> str | None:
        return f"http://127.0.0.1:9/{self.file}" if super().url else None


def _written(hub: Path) -> tuple[Path, dict[str, torch.Tensor]]:
    state = MobileNetV2Config().stock().state_dict()
    torch.save(state, hub / "draft.pth")
    digest = hashlib.sha256((hub / "draft.pth").read_bytes()).hexdigest()
    return (hub / "draft.pth").rename(hub / f"net-{digest[:8]}.pth"), state


def test_training_starts_from_the_published_weights_and_a_new_head(hub: Path) -> None:
    path, state = _written(hub)
    network = LocalConfig(weights="imagenet", file=path.name).build()
    head = network.head.weight.clone()
    assert not torch.equal(network.blocks[0][0].weight, state["features.0.0.weight"])
    network.load_pretrained()
    assert torch.equal(network.blocks[0][0].weight, state["features.0.0.weight"])
    assert torch.equal(network.blocks[18][1].running_var, state["features.18.1.running_var"])
    assert torch.equal(network.head.weight, head)


def test_a_file_that_was_changed_is_refused(hub: Path) -> None:
    path, _ = _written(hub)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ValueError, match="is not the file that was published"):
        LocalConfig(weights="imagenet", file=path.name).build().load_pretrained()


def test_without_a_connection_one_sentence_says_where_the_file_belongs(hub: Path) -> None:
    with pytest.raises(ValueError, match="could not be downloaded") as refused:
        LocalConfig(weights="imagenet", file="net-12345678.pth").fetch()
    assert f"put that file at {hub / 'net-12345678.pth'} and start again." in str(refused.value)
    assert not list(hub.iterdir())


def test_without_pretrained_weights_nothing_is_fetched(hub: Path) -> None:
    config = LocalConfig(file="net-12345678.pth")
    config.fetch()
    network: TransferNetwork = config.build()
    network.load_pretrained()
    assert network.config.colours is None
    assert MobileNetV2Config(weights="imagenet").url == "https://download.pytorch.org/models/mobilenet_v2-7ebf99e0.pth"


def test_imagenets_colours_come_with_its_weights() -> None:
    assert MobileNetV2Config(weights="imagenet").colours == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.mark.parametrize("wrong", [{"weights": "imagenet21k"}, {"train_blocks": -1}, {"train_blocks": 7}])
def test_what_vgg16_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Vgg16Config(**wrong)
