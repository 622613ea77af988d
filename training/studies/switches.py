"""What an ablation turns on or off, one thing at a time, from a base: each switch is a field of the configuration."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from training.data.filters import FILTERS
from training.fitting.config import TrainConfig
from training.studies.contenders import recipe


@dataclass(frozen=True)
class Switch:
    """``name`` is the row and the folder of its run; ``field`` is dotted from ``TrainConfig`` down."""

    name: str
    field: str
    value: Any


BASES: dict[str, TrainConfig] = {name: recipe(name) for name in ("fused", "cnn", "dnn")}
WITHOUT_METADATA = Switch("trained-without-metadata", "drop_all_metadata", 1.0)
_ANY_NETWORK = (
    Switch("no-augmentation", "schedule.augment", "none"),
    Switch("augmentation-of-the-report", "schedule.augment", "report_code"),
    Switch("no-mixup", "schedule.mixup_share", 0.0),
    Switch("natural-sampling", "sampling", "natural"),
    Switch("class-weights", "losses.class_weights", "balanced"),
    Switch("focal-loss", "losses.kind", "focal"),
    Switch("no-label-smoothing", "losses.smoothing", 0.0),
    Switch("no-weight-averaging", "ema", 0.0),
)
# What is done to pictures and metadata before any network sees them (``training.data.filters`` and ``cleaning``). The
# cleaning 'report' drops rows, so it has other sides and no place in this table.
_FILTERS = tuple(Switch(f"filter-{name}", "filters", (name,)) for name in FILTERS)
_MEAN_AGE = Switch("mean-age", "cleaning", "mean-age")
_REGULARISERS = (Switch("batch-norm", "network.batch_norm", True), Switch("l2", "network.l2", 1e-4))  # noqa: FBT003
SWITCHES: dict[str, tuple[Switch, ...]] = {
    "fused": (
        WITHOUT_METADATA,
        Switch("joint-loss", "losses.joint", True),  # noqa: FBT003
        Switch("fusion-by-concatenation", "network.fusion", "concat"),
        Switch("fusion-by-metablock", "network.fusion", "metablock"),
        Switch("squeeze-and-excitation", "network.attention", "se"),
        Switch("cbam", "network.attention", "cbam"),
        Switch("no-dropout", "network.dropout", 0.0),
        Switch("no-mask-head", "network.mask_head", False),  # noqa: FBT003
        Switch("no-heat-loss", "losses.heat", 0.0),
        _MEAN_AGE,
        *_ANY_NETWORK,
        *_FILTERS,
    ),
    "cnn": (*_REGULARISERS, Switch("no-dropout", "network.dropout", 0.0), *_ANY_NETWORK, *_FILTERS),
    "dnn": (*_REGULARISERS, Switch("dropout", "network.dropout", 0.2), *_ANY_NETWORK, *_FILTERS),
}


def turn(config: TrainConfig, switch: Switch) -> TrainConfig:
    """``config`` with one field changed. Raises ``ValueError`` where there is no such field, or it has that value."""
    changed: TrainConfig = _replaced(config, switch.field.split("."), switch)
    if changed == config:
        raise ValueError(f"The switch {switch.name} changes nothing: {switch.field} is {switch.value!r} already.")
    return changed


def _replaced(config: Any, path: list[str], switch: Switch) -> Any:
    if path[0] not in {field.name for field in fields(config)}:
        raise ValueError(f"The switch {switch.name} names the field {switch.field}, which does not exist.")
    value = _replaced(getattr(config, path[0]), path[1:], switch) if path[1:] else switch.value
    return replace(config, **{path[0]: value})
