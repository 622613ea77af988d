"""The report's own settings, as its code has them, and that a run of each works from one flag."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.__main__ import main
from training.fitting.config import TrainConfig, read_config
from training.fitting.recipes import RECIPES
from training.networks.registry import name_of


def test_the_report_s_numbers() -> None:
    dnn, cnn = RECIPES["report-dnn"], RECIPES["report-cnn"]
    assert (name_of(dnn.network), dnn.epochs, dnn.batch, dnn.optimiser) == ("dnn", 50, 10, "adam")
    assert (dnn.schedule.rate, dnn.schedule.peak, dnn.schedule.augment) == ("constant", 7.5e-4, "none")
    assert (name_of(cnn.network), cnn.epochs, cnn.batch, cnn.optimiser) == ("cnn", 60, 16, "adam")
    rate = cnn.schedule
    assert (rate.rate, rate.peak, rate.patience, rate.factor, rate.floor) == ("plateau", 1e-4, 4, 0.5, 1e-5)
    assert rate.augment == "report_code"
    for plain in (dnn, cnn):
        assert (plain.losses.smoothing, plain.schedule.mixup_share, plain.ema) == (0.0, 0.0, 0.0)
        assert (plain.sampling, plain.losses.class_weights, plain.weight_decay) == ("natural", "none", 0.0)
    assert RECIPES["own"] == TrainConfig()


@pytest.mark.parametrize("name", ["report-dnn", "report-cnn"])
def test_one_flag_trains_a_recipe_and_its_record_says_so(name: str, drawn: Path, tmp_path: Path) -> None:
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "run")]
    main(["train", *data, "--recipe", name, "--epochs", "1"])
    record, recipe = read_config(tmp_path / "run" / "config.json"), RECIPES[name]
    assert (record.network, record.batch, record.optimiser) == (recipe.network, recipe.batch, "adam")
    assert (record.preset, record.epochs) == ("report-code", 1)
    assert (tmp_path / "run" / "final.ckpt").is_file()
