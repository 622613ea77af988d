"""A generator sees the training side alone, goes on after a kill to the same bits, and says what it will cost."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import pytest
import torch

from tests.training.synthesis.conftest import DCGAN, TINY, UPSCALER, Side
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.schemes import split_by
from training.data.splits import LeakError, Split
from training.synthesis.canvases import Canvases, fitted_mask
from training.synthesis.config import GeneratorConfig, read_generator_config
from training.synthesis.generator import Generator, load_generator
from training.synthesis.learning import Cost, learn, loader
from training.synthesis.packing import pack


class Killed(Exception):
    pass


class KillAfter(L.Callback):
    """Ends the run in the middle of the second stretch, after the first checkpoint: a killed process does no more."""

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: Any, *args: Any) -> None:
        if pl_module.done == 3:
            raise Killed


def _state(out: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(out / "final.ckpt", weights_only=True)["state_dict"]
    return state


@pytest.mark.parametrize("config", [TINY, UPSCALER, DCGAN], ids=lambda c: c.kind)
def test_a_killed_run_goes_on_to_the_same_bits(
    config: GeneratorConfig, learned: Any, training_side: Side, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        learn(*training_side, config, tmp_path, KillAfter())
    assert torch.load(tmp_path / "last.ckpt", weights_only=False)["steps"] == 2
    learn(*training_side, config, tmp_path)
    whole = learned(config)
    ours, theirs = _state(tmp_path), _state(whole.path)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert load_generator(tmp_path).steps == whole.steps == config.steps


@pytest.mark.parametrize("budget", [0.0, 1e-6], ids=["steps", "clock"])
def test_a_run_continued_at_its_end_keeps_its_averaged_weights(
    budget: float, training_side: Side, tmp_path: Path
) -> None:
    config = replace(TINY, budget_minutes=budget)
    before = _state(learn(*training_side, config, tmp_path).parent)
    (tmp_path / "final.ckpt").unlink()  # killed after the last checkpoint
    learn(*training_side, config, tmp_path)
    after = _state(tmp_path)
    assert all(torch.equal(after[name], before[name]) for name in before)
    written = (tmp_path / "final.ckpt").read_bytes()
    learn(*training_side, config, tmp_path)  # the same command once more
    assert (tmp_path / "final.ckpt").read_bytes() == written


def test_a_packed_generator_is_not_trained_over(diffusion: Generator, training_side: Side, tmp_path: Path) -> None:
    pack(diffusion.path, tmp_path / "packed")
    before = {path.name: path.read_bytes() for path in (tmp_path / "packed").iterdir()}
    with pytest.raises(DataError, match="holds a finished generator without"):
        learn(*training_side, TINY, tmp_path / "packed")
    assert {path.name: path.read_bytes() for path in (tmp_path / "packed").iterdir()} == before


def test_the_weights_are_averaged_and_move(diffusion: Generator) -> None:
    torch.manual_seed(0)
    kept = torch.load(diffusion.path / "last.ckpt", weights_only=False)
    averaged = _state(diffusion.path)
    raw = kept.get("current_model_state") or kept["state_dict"]
    assert any(not torch.equal(raw[name], averaged[name]) for name in averaged if raw[name].is_floating_point())


def test_only_the_training_side_is_seen(records: list[Record], pictures: Pictures, own_split: Split) -> None:
    canvases = Canvases(records, pictures, own_split, TINY.size)
    assert [record.image_id for record in canvases.records] == list(own_split.train)
    altered = np.array(pictures.viewed)
    held_out = [i for i, record in enumerate(records) if record.image_id not in own_split.train]
    altered[held_out] = 0
    again = Canvases(records, replace(pictures, viewed=altered), own_split, TINY.size)
    assert np.array_equal(canvases.images, again.images)


def test_the_draw_is_that_of_the_training_side_with_rare_classes_more_often(
    records: list[Record], pictures: Pictures, own_split: Split
) -> None:
    data = loader(Canvases(records, pictures, own_split, TINY.size), TINY)
    (first, second) = list(data)
    assert first.images.shape == (8, 3, 12, 16)
    assert set(first.masks.unique().tolist()) <= {0, 1}
    assert not torch.equal(first.images, second.images)


def test_the_record_names_the_split_and_its_hash(diffusion: Generator, own_split: Split) -> None:
    written = json.loads((diffusion.path / "config.json").read_text())
    assert written["split_sha256"] == own_split.digest() == Split.load(diffusion.path / "split.json").digest()


def test_a_split_that_leaks_is_refused(records: list[Record], pictures: Pictures, tmp_path: Path) -> None:
    leaky = split_by("image-level", records, [], [], seed=0, fold=0)
    with pytest.raises(LeakError, match="learns from a split by lesion"):
        learn(records, pictures, leaky, TINY, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_another_run_is_not_continued(
    records: list[Record], pictures: Pictures, own_split: Split, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        learn(records, pictures, own_split, TINY, tmp_path, KillAfter())
    with pytest.raises(DataError, match="other settings or another split"):
        learn(records, pictures, own_split, replace(TINY, seed=1), tmp_path)


def _without_averaging(out: Path) -> None:
    """Make the record of ``out`` one of before the averaging was named."""
    record = json.loads((out / "config.json").read_text())
    del record["averaging"]
    (out / "config.json").write_text(json.dumps(record))


def test_a_run_of_before_the_averaging_warmed_up_is_not_continued(training_side: Side, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        learn(*training_side, TINY, tmp_path, KillAfter())
    _without_averaging(tmp_path)
    older = read_generator_config(tmp_path / "config.json")
    assert older.averaging == "constant"
    for config in (TINY, older):
        with pytest.raises(DataError, match=r"other settings|averages from the first step"):
            learn(*training_side, config, tmp_path)


def test_a_run_without_averaged_weights_goes_on_whatever_its_age(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(DCGAN.to_dict()))
    _without_averaging(tmp_path)
    assert read_generator_config(tmp_path / "config.json").averaging == DCGAN.averaging


def test_the_plan_is_told_before_the_first_step_and_does_not_change_the_run(
    diffusion: Generator, records: list[Record], pictures: Pictures, own_split: Split, tmp_path: Path
) -> None:
    told: list[Cost] = []
    learn(records, pictures, own_split, TINY, tmp_path, before=told.append)
    assert told[0].steps == 4
    assert told[0].seconds > 0
    assert str(told[0]).startswith(f"Plan: {told[0].parameters:,} parameters, 4 of 4 steps")
    ours, theirs = _state(tmp_path), _state(diffusion.path)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_budget_shortens_the_plan() -> None:
    assert Cost(1000, 2.0, 5).total_seconds == 2000
    assert "30 of 1,000 steps" in str(Cost(1000, 2.0, 5, budget_minutes=1.0))


def test_a_run_without_an_end_is_no_generator(generator_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"final\.ckpt missing"):
        for name in ("config.json", "split.json"):
            (tmp_path / name).write_bytes((generator_folder / name).read_bytes())
        load_generator(tmp_path)
    (tmp_path / "final.ckpt").write_bytes(b"cut")
    with pytest.raises(DataError, match="does not hold the weights"):
        load_generator(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "split_sha256": "0" * 64}))
    with pytest.raises(DataError, match="not the one that they were learned on"):
        load_generator(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**config, "wings": 2}))
    with pytest.raises(DataError, match="no record of a generator"):
        read_generator_config(tmp_path / "config.json")


def test_a_missing_library_is_named_with_what_to_install(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    main(["split", *data, "--out", str(tmp_path / "split.json")])
    monkeypatch.setitem(sys.modules, "diffusers", None)  # what Python itself does for a package that is not there
    words = ["generate", "train", *data, "--split", str(tmp_path / "split.json"), "--preset", "tiny"]
    with pytest.raises(SystemExit, match=r"pip install -r requirements/generate\.txt"):
        main([*words, "--out", str(tmp_path / "run")])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "dream"}, "no generator 'dream'"),
        ({"size": (13, 16)}, "cannot be halved"),
        ({"small": (6, 8)}, "An upscaler, and no other"),
        ({"widths": (6, 8)}, "multiples of 8"),
        ({"steps": 0}, "1 or more"),
        ({"precision": "8"}, "no precision"),
        ({"averaging": "none"}, "no averaging"),
    ],
)
def test_what_makes_no_generator_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        replace(TINY, **change)


def test_a_mask_keeps_its_area_when_it_shrinks() -> None:
    mask = np.zeros((100, 120), np.uint8)
    mask[20:60, 30:90] = 1
    assert fitted_mask(mask, (10, 12)).sum() == 24


def test_the_command_trains_and_prints_where_the_weights_are(drawn: Path, tmp_path: Path, capsys: Any) -> None:
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    main(["split", *data, "--out", str(tmp_path / "split.json")])
    words = ["generate", "train", *data, "--split", str(tmp_path / "split.json"), "--preset", "tiny", "--seed", "3"]
    printed = main([*words, "--steps", "2", "--out", str(tmp_path / "run")])
    assert "weights in" in printed
    assert capsys.readouterr().out.count("Plan:") == 1
    assert load_generator(tmp_path / "run").config.seed == 3
