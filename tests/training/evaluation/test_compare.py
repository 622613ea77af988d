"""Two models on the same photographs: differences that are known, and rows that do not fit."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.vocabulary import DIAGNOSES
from tests.training.evaluation.test_predicted import answered
from tests.training.fitting.test_engine import TINY
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import split_by_lesion
from training.evaluation.compared import judged
from training.evaluation.paired import PAIRED, Difference, aligned, compare, gain
from training.evaluation.predicted import Predicted, write_predictions
from training.evaluation.trained import predict_run
from training.fitting.engine import fit
from training.fitting.runs import load_run
from training.metrics import FIGURES, Interval, figures, two_sided_p


def _turned(predicted: Predicted) -> Predicted:
    """The same answers in another order."""
    order = np.arange(len(predicted))[::-1]
    return Predicted(
        images=predicted.images[::-1],
        lesions=predicted.lesions[::-1],
        answers=predicted.answers.take(order),
        uncalibrated=predicted.uncalibrated[order],
        sets=predicted.sets[order],
        flagged=predicted.flagged[order],
        reasons=predicted.reasons,
    )


def test_a_model_does_not_differ_from_itself_in_another_order() -> None:
    found = compare(answered().rows("a"), _turned(answered()).rows("b"), bootstrap=40)
    assert set(found) == set(PAIRED)
    for name, difference in found.items():
        assert difference.difference.value == pytest.approx(0, abs=1e-12), name
        assert difference.p == 1, name


def test_a_better_model_is_found_better_and_the_pair_narrows_the_interval() -> None:
    weak = answered(280, skill=1.0)
    # The same noise with more skill: what both get wrong by chance cancels out.
    strong = answered(280, skill=2.0)
    found = compare(weak.rows("a"), strong.rows("b"), bootstrap=60)
    better = found["balanced_accuracy (p/prior)"]
    alone = [figures(one.answers, bootstrap=60)["balanced_accuracy (p/prior)"] for one in (weak, strong)]
    assert (better.a, better.b) == pytest.approx([one.value for one in alone])
    assert better.difference.value == pytest.approx(better.b - better.a)
    assert gain(strong.answers, weak.answers, bootstrap=60) == better  # the fast way finds the same
    assert 0 < better.difference.low < better.difference.value < better.difference.high
    assert better.p == pytest.approx(2 / 61)
    assert better.difference.high - better.difference.low < np.hypot(*(one.high - one.low for one in alone))
    assert judged("balanced_accuracy (p/prior)", better) == "better"
    assert judged("brier_score", found["brier_score"]) == "better"  # lower
    assert found["brier_score"].difference.value < 0


def test_two_like_models_differ_by_chance_alone() -> None:
    found = compare(answered(280, seed=5).rows("a"), answered(280, seed=6).rows("b"), bootstrap=40)
    assert found["accuracy (arg-max p)"].p > 0.05
    assert judged("accuracy (arg-max p)", found["accuracy (arg-max p)"]) == "alike"


def test_p_is_twice_the_rarer_side_and_never_zero() -> None:
    assert two_sided_p(np.array([1.0] * 96 + [-1.0] * 3)) == pytest.approx(2 * 4 / 100)
    assert two_sided_p(np.array([-1.0] * 99)) == pytest.approx(2 / 100)
    assert two_sided_p(np.array([0.0] * 99)) == 1
    assert np.isnan(two_sided_p(np.array([np.nan])))


def test_a_p_without_an_interval_off_zero_is_no_difference() -> None:
    assert judged("macro_auc", Difference(0.5, 0.6, Interval(0.1, -0.01, 0.2), 0.04)) == "alike"
    assert judged("macro_auc", Difference(0.6, 0.5, Interval(-0.1, -0.2, -0.05), 0.01)) == "worse"


def test_recalls_and_flags_of_each_model_are_counted_by_hand() -> None:
    a, b = answered().rows("a"), answered(seed=9).rows("b")
    found = compare(a, b, bootstrap=5)
    mel = a.answers.target == DIAGNOSES.index("mel")
    assert found["recall of mel (p/prior)"].a == (a.answers.scores.argmax(1) == DIAGNOSES.index("mel"))[mel].mean()
    assert found["malignant_sensitivity (flag)"].b == b.flagged[b.answers.malignant].mean()
    assert found["benign_specificity (flag)"].b == (~b.flagged[~b.answers.malignant]).mean()
    assert [name.split()[2] for name in list(found)[:3]] == ["df", "vasc", "akiec"]


def test_different_rows_are_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"different photographs \(4 only in A and 0 only in B, such as ISIC_0038\)"):
        aligned(answered().rows("a"), answered(38).rows("b"))
    other = answered()
    moved = replace(other, answers=replace(other.answers, target=other.answers.target[::-1].copy()))
    with pytest.raises(ValueError, match="different truths or lesions"):
        aligned(answered().rows("a"), moved.rows("b"))


def test_tables_are_compared_by_command_without_the_pictures(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        write_predictions(
            tmp_path / name / "predictions.csv", {"fused": answered(seed=seed), "image": answered(seed=seed + 2)}
        )
    words = ["compare", "--a", str(tmp_path / "one"), "--b", str(tmp_path / "two" / "predictions.csv")]
    out = ["--out", str(tmp_path / "out"), "--bootstrap", "20"]
    printed = main([*words, "--path-b", "image", *out])
    assert "On the same 42 photographs of 21 lesions" in printed
    document = json.loads((tmp_path / "out" / "report.json").read_text())
    assert document["paths"] == ["fused", "image"]
    assert document["agreement"]["photographs"] == 42
    assert "What changes in single answers" in (tmp_path / "out" / "report.html").read_text()
    with (tmp_path / "out" / "differences_p_prior.csv").open(newline="") as opened:
        rows = list(csv.reader(opened))
    assert rows[0] == ["figure", "A", "B", "B − A", "low", "high", "p"]
    assert rows[1][0] == "recall of df (p/prior)"
    with pytest.raises(SystemExit, match="--metadata-a is for runs"):
        main([*words, "--metadata-a", "shuffled", *out])
    with pytest.raises(SystemExit, match="--side is for runs"):
        main([*words, "--side", "validation", *out])
    with pytest.raises(SystemExit, match="tested by more than one run"):
        main([*words, "--a", str(tmp_path / "one"), *out])


def test_runs_are_compared_with_their_metadata_withheld(
    records: list[Record], pictures: Pictures, drawn: Path, tmp_path: Path
) -> None:
    fit(records, pictures, split_by_lesion(records, []), replace(TINY, epochs=1), tmp_path / "run")
    run, cache = str(tmp_path / "run"), str(tmp_path / "cache")
    words = ["compare", "--a", run, "--b", run, "--path-a", "image", "--metadata-b", "withheld", "--bootstrap", "20"]
    words += ["--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit, match="say with --data where"):
        main(words)
    main([*words, "--data", str(drawn), "--partial", "--cache", cache])
    document = json.loads((tmp_path / "out" / "report.json").read_text())
    assert document["paths"] == ["image", "fused-withheld"]
    assert all(found["a"] == found["b"] for found in document["differences"].values())
    main([*words, "--data", str(drawn), "--partial", "--cache", cache, "--side", "validation"])
    document = json.loads((tmp_path / "out" / "report.json").read_text())
    validation = predict_run(load_run(tmp_path / "run"), records, pictures, side="validation")["image"]
    assert document["side"] == "validation"
    assert document["differences"]["brier_score"]["a"] == pytest.approx(FIGURES["brier_score"](validation.answers))
    assert "fitted on these very rows" in (tmp_path / "out" / "report.html").read_text()
    with pytest.raises(SystemExit, match="answers by the paths fused, image, not 'guess'"):
        main([*words, "--data", str(drawn), "--partial", "--cache", cache, "--path-b", "guess", "--metadata-b", "kept"])
