"""The networks of a bundle, read back from its graph and heads: nothing that was trained is lost with its run.

A member's backbone, mask head and metadata branch are exact. Its head's offset is not: a bundle stores the sum of the
members' alone, so each gets their mean, which leaves the average of all members exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from inference.bundle import MANIFEST_FILE, Bundle
from inference.conformance import seeded_input
from inference.head import MetadataMember
from training.data.records import DataError
from training.data.splits import Split
from training.fitting.config import Start
from training.networks.fused import FusedConfig, FusedNetwork
from training.networks.fusion import Additive
from training.networks.network import NetworkConfig
from training.networks.unfolding import load_folded

_HALF, _BIAS = ".half", ".weight_bias"  # how export names what it halved, and a norm that it folded
TOLERANCE = 1e-3  # in logits; torch and the runtime differ in float32 by about 1e-5


@dataclass(frozen=True)
class Member:
    """One network of a bundle, ready to go on from: ``number`` counts from 0 in the order of the model card."""

    path: Path
    number: int
    network: FusedNetwork
    sha256: str
    split_sha256: str
    epochs: int
    minutes: float

    def as_start(self, network: NetworkConfig, split: Split) -> Start:
        """This member as the beginning of a run. Raises ``ValueError`` where it does not fit or saw other data."""
        own = self.network.config
        if not isinstance(network, FusedConfig) or _served(network) != _served(own):
            raise ValueError(
                f"Member {self.number} of {self.path} is another network; give the same switches to go on from it: "
                f"--widths {'-'.join(map(str, own.widths))} --blocks {'-'.join(map(str, own.blocks))}."
            )
        if self.split_sha256 != split.digest():
            raise ValueError(f"{self.path} was trained on another split, so it knows test pictures of this one.")
        return Start(self.sha256, self.epochs, self.minutes, member=self.number)


def is_bundle(path: Path) -> bool:
    """Whether ``path`` is a bundle's folder rather than a run's."""
    return (path / MANIFEST_FILE).is_file()


def load_member(path: Path, number: int) -> Member:
    """One network of the bundle in ``path``. Raises ``BundleError`` or ``DataError`` where it cannot be read."""
    bundle = Bundle.load(path)
    networks, made = networks_of(bundle), _members(bundle)
    if not 0 <= number < len(networks):
        raise DataError(f"{path} has the members 0 to {len(networks) - 1}; give --member one of these, not {number}.")
    return Member(
        path,
        number,
        networks[number],
        bundle.sha256,
        str(bundle.manifest.training_data.get("split_sha256", "")),
        int(made[number].get("epochs", 0)),
        float(made[number].get("minutes", 0.0)),
    )


def networks_of(bundle: Bundle) -> list[FusedNetwork]:
    """The members as torch networks in eval mode, their norms folded. Their mean answers the bundle's self check.

    Raises ``DataError`` where the graph is not one that ``export`` writes.
    """
    made, head = _members(bundle), bundle.head
    if first := bundle.manifest.document.get("quantised_from"):
        raise DataError(
            f"{bundle.path} holds rounded weights; give the bundle {first['version']} that it was made from."
        )
    if not made or len(made) != len(head.members):
        raise DataError(f"{bundle.path} does not name the networks that it is made of; give one that export wrote.")
    tensors = _initialisers(bundle.model)
    try:
        configs = [_config(one, member) for one, member in zip(made, head.members, strict=True)]
        shares = np.split(head.W * np.float32(len(made)), np.cumsum([config.widths[-1] for config in configs])[:-1], 1)
        networks = [
            _network(config, number, tensors, torch.from_numpy(shares[number]), torch.from_numpy(head.b))
            for number, config in enumerate(configs)
        ]
        for network, member in zip(networks, head.members, strict=True):
            _load_metadata(network, member, len(made))
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise DataError(f"The graph of {bundle.path} is not one that export writes: {error}.") from error
    _check(networks, bundle)
    return networks


def _members(bundle: Bundle) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = bundle.manifest.document.get("members", [])
    return members


def _config(made: Mapping[str, Any], member: MetadataMember) -> FusedConfig:
    blocks = tuple(made.get("blocks", FusedConfig().blocks))  # bundles of 0.2.0 and before name none
    return FusedConfig(widths=tuple(made["widths"]), blocks=blocks, hidden=len(member.c), metadata=member.U.shape[1])


def _network(
    config: FusedConfig, number: int, tensors: Mapping[str, Tensor], weight: Tensor, bias: Tensor
) -> FusedNetwork:
    """Backbone and mask head from the graph's tensors, the head's ``weight`` (K,C) and ``bias`` (K,) as given."""
    network, prefix = config.build().eval(), f"backbones.{number}."
    own = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    biases = {name.removesuffix(_BIAS): value for name, value in own.items() if name.endswith(_BIAS)}
    kernels = {name.removesuffix(".weight"): value for name, value in own.items() if name.endswith(".weight")}
    load_folded(network.backbone, kernels, biases)
    network.head.load_state_dict({"weight": weight, "bias": bias})
    if network.mask_head is not None:
        network.mask_head.load_state_dict({key: tensors[f"masks.{number}.{key}"] for key in ("weight", "bias")})
    return network


def _load_metadata(network: FusedNetwork, member: MetadataMember, members: int) -> None:
    branch = network.metadata_head
    if not isinstance(branch, Additive):
        raise TypeError("a bundle's metadata are additive")
    arrays = {
        "hidden.weight": member.U,
        "hidden.bias": member.c,
        "gate.weight": member.G,
        "gate.bias": member.d,
        "value.weight": member.V * np.float32(members),
    }
    branch.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})


def _initialisers(model: bytes) -> dict[str, Tensor]:
    """The graph's weights by the name that torch gave them, in single precision."""
    return {
        tensor.name.removesuffix(_HALF): torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32))
        for tensor in onnx.load_from_string(model).graph.initializer
        if tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    }


def _served(config: FusedConfig) -> dict[str, Any]:
    """What makes the served network; dropout and checkpointing are of training alone."""
    return {key: value for key, value in vars(config).items() if key not in ("dropout", "checkpointing", "input_size")}


@torch.no_grad()
def _check(networks: list[FusedNetwork], bundle: Bundle) -> None:
    """Raise ``DataError`` unless the mean of ``networks`` answers as the bundle's stored answers say."""
    manifest = bundle.manifest
    for stored in manifest.self_check:
        image = torch.from_numpy(seeded_input(stored.seed, manifest.input.height, manifest.input.width))
        known = torch.from_numpy(manifest.metadata_encoding.encode(stored.metadata))[None]
        found = torch.stack([network(image, known).fused for network in networks]).mean(dim=0)[0]
        expected = torch.tensor([stored.logits[code] for code in manifest.labels])
        if not (found - expected).abs().max() <= TOLERANCE:
            raise DataError(f"The networks read from {bundle.path} do not give its stored answers; export it again.")
