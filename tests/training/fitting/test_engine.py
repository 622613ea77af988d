"""The crank itself, on drawn lesions: it learns, it stops, it continues to the same result."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score

from inference.vocabulary import DIAGNOSES
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import Split, split_by_lesion
from training.fitting import engine
from training.fitting.config import TrainConfig
from training.fitting.engine import fit
from training.fitting.learner import withhold
from training.fitting.runs import load_run
from training.fitting.sampling import encode
from training.fitting.schedule import Schedule
from training.networks.fused import FusedConfig

TINY = TrainConfig(
    network=FusedConfig(widths=(8, 8, 16, 16), blocks=(1, 1, 1, 1)),
    schedule=Schedule(sizes=((1.0, (48, 64)),)),
    epochs=2,
    batch=16,
    validate_every=1,
    precision="32-true",
)


@pytest.fixture(scope="module")
def split(records: list[Record]) -> Split:
    return split_by_lesion(records, [])


def _weights(run: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(run / "final.ckpt", weights_only=True)["state_dict"]
    return state


def _judged(run: Path) -> list[dict[str, str]]:
    with (run / "log" / "version_0" / "metrics.csv").open() as file:
        return [row for row in csv.DictReader(file) if row["val_loss"]]


def test_a_run_that_was_killed_continues_to_the_same_weights(
    records: list[Record],
    pictures: Pictures,
    split: Split,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fit(records, pictures, split, TINY, tmp_path / "whole")

    def die(learner: engine.Learner) -> None:
        if learner.current_epoch == 1:
            raise SystemError("power cut")
        learner.size = learner.config.schedule.size(learner.progress)

    with monkeypatch.context() as patch:
        patch.setattr(engine.Learner, "on_train_epoch_start", die)
        with pytest.raises(SystemError):
            fit(records, pictures, split, TINY, tmp_path / "killed")
    assert not (tmp_path / "killed" / "final.ckpt").exists()
    fit(records, pictures, split, TINY, tmp_path / "killed")
    whole, killed = _weights(tmp_path / "whole"), _weights(tmp_path / "killed")
    assert all(torch.equal(whole[name], killed[name]) for name in whole)


def test_a_few_epochs_beat_guessing_on_drawn_lesions(
    records: list[Record], pictures: Pictures, split: Split, tmp_path: Path
) -> None:
    gentle = Schedule(sizes=((1.0, (72, 96)),), gentle_from=0.0)
    config = replace(TINY, epochs=25, ema=0.8, validate_every=25, schedule=gentle)
    done = fit(records, pictures, split, config, tmp_path)
    assert done.epochs == 25
    network, priors = load_run(tmp_path).network, load_run(tmp_path).priors
    mean, std = torch.tensor(priors.mean).view(1, 3, 1, 1), torch.tensor(priors.std).view(1, 3, 1, 1)
    seen = torch.from_numpy(pictures.viewed.copy()).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        guess = network((seen - mean) / std, encode(records, priors.encoding)).image.argmax(dim=1)
    truth = [DIAGNOSES.index(record.diagnosis) for record in records]
    assert balanced_accuracy_score(truth, guess) > 0.4  # guessing gives 1/7


def test_a_spent_budget_ends_the_run(records: list[Record], pictures: Pictures, split: Split, tmp_path: Path) -> None:
    config = replace(TINY, epochs=500, budget_minutes=0.02, validate_every=1000)
    done = fit(records, pictures, split, config, tmp_path)
    assert 1 <= done.epochs < 500
    assert (tmp_path / "final.ckpt").is_file()


def test_early_stopping_restores_the_best(
    records: list[Record], pictures: Pictures, split: Split, tmp_path: Path
) -> None:
    # With a rate of zero only the norms' statistics settle; then the loss wanders and patience 1 ends the run.
    config = replace(TINY, epochs=60, patience=1, ema=0.0, schedule=replace(TINY.schedule, peak=0.0))
    done = fit(records, pictures, split, config, tmp_path)
    losses = [float(row["val_loss"]) for row in _judged(tmp_path)]
    assert done.epochs == len(losses) < 60
    assert done.checkpoint.name == "best.ckpt"
    best = torch.load(done.checkpoint, weights_only=True)
    assert best["epoch"] == losses.index(min(losses)) == len(losses) - 2


def test_a_scripted_loss_stops_its_run_where_it_should_and_the_run_keeps_its_best(
    records: list[Record], pictures: Pictures, split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, kept = [0.9, 0.7, 0.8, 0.71, 0.75, 0.5], {}

    def scripted(learner: engine.Learner) -> None:
        learner.judged.clear()
        kept[learner.current_epoch] = {name: value.clone() for name, value in learner.network.state_dict().items()}
        learner.log("val_loss", script[learner.current_epoch])

    monkeypatch.setattr(engine.Learner, "on_validation_epoch_end", scripted)
    done = fit(records, pictures, split, replace(TINY, epochs=6, patience=3, ema=0.0), tmp_path)
    assert done.epochs == 5  # .7 was the best; the third without better is the fifth
    run = load_run(tmp_path)
    assert run.epochs == 1
    assert all(torch.equal(value, kept[1][name]) for name, value in run.network.state_dict().items())
    assert any(not torch.equal(value, kept[4][name]) for name, value in run.network.state_dict().items())


def test_withheld_fields_are_all_or_nothing() -> None:
    metadata = torch.ones(400, 19)
    kept = withhold(metadata, replace(TINY, drop_field=0.3), torch.Generator().manual_seed(0))
    age, sex, site = kept[:, :3], kept[:, 3:5], kept[:, 5:]
    for field in (age, sex, site):
        assert ((field.sum(dim=1) == 0) | (field.sum(dim=1) == field.shape[1])).all()
        assert 0.4 < (field.sum(dim=1) > 0).float().mean() < 0.6  # .7 of all × .7 of the field
    assert 0.3 < (kept.sum(dim=1) == 0).float().mean() < 0.4


def test_test_pictures_cannot_change_the_preprocessing(records: list[Record], pictures: Pictures, split: Split) -> None:
    place = {record.image_id: i for i, record in enumerate(records)}
    rows = [place[image] for image in split.train]
    chosen = [records[row] for row in rows]
    viewed = pictures.viewed.copy()
    viewed[[place[image] for image in split.test]] = 0
    before = engine.fit_priors(chosen, pictures, rows, torch.ones(len(rows)))
    after = engine.fit_priors(chosen, replace(pictures, viewed=viewed), rows, torch.ones(len(rows)))
    assert before == after


def test_a_mixed_picture_has_a_mask_where_both_have_one(
    records: list[Record], pictures: Pictures, split: Split
) -> None:
    always = replace(TINY, schedule=replace(TINY.schedule, mixup_share=1.0, gentle_from=1.0))
    learner = engine.prepare(records, pictures, split, always).learner
    known = torch.arange(16) % 3 > 0
    number = torch.arange(16.0)
    masks = number.view(-1, 1, 1, 1)  # each tells with whom it was mixed
    has_mask, mixed = learner._mix(0, known, masks)
    assert not torch.equal(mixed, masks)
    dice = np.random.default_rng((always.seed, 0))
    dice.random(), dice.beta(always.mixup_alpha, always.mixup_alpha)
    other = torch.from_numpy(dice.permutation(16))
    assert torch.equal(has_mask, known & known[other])
    assert has_mask.sum() < known.sum()
