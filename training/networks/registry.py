"""The networks that ``train --network`` knows: a name for each configuration, and a configuration for each record."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from training.networks.fused import FusedConfig
from training.networks.metadata_only import MetadataOnlyConfig
from training.networks.network import NetworkConfig
from training.networks.report_cnn import CnnConfig
from training.networks.report_dnn import DnnConfig
from training.networks.transfer import EfficientNetB0Config, MobileNetV2Config, ResNet50Config, Vgg16Config
from training.networks.vit_tiny import VitTinyConfig

NETWORKS: dict[str, type[NetworkConfig]] = {
    "fused": FusedConfig,
    "dnn": DnnConfig,
    "cnn": CnnConfig,
    "metadata-only": MetadataOnlyConfig,
    "resnet50": ResNet50Config,
    "efficientnet-b0": EfficientNetB0Config,
    "mobilenet-v2": MobileNetV2Config,
    "vgg16": Vgg16Config,
    "vit-tiny": VitTinyConfig,
}


def name_of(config: NetworkConfig) -> str:
    """The registered name of a configuration."""
    return next(name for name, kind in NETWORKS.items() if type(config) is kind)


def to_dict(config: NetworkConfig) -> dict[str, Any]:
    """As plain values, with the name; ``from_dict`` reads it back."""
    return {"name": name_of(config), **asdict(config)}


def from_dict(document: dict[str, Any]) -> NetworkConfig:
    """Read what ``to_dict`` wrote. Raises ``ValueError`` for an unknown name or field."""
    values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in document.items()}
    kind = named(str(values.pop("name", "")))
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"The record of this network does not fit the code: {error}.") from None


def named(name: str) -> type[NetworkConfig]:
    """The configuration of a name. Raises ``ValueError`` with the names that exist."""
    if name not in NETWORKS:
        raise ValueError(f"There is no network {name!r}; there are {', '.join(NETWORKS)}.")
    return NETWORKS[name]
