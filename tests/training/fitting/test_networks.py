"""Any network of the registry goes through the same engine, at the size that it reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.fitting.test_engine import TINY
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import split_by_lesion
from training.evaluation.trained import score_run
from training.export.bundle import export
from training.fitting.engine import fit
from training.fitting.runs import Run, load_run
from training.networks.report_dnn import DnnConfig
from training.networks.transfer import MobileNetV2Config


@pytest.fixture(scope="module")
def run(records: list[Record], pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("dnn")
    config = replace(TINY, network=DnnConfig(hidden=(16,), l2=1e-4), epochs=1)
    fit(records, pictures, split_by_lesion(records, []), config, out)
    return load_run(out)


def test_the_run_is_read_back_and_scored_at_its_own_size(run: Run, records: list[Record], pictures: Pictures) -> None:
    judged = score_run(run, records, pictures, [0, 5, 9], batch=2)
    assert run.network_config == DnnConfig(hidden=(16,), l2=1e-4)
    assert np.ptp(judged.image, axis=0).min() > 0
    np.testing.assert_array_equal(judged.fused, judged.image)  # it reads no metadata


def test_its_weights_moved(run: Run) -> None:
    assert run.network.head.bias.abs().min() > 0  # it starts at zero


def test_a_bundle_cannot_carry_it(run: Run, records: list[Record], pictures: Pictures, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a bundle cannot carry dnn; it carries fused"):
        export([run], records, pictures, tmp_path / "bundle", name="n", version="1.0.0", bootstrap=5)
    assert not (tmp_path / "bundle").exists()


def test_frozen_blocks_leave_training_as_they_entered_it(
    records: list[Record], pictures: Pictures, tmp_path: Path
) -> None:
    network = MobileNetV2Config(input_size=(64, 64), train_blocks=1)
    config = replace(TINY, network=network, epochs=1, ema=0.0)  # averaging rounds the last bit
    fit(records, pictures, split_by_lesion(records, []), config, tmp_path)
    trained = load_run(tmp_path).network.state_dict()
    torch.manual_seed(TINY.seed)
    drawn = network.build().state_dict()
    moved = {name for name in drawn if not torch.equal(drawn[name], trained[name])}
    assert {"blocks.18.0.weight", "blocks.18.1.running_mean", "head.weight"} <= moved
    assert not {name for name in moved if not name.startswith(("blocks.18.", "head."))}
