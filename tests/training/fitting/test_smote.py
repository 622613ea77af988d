"""Made-up rows come from training rows alone, lie between two of one class, and are never judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.vocabulary import DIAGNOSES
from tests.training.fitting.test_engine import TINY
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.splits import split_by_lesion
from training.fitting.engine import fit
from training.fitting.runs import Run, load_run
from training.fitting.smote import Rows, embedded, oversample, refit


@pytest.fixture(scope="module")
def run(records: list[Record], pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("run")
    fit(records, pictures, split_by_lesion(records, []), replace(TINY, epochs=1), out)
    return load_run(out)


def _uneven(seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    target = np.repeat(np.arange(7), [6, 20, 5, 3, 9, 40, 4])
    return Rows(rng.normal(size=(len(target), 4)) + 3 * np.eye(7, 4)[target], target, np.zeros(len(target), bool))


def test_every_class_grows_to_the_largest_and_real_rows_stay_as_they_are() -> None:
    rows = _uneven()
    grown = oversample(rows, seed=1)
    assert np.bincount(grown.target).tolist() == [40] * 7
    real = ~grown.synthetic
    np.testing.assert_array_equal(grown.features[real], rows.features)
    np.testing.assert_array_equal(grown.target[real], rows.target)
    assert not np.array_equal(oversample(rows, seed=2).features, grown.features)
    np.testing.assert_array_equal(oversample(rows, seed=1).features, grown.features)


def test_a_synthetic_row_lies_between_two_training_rows_of_its_class() -> None:
    rows = _uneven()
    grown = oversample(rows, seed=3)
    for made, k in zip(grown.features[grown.synthetic][::7], grown.target[grown.synthetic][::7], strict=True):
        own = rows.features[rows.target == k]
        legs = np.linalg.norm(own - made, axis=1)
        detour = legs[:, None] + legs[None] - np.linalg.norm(own[:, None] - own[None], axis=2)
        np.fill_diagonal(detour, np.inf)
        assert detour.min() < 1e-9


def test_no_picture_of_another_side_can_change_a_synthetic_row(
    run: Run, records: list[Record], pictures: Pictures
) -> None:
    place = {record.image_id: i for i, record in enumerate(records)}
    held_out = [place[image] for side in ("validation", "test") for image in run.split.sides[side]]
    viewed = pictures.viewed.copy()
    viewed[held_out] = 255 - viewed[held_out]
    spoiled = replace(pictures, viewed=viewed)
    before = oversample(embedded(run, records, pictures, "train"), seed=0)
    after = oversample(embedded(run, records, spoiled, "train"), seed=0)
    assert before.synthetic.any()
    np.testing.assert_array_equal(before.features, after.features)


def test_synthetic_rows_never_enter_what_is_judged(run: Run, records: list[Record], pictures: Pictures) -> None:
    train, judged = (embedded(run, records, pictures, side) for side in ("train", "validation"))
    grown = oversample(train, seed=0)
    head = refit(grown)
    assert len(head.scores(judged)) == len(run.split.validation)
    assert not judged.synthetic.any()
    with pytest.raises(DataError, match="Synthetic rows are not judged"):
        head.scores(grown)
    with pytest.raises(DataError, match="oversampled already"):
        oversample(grown, seed=0)


def test_embeddings_are_what_the_network_s_own_head_reads(run: Run, records: list[Record], pictures: Pictures) -> None:
    rows = embedded(run, records, pictures, "test", batch=3)
    place = {record.image_id: i for i, record in enumerate(records)}
    chosen = [place[image] for image in run.split.test]
    mean, std = torch.tensor(run.priors.mean).view(1, 3, 1, 1), torch.tensor(run.priors.std).view(1, 3, 1, 1)
    pixels = torch.from_numpy(pictures.viewed[chosen]).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        scores = run.network((pixels - mean) / std, torch.zeros(len(chosen), 19)).image.double().numpy()
        weight = run.network.pooled_head.double().numpy()
    bias = scores[0] - rows.features[0] @ weight.T
    np.testing.assert_allclose(rows.features @ weight.T + bias, scores, atol=1e-4)


def test_the_refitted_head_is_free_of_its_rows_prior() -> None:
    rng = np.random.default_rng(0)
    target = np.repeat(np.arange(7), [10, 20, 30, 40, 50, 600, 70])
    nothing = Rows(rng.normal(size=(len(target), 3)), target, np.zeros(len(target), bool))
    scores = refit(nothing, strength=1e-6).scores(nothing)
    np.testing.assert_allclose(scores - scores.mean(axis=1, keepdims=True), 0, atol=0.05)


def test_a_class_of_one_row_is_refused() -> None:
    rows = _uneven()
    keep = (rows.target != 3) | (np.arange(len(rows.target)) == int(np.argmax(rows.target == 3)))
    with pytest.raises(DataError, match=f"{DIAGNOSES[3]} has a single training picture"):
        oversample(Rows(rows.features[keep], rows.target[keep], rows.synthetic[keep]), seed=0)


def test_the_command_lays_three_heads_side_by_side(run: Run, drawn: Path, tmp_path: Path) -> None:
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "report")]
    main(["smote", *data, "--run", str(run.path), "--bootstrap", "20"])
    table = (tmp_path / "report" / "heads.csv").read_text().splitlines()
    assert len(table) == 4
    assert "balanced_accuracy (p/prior)" in table[0]
    assert table[0].index("df") < table[0].index("nv")
    assert [line.split(",")[1] for line in table[1:]] == ["0", "0", table[3].split(",")[1]]
    assert int(table[3].split(",")[1]) > 0
