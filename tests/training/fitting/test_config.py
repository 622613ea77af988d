"""A run's record gives back the configuration that it was written from, and an older one still does."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.training.fitting.test_engine import TINY
from training.data.records import DataError
from training.fitting.config import TrainConfig, read_config
from training.fitting.losses import LossWeights
from training.fitting.schedule import Schedule

# What the release 0.1.0 wrote, field by field: its network had no name and nothing had an optimiser.
FIRST_RECORD = """{"network": {"widths": [32, 64, 128, 256], "blocks": [2, 2, 2, 2], "hidden": 32, "classes": 7,
"metadata": 19, "dropout": 0.2}, "schedule": {"peak": 0.1, "warmup": 0.05, "sizes": [[0.45, [96, 128]],
[0.75, [112, 144]], [1.0, [144, 192]]], "gentle_from": 0.9}, "losses": {"smoothing": 0.05, "mask": 0.4, "heat": 0.1},
"seed": 1, "epochs": 100, "budget_minutes": 0.0, "batch": 64, "weight_decay": 0.0005, "momentum": 0.9,
"mixup_alpha": 0.2, "drop_all_metadata": 0.3, "drop_field": 0.1, "ema": 0.998, "patience": 0, "validate_every": 3,
"precision": "bf16-mixed"}"""


def _written(document: object, tmp_path: Path) -> Path:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("config", [TINY, TrainConfig(schedule=Schedule(rate="plateau"), losses=LossWeights(0.0))])
def test_a_record_gives_back_its_configuration(config: TrainConfig, tmp_path: Path) -> None:
    assert read_config(_written(config.to_dict(), tmp_path)) == config


def test_the_first_release_s_record_is_today_s_default_recipe(tmp_path: Path) -> None:
    found = read_config(_written(json.loads(FIRST_RECORD), tmp_path))
    ours = asdict(TrainConfig())
    differ = {key: value for key, value in asdict(found).items() if value != ours[key]}
    assert set(differ) == {"network", "seed"}
    assert found.network.widths == (32, 64, 128, 256)


def test_a_record_that_names_what_is_unknown_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="warp_drive"):
        read_config(_written({**TINY.to_dict(), "warp_drive": 9}, tmp_path))
    with pytest.raises(DataError, match="is not there; give the config"):
        read_config(tmp_path / "nowhere" / "config.json")
