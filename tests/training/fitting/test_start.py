"""Going on from another run's weights: they arrive, they are on record, and a run that saw other pictures is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.splits import Split, split_by_lesion
from training.fitting.config import TrainConfig, read_config
from training.fitting.engine import fit
from training.fitting.runs import Run, load_run
from training.fitting.schedule import Schedule
from training.networks.fused import FusedConfig

TINY = TrainConfig(
    network=FusedConfig(widths=(8, 8, 16, 16), blocks=(1, 1, 1, 1)),
    schedule=Schedule(sizes=((1.0, (48, 64)),)),
    epochs=1,
    batch=32,
    precision="32-true",
)
STILL = replace(TINY, seed=7, schedule=replace(TINY.schedule, peak=0.0))


@pytest.fixture(scope="module")
def split(records: list[Record]) -> Split:
    return split_by_lesion(records, [])


@pytest.fixture(scope="module")
def begun(
    records: list[Record], pictures: Pictures, split: Split, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Run]:
    out = tmp_path_factory.mktemp("begun")
    fit(records, pictures, split, TINY, out)
    return out, load_run(out)


def test_a_run_goes_on_from_the_weights_of_another_and_says_whose(
    records: list[Record], pictures: Pictures, split: Split, begun: tuple[Path, Run], tmp_path: Path
) -> None:
    before, run = begun
    fit(records, pictures, split, STILL, tmp_path, start=run)
    after = load_run(tmp_path)
    for one, other in zip(run.network.parameters(), after.network.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    start = read_config(tmp_path / "config.json").start
    assert start is not None
    assert start.sha256 == hashlib.sha256((before / "final.ckpt").read_bytes()).hexdigest()
    assert after.whole_cost == (2, after.minutes + run.minutes)


def test_a_run_on_another_split_has_seen_the_test_side_and_is_refused(
    records: list[Record], pictures: Pictures, begun: tuple[Path, Run], tmp_path: Path
) -> None:
    other = split_by_lesion(records, [], fold=1)
    with pytest.raises(ValueError, match="another split"):
        fit(records, pictures, other, STILL, tmp_path, start=begun[1])
    assert not list(tmp_path.iterdir())


def test_another_network_is_refused(
    records: list[Record], pictures: Pictures, split: Split, begun: tuple[Path, Run], tmp_path: Path
) -> None:
    wider = replace(STILL, network=FusedConfig(widths=(8, 8, 16, 24), blocks=(1, 1, 1, 1)))
    with pytest.raises(ValueError, match="same switches"):
        fit(records, pictures, split, wider, tmp_path, start=begun[1])


def test_a_record_that_went_on_is_repeated_from_the_same_weights_only(
    records: list[Record], pictures: Pictures, split: Split, begun: tuple[Path, Run], tmp_path: Path
) -> None:
    recorded = replace(STILL, start=replace(begun[1].as_start(STILL.network, split), sha256="0" * 64))
    for start in (None, begun[1]):
        with pytest.raises(DataError, match="give that run with --start"):
            fit(records, pictures, split, recorded, tmp_path, start=start)
    assert not list(tmp_path.iterdir())
