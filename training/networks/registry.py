"""The networks that ``train --network`` knows: a name for each configuration, and a configuration for each record."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from training.networks.fused import FusedConfig

NetworkConfig = FusedConfig
NETWORKS: dict[str, type[NetworkConfig]] = {"fused": FusedConfig}


def name_of(config: NetworkConfig) -> str:
    """The registered name of a configuration."""
    return next(name for name, kind in NETWORKS.items() if type(config) is kind)


def to_dict(config: NetworkConfig) -> dict[str, Any]:
    """As plain values, with the name; ``from_dict`` reads it back."""
    return {"name": name_of(config), **asdict(config)}


def from_dict(document: dict[str, Any]) -> NetworkConfig:
    """Read what ``to_dict`` wrote. Raises ``KeyError`` for an unknown name, ``TypeError`` for an unknown field."""
    values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in document.items()}
    kind = NETWORKS[values.pop("name")]
    return kind(**values)
