"""Subgroups, missed cancers and the first page's sentences on answers whose verdict is known."""

from __future__ import annotations

import io
from dataclasses import asdict, replace

import numpy as np
import pytest
from PIL import Image

from inference.metadata import Metadata
from inference.vocabulary import DIAGNOSES
from tests.training.evaluation.test_predicted import answered
from training.data.records import Record
from training.evaluation.missed import missed_table
from training.evaluation.predicted import Predicted, numbered
from training.evaluation.side import report
from training.evaluation.subgroups import age_band, subgroups
from training.evaluation.words import verdict
from training.metrics import Answers, Interval


def _certain(truth: list[str], guess: list[str], flagged: list[bool]) -> Predicted:
    """Answers that are sure of ``guess``, a lesion each."""
    target = np.array([DIAGNOSES.index(code) for code in truth])
    scores = 8.0 * np.eye(7)[[DIAGNOSES.index(code) for code in guess]]
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    names = tuple(f"{i:03d}" for i in range(len(truth)))
    return Predicted(
        names, names, Answers(scores, p, target, numbered(names)), p, p > 0.5, np.array(flagged), ("",) * len(names)
    )


def _records(records: list[Record], predicted: Predicted, **metadata: object) -> list[Record]:
    return [
        replace(records[i], diagnosis=DIAGNOSES[k], metadata=Metadata(**metadata), source="vidir_modern")
        for i, k in enumerate(predicted.answers.target)
    ]


@pytest.mark.parametrize(
    ("age", "band"),
    [(None, "unknown"), (5, "0–29"), (30, "30–44"), (59, "45–59"), (75, "75 and over"), (85, "75 and over")],
)
def test_ages_fall_into_bands(records: list[Record], age: float | None, band: str) -> None:
    assert age_band(replace(records[0], metadata=Metadata(age=age))) == band


def test_each_subgroup_has_its_own_figures(records: list[Record]) -> None:
    predicted = _certain(
        ["mel", "mel", "nv", "nv", "mel", "nv"],
        ["mel", "nv", "nv", "mel", "mel", "nv"],
        [True, False, False, True, True, False],
    )
    rows = _records(records, predicted, sex="female")
    rows[4:] = [replace(record, metadata=Metadata(sex="male", age=50.0)) for record in rows[4:]]
    found = subgroups(predicted, rows, bootstrap=50)
    female, male = found["sex"]["female"], found["sex"]["male"]
    assert (female["n_images"], female["n_malignant"], male["n_lesions"]) == (4, 2, 2)
    assert female["malignant_sensitivity (flag)"]["value"] == 0.5
    assert female["benign_specificity (flag)"]["value"] == 0.5
    assert female["malignant_sensitivity (flag)"]["low"] < 0.5 < female["malignant_sensitivity (flag)"]["high"]
    assert male["accuracy (p/prior)"] == asdict(Interval(1.0, 1.0, 1.0))
    assert set(found["age"]) == {"unknown", "45–59"}
    assert set(found["source"]) == {"vidir_modern"}


def test_a_subgroup_without_malignant_rows_has_gaps_and_no_zeros(records: list[Record]) -> None:
    predicted = _certain(["nv", "nv"], ["nv", "nv"], [False, True])
    found = subgroups(predicted, _records(records, predicted), bootstrap=5)["site"]["unknown"]
    assert found["malignant_sensitivity (flag)"] is None
    assert found["malignant_auc"] is None
    assert found["benign_specificity (flag)"]["value"] == 0.5


def test_every_malignant_lesion_called_benign_is_listed_with_its_picture(records: list[Record]) -> None:
    predicted = _certain(
        ["mel", "mel", "bcc", "akiec", "nv", "bkl"],
        ["mel", "nv", "akiec", "bkl", "bkl", "mel"],
        [True, False, False, True, False, True],
    )
    table = missed_table(predicted, _records(records, predicted))
    named = [(row[0], row[2], row[3], row[4]) for row in table.rows]
    # The melanoma that nothing noticed leads; bcc for akiec is malignant still, but was not flagged.
    assert named == [("001", "mel", "NO", "nv"), ("002", "bcc", "NO", "akiec"), ("003", "akiec", "yes", "bkl")]
    assert len(table.thumbnails) == 3
    with Image.open(io.BytesIO(table.thumbnails[0])) as small:
        assert small.format == "JPEG"
        assert max(small.size) == 120


def test_the_words_follow_the_figures() -> None:
    truth = [code for code in DIAGNOSES for _ in range(40)]
    right = {"df": 8, "vasc": 36, "akiec": 24, "bcc": 40, "bkl": 40, "mel": 40, "nv": 40}
    guess = [code if i < right[code] else "nv" for code in DIAGNOSES for i in range(40)]
    predicted = _certain(truth, guess, [code in ("akiec", "bcc", "mel") for code in guess])
    side = report(predicted.answers, predicted.sets, bootstrap=50)
    said = verdict("The network", predicted, side, {}, bootstrap=50)
    assert said.lead.startswith("The network was shown 280 photographs of 280 lesions")
    assert "flagged 87 %" in said.lead  # 104 of 120
    assert said.badly[0].startswith("Dermatofibroma (df): 8 of 40 photographs named rightly (p/prior), 20 %")
    assert "most often taken for nv (32)" in said.badly[0]
    assert said.well[0].startswith("Vascular lesion (vasc): 36 of 40")
    assert not any("akiec" in sentence for sentence in said.well + said.badly)  # 60 %: neither
    assert said.unsure == []
    assert any("Of 120 photographs of malignant lesions, 16 were not flagged and 16" in s for s in said.badly)


def test_a_group_that_is_served_worse_is_named() -> None:
    def row(value: float, low: float, high: float, lesions: int = 60) -> dict[str, object]:
        return {
            "n_malignant_lesions": lesions,
            "malignant_sensitivity (flag)": {"value": value, "low": low, "high": high},
        }

    predicted = answered()
    side = report(predicted.answers, predicted.sets, bootstrap=5)
    groups = {
        "sex": {"female": row(0.9, 0.85, 0.95), "male": row(0.7, 0.6, 0.8)},
        "age": {"0–29": row(0.2, 0.1, 0.3, lesions=4), "30–44": row(0.9, 0.85, 0.95)},
    }
    said = verdict("It", predicted, side, groups, bootstrap=5).badly
    assert any("By sex: it flags 70 %" in sentence and "'male'" in sentence for sentence in said)
    assert not any("By age" in sentence for sentence in said)  # four lesions say nothing


def test_a_class_of_few_lesions_is_neither_praised_nor_blamed() -> None:
    predicted = _certain(["df", "df", *["mel"] * 40], ["df", "df", *["mel"] * 40], [False, False, *[True] * 40])
    said = verdict("It", predicted, report(predicted.answers, predicted.sets, bootstrap=5), {}, bootstrap=5)
    assert said.unsure[0].startswith("Dermatofibroma (df): 2 of 2 photographs named rightly (p/prior), 100 %")
    assert said.unsure[0].endswith("These were 2 lesions.")
    assert said.unsure[1].startswith("Vascular lesion (vasc): there was no photograph")
    assert not any("(df)" in sentence for sentence in said.well + said.badly)
    assert said.well[0].startswith("Melanoma (mel): 40 of 40")
