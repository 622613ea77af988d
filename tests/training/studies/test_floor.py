"""The floor without a network, and what a network leaves of its errors."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.metadata import Metadata
from inference.vocabulary import DIAGNOSES
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.evaluation.predicted import HEADER, answers_to, read_predictions
from training.metrics import Answers, Interval, balanced_accuracy
from training.studies import abcdt, colour_radial, edges_colours, floor_models
from training.studies.floor import pooled, ratio, verdict


def _picture(pictures: Pictures, row: int = 5) -> np.ndarray:
    return np.ascontiguousarray(pictures.viewed[row])


def test_there_are_182_numbers_and_each_has_its_own_name(pictures: Pictures) -> None:
    assert len(set(colour_radial.names())) == 182
    assert colour_radial.describe(_picture(pictures)).shape == (182,)


def test_a_mirrored_picture_gives_the_same_182_numbers(pictures: Pictures) -> None:
    picture = _picture(pictures)
    for seen in (picture[:, ::-1], picture[::-1]):
        mirrored = colour_radial.describe(np.ascontiguousarray(seen))
        np.testing.assert_allclose(mirrored, colour_radial.describe(picture), rtol=1e-3, atol=1e-3)


def test_rings_tell_the_centre_from_the_border() -> None:
    picture = np.full((144, 192, 3), 220, np.uint8)
    picture[52:92, 76:116] = (60, 30, 20)
    found = dict(zip(colour_radial.names(), colour_radial.describe(picture), strict=True))
    assert found["red mean ring 0"] < 100
    assert found["red mean ring 5"] == pytest.approx(220)


def test_the_histogram_does_not_know_where_a_pixel_stands_but_edges_do(pictures: Pictures) -> None:
    picture = _picture(pictures)
    shuffled = np.random.default_rng(0).permutation(picture.reshape(-1, 3)).reshape(picture.shape)
    np.testing.assert_array_equal(edges_colours.histogram(picture), edges_colours.histogram(shuffled))
    assert edges_colours.histogram(picture).sum() == pytest.approx(1)
    assert np.abs(edges_colours.edges(picture) - edges_colours.edges(shuffled)).max() > 0.1


def test_the_lesion_is_found_and_its_asymmetry_measured() -> None:
    y, x = np.mgrid[:144, :192]
    disc = np.hypot(y - 72, x - 96) < 30
    picture = np.where(disc[..., None], (90, 50, 35), (225, 180, 160)).astype(np.uint8)
    found = abcdt.lesion(picture)
    assert (found & disc).sum() / (found | disc).sum() > 0.95
    bitten = disc & ~((y > 72) & (x > 96))
    assert max(abcdt.asymmetry(disc)) < 0.1 < max(abcdt.asymmetry(bitten))
    named = dict(zip(abcdt.NAMES, abcdt.describe(picture), strict=True))
    assert named["colours"] == 1
    assert named["share of dark brown"] > 0.9
    assert named["diameter"] == pytest.approx(60 / 144, rel=0.05)


def test_a_picture_of_one_grey_is_described_too() -> None:
    grey = np.full((144, 192, 3), 128, np.uint8)
    for describe in (abcdt.describe, colour_radial.describe, edges_colours.describe):
        assert np.isfinite(describe(grey)).all()


def test_scores_hold_no_prior_and_a_class_without_rows_is_survived() -> None:
    rng = np.random.default_rng(0)
    target = np.repeat([0, 5], [40, 400])
    x = rng.normal(target[:, None] == 5, 1.0, size=(440, 3)).astype(np.float64)
    train = list(range(440))
    for name in floor_models.MODELS:
        scores, _ = floor_models.fit_scores(floor_models.MODELS[name], x, target, train)
        assert scores.shape == (440, 7)
        assert (scores[:40].argmax(1) == 0).mean() > 0.6  # at 9 % of the rows, arg-max p would seldom say so
    assert floor_models.log_prior(target)[5] == pytest.approx(np.log(400 / 440))


def test_an_unknown_age_is_the_median_of_training_alone(records: list[Record]) -> None:
    known = [i for i, record in enumerate(records) if record.metadata.age == 30.0]
    unknown = next(i for i, record in enumerate(records) if record.metadata.age is None)
    row = floor_models.metadata(records, known)[unknown]
    assert dict(zip(floor_models.metadata_names(), row, strict=True))["age"] == 30.0
    assert row[1] == 0


def _answers(right: np.ndarray) -> Answers:
    target = np.arange(70) % 7
    p = np.eye(7)[np.where(right, target, (target + 1) % 7)]
    return Answers(p, p, target, np.arange(70) // 2)


def test_the_ratio_of_a_worked_example() -> None:
    half, most = np.arange(70) < 35, np.arange(70) % 10 < 8
    found = ratio(_answers(most), _answers(half), bootstrap=50)
    assert found.value == pytest.approx((1 - 0.8) / (1 - 0.5))
    assert found.low < found.value < found.high
    assert ratio(_answers(half), _answers(half), bootstrap=20).high == pytest.approx(1)  # paired: no luck of the draw


@pytest.fixture(scope="module")
def measured(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("floor")
    data = ["--data", str(drawn), "--partial", "--cache", str(root / "cache")]
    main(["split", *data, "--out", str(root / "split.json")])
    split = json.loads((root / "split.json").read_text())
    with (drawn / "HAM10000_metadata.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    told = {r["image_id"]: (r["lesion_id"], r["dx"]) for r in rows}
    with (root / "right.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for path in ("fused", "image"):
            for image in split["test"]:
                lesion, truth = told[image]
                p = [0.94 if code == truth else 0.01 for code in DIAGNOSES]
                writer.writerow([image, lesion, path, truth, "", 0, *p, 0, truth, *np.log(p)])
    words = ["floor", *data, "--split", str(root / "split.json"), "--out", str(root / "report"), "--bootstrap", "20"]
    main([*words, "--predictions", str(root / "right.csv")])
    return root


def test_the_floor_of_drawn_lesions_is_above_guessing_and_its_tree_can_be_read(measured: Path) -> None:
    report = json.loads((measured / "report" / "report.json").read_text())
    forest = report["figures"]["test"][floor_models.FOREST]
    assert forest["image"]["balanced_accuracy (p/prior)"]["value"] > 0.4
    assert any("<=" in line for line in report["rules"])
    assert max(line.count("|") for line in report["rules"]) <= 5  # four questions and an answer
    assert report["ratio (p/prior)"]["image"]["value"] == 0
    assert "<img" in (measured / "report" / "report.html").read_text()
    with (measured / "report" / "classes.csv").open() as file:
        assert [row["class"] for row in csv.DictReader(file)][:3] == ["df", "vasc", "akiec"]


def test_out_of_fold_each_picture_is_answered_by_a_model_that_did_not_see_its_lesion(
    records: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[set[str]] = []  # lesions that the model of each fold was fitted on

    def number_of_the_fold(model: object, x: np.ndarray, y: np.ndarray, train: list[int]) -> tuple[np.ndarray, None]:
        learned.append({records[row].lesion_id for row in train})
        return np.full((len(x), 7), float(len(learned) - 1)), None

    monkeypatch.setattr(floor_models, "fit_scores", number_of_the_fold)
    a = pooled(floor_models.TREE, np.zeros((len(records), 1)), records, [], "image")
    answered_by = a.scores[:, 0]
    assert set(answered_by) == {0, 1, 2, 3, 4}
    for record, fold in zip(records, answered_by, strict=True):
        assert record.lesion_id not in learned[int(fold)]


def test_out_of_fold_the_median_age_and_the_prior_are_those_of_each_folds_training(
    records: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    aged = [replace(r, metadata=Metadata(age=None if i % 9 == 0 else i % 90)) for i, r in enumerate(records)]
    few = aged[:-15]  # classes of unlike size, so that the folds' priors differ
    age = -len(floor_models.metadata_names())
    priors, medians = [], set()
    target = floor_models.targets(few)

    def watch(model: object, x: np.ndarray, y: np.ndarray, train: list[int]) -> tuple[np.ndarray, None]:
        median = np.median([few[row].metadata.age for row in train if few[row].metadata.age is not None])
        assert {x[row, age] for row, record in enumerate(few) if record.metadata.age is None} == {median}
        medians.add(median)
        priors.append(floor_models.log_prior(target[train]))
        return np.full((len(x), 7), float(len(priors) - 1)), None

    monkeypatch.setattr(floor_models, "fit_scores", watch)
    a = pooled(floor_models.TREE, np.zeros((len(few), 1)), few, [], "fused")
    assert len(medians) > 1
    assert len({tuple(prior) for prior in priors}) > 1
    for fold, p in zip(a.scores[:, 0], a.p, strict=True):  # equal scores: p is the prior
        np.testing.assert_allclose(np.log(p), priors[int(fold)], atol=1e-5)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Interval(0.55, 0.5, 0.65), "meets"),
        (Interval(0.55, 0.5, 0.66), "leaves undecided"),
        (Interval(0.7, 0.6, 0.8), "leaves undecided"),
        (Interval(0.7, 0.66, 0.8), "misses"),
    ],
)
def test_the_target_is_met_only_by_the_whole_interval(found: Interval, said: str) -> None:
    assert verdict(found) == said


def test_predictions_of_other_pictures_or_another_truth_are_refused(measured: Path, records: list[Record]) -> None:
    file = measured / "right.csv"
    rows = read_predictions(file, "fused")
    with pytest.raises(DataError, match="same split and side"):
        answers_to(rows, records, file)
    split = json.loads((measured / "split.json").read_text())
    asked = [record for record in records if record.image_id in split["test"]]
    a = answers_to(rows, asked, file)
    assert balanced_accuracy(a.target, a.scores.argmax(1)) == 1
    other = next(code for code in DIAGNOSES if code != asked[0].diagnosis)
    with pytest.raises(DataError, match="states other truths"):
        answers_to(rows, [replace(asked[0], diagnosis=other), *asked[1:]], file)
