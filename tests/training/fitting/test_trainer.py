"""What Lightning is told to do: accumulate, share the draw among processes, average, log, and say what is left."""

from __future__ import annotations

import csv
import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import lightning as L
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.training.fitting.test_augmentation_presets import FLAT
from tests.training.fitting.test_engine import TINY
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import Split, split_by_lesion
from training.fitting.engine import fit
from training.fitting.learner import Learner
from training.fitting.recipes import RECIPES
from training.fitting.sampling import WeightedDraw
from training.fitting.trainer import TimeLeft

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def split(records: list[Record]) -> Split:
    return split_by_lesion(records, [])


def _final(run: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(run / "final.ckpt", weights_only=True)["state_dict"]
    return state


def test_two_accumulated_halves_make_the_step_of_a_whole_batch(
    records: list[Record], pictures: Pictures, split: Split, tmp_path: Path
) -> None:
    # The report's DNN: without batch norm, dropout and augmentation a step depends on its photographs alone.
    plain = replace(RECIPES["report-dnn"], preset="own", epochs=2, validate_every=2, optimiser="sgd")
    plain = replace(plain, schedule=replace(plain.schedule, sizes=((1.0, (48, 64)),), peak=0.01))
    even = replace(split, train=split.train[:64])
    fit(records, pictures, even, replace(plain, batch=16), tmp_path / "whole")
    fit(records, pictures, even, replace(plain, batch=8, accumulate=2), tmp_path / "halves")
    fit(records, pictures, even, replace(plain, batch=8), tmp_path / "small")
    whole, halves, small = (_final(tmp_path / name) for name in ("whole", "halves", "small"))
    for name, value in whole.items():
        torch.testing.assert_close(halves[name], value, atol=1e-5, rtol=1e-4)
    assert any(not torch.allclose(small[name], whole[name], atol=1e-4) for name in whole)


def test_batches_of_one_step_draw_their_own_numbers() -> None:
    learner = Learner(replace(TINY, accumulate=3), FLAT, 6)
    assert [learner._number(i) for i in range(3)] == [0, 1, 2]
    assert learner.total_steps == 2 * TINY.epochs


@pytest.mark.parametrize("natural", [True, False])
def test_processes_share_one_draw(natural: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = torch.ones(41) if natural else torch.arange(1.0, 42.0)
    alone = list(WeightedDraw(weights, 41, seed=2))
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    shares = []
    for rank in range(2):
        monkeypatch.setattr(torch.distributed, "get_rank", lambda rank=rank: rank)
        share = WeightedDraw(weights, 41, seed=2, processes=2)
        shares.append(list(share))
        assert len(shares[-1]) == len(share) == 20
    assert [place for pair in zip(*shares, strict=True) for place in pair] == alone[:40]


def test_two_processes_train_one_network(drawn: Path, tmp_path: Path) -> None:
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "run")]
    small = ["--widths", "8-8-8-8", "--batch", "8", "--precision", "32-true", "--epochs", "1", "--validate-every", "1"]
    command = [sys.executable, "-m", "training", "train", *data, *small, "--devices", "2"]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert "Starting with 2 processes" in ended.stderr + ended.stdout
    with (tmp_path / "run" / "log" / "version_0" / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row.get("val_loss")]
    assert len(rows) == 1
    saved = torch.load(tmp_path / "run" / "final.ckpt", weights_only=True)
    assert saved["global_step"] == 4  # 78 photographs, 39 a process, eight a batch, the rest left over
    assert all(value.isfinite().all() for value in saved["state_dict"].values())


def test_tensorboard_and_csv_log_the_same(
    records: list[Record], pictures: Pictures, split: Split, tmp_path: Path
) -> None:
    fit(records, pictures, split, TINY, tmp_path)
    with (tmp_path / "log" / "version_0" / "metrics.csv").open() as file:
        logged = [float(row["val_loss"]) for row in csv.DictReader(file) if row["val_loss"]]
    board = EventAccumulator(str(tmp_path / "tensorboard" / "version_0")).Reload()
    assert [event.value for event in board.Scalars("val_loss")] == pytest.approx(logged)
    assert len(logged) == 2


def test_without_averaging_the_last_weights_are_the_result(
    records: list[Record], pictures: Pictures, split: Split, tmp_path: Path
) -> None:
    fit(records, pictures, split, replace(TINY, ema=0.5), tmp_path / "averaged")
    fit(records, pictures, split, replace(TINY, ema=0.0), tmp_path / "plain")
    last = torch.load(tmp_path / "averaged" / "last.ckpt", weights_only=False)["current_model_state"]
    plain, averaged = _final(tmp_path / "plain"), _final(tmp_path / "averaged")
    assert all(torch.equal(plain[name], last[name]) for name in plain)
    assert any(not torch.equal(plain[name], averaged[name]) for name in plain)


def test_mixup_is_a_switch() -> None:
    parts = tuple(torch.arange(8.0).view(8, 1) + k for k in range(4))
    for share, mixes in ((0.0, False), (1.0, True)):
        learner = Learner(replace(TINY, schedule=replace(TINY.schedule, mixup_share=share)), FLAT, 4)
        _, *mixed = learner._mix(0, torch.ones(8, dtype=torch.bool), *parts)
        assert any(not torch.equal(a, b) for a, b in zip(mixed, parts, strict=True)) == mixes


def test_the_bar_says_how_long_the_rest_takes() -> None:
    learner = Learner(replace(TINY, budget_minutes=1.0), FLAT, 4)
    learner.elapsed = 15.0
    trainer = L.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
    assert TimeLeft().get_metrics(trainer, learner)["left"] == "0:00:45"


@pytest.mark.skipif(importlib.util.find_spec("wandb") is not None, reason="wandb is installed here")
def test_a_missing_tracker_is_said_in_a_sentence(
    records: list[Record], pictures: Pictures, split: Split, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="pip install wandb, or leave out --wandb-project"):
        fit(records, pictures, split, replace(TINY, wandb_project="skin"), tmp_path)
