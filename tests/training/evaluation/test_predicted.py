"""Answers pooled over folds, and written and read back without loss."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.metadata import Metadata
from training.data.records import DataError, Record
from training.evaluation.metadata import alter
from training.evaluation.predicted import Predicted, numbered, pool, read_predictions, write_predictions
from training.metrics import Answers


def answered(n: int = 42, *, seed: int = 1, start: int = 0, skill: float = 1.5) -> Predicted:
    """Drawn answers to ``n`` photographs, two of each lesion, every class equally often."""
    rng = np.random.default_rng(seed)
    target = (np.arange(n) // 2) % 7
    scores = rng.normal(size=(n, 7)) + skill * np.eye(7)[target]
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    lesions = tuple(f"HAM_{start + i // 2:04d}" for i in range(n))
    answers = Answers(scores, p, target, numbered(lesions))
    images = tuple(f"ISIC_{start + i:04d}" for i in range(n))
    return Predicted(images, lesions, answers, p, p > 0.1, answers.malignancy > 0.3, ("",) * n)


def test_folds_pool_into_one_figure_with_their_own_lesions() -> None:
    first, second = answered(start=100), answered(28, start=0, seed=2)
    both = pool([first, second])
    assert len(both) == 70
    assert len(np.unique(both.answers.lesion)) == 35
    assert both.answers.lesion[0] == 14  # HAM_0100 comes after the fourteen lesions of the second fold
    np.testing.assert_array_equal(both.answers.p[42:], second.answers.p)
    np.testing.assert_array_equal(both.flagged, [*first.flagged, *second.flagged])


def test_a_photograph_that_two_runs_tested_is_refused() -> None:
    with pytest.raises(DataError, match="2 photographs were tested by more than one run, ISIC_0040"):
        pool([answered(), answered(start=40)])


def test_a_table_gives_back_what_was_written(tmp_path: Path) -> None:
    fused, image = answered(), answered(seed=3)
    write_predictions(tmp_path / "predictions.csv", {"fused": fused, "image": image})
    first = read_predictions(tmp_path / "predictions.csv")
    second = read_predictions(tmp_path / "predictions.csv", "image")
    assert (first.name, second.name) == ("fused", "image")
    for back, given in ((first, fused), (second, image)):
        assert back.images == given.images
        np.testing.assert_allclose(back.answers.scores, given.answers.scores, atol=1e-6)
        np.testing.assert_allclose(back.answers.p, given.answers.p, atol=1e-6)
        np.testing.assert_array_equal(back.answers.target, given.answers.target)
        np.testing.assert_array_equal(back.answers.lesion, given.answers.lesion)
        np.testing.assert_array_equal(back.flagged, given.flagged)


def test_a_table_that_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "predictions.csv"
    with pytest.raises(DataError, match="is missing"):
        read_predictions(file)
    file.write_text("image,lesion,path,truth\n")
    with pytest.raises(DataError, match="no column 'abstain_reason'"):
        read_predictions(file)
    write_predictions(file, {"fused": answered()})
    with pytest.raises(DataError, match="holds the paths fused, not 'image'"):
        read_predictions(file, "image")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("score_mel", "nan", "the row of ISIC_0003 holds a score or a probability that is no number"),
        ("mel", "inf", "the row of ISIC_0003 holds a score or a probability that is no number"),
        ("score_mel", "", "the row of ISIC_0003 lacks a score or a probability"),
        ("mel", "1.5", "the row of ISIC_0003 has probabilities that sum to"),
        ("mel", "-0.2", "the row of ISIC_0003 has probabilities that sum to"),
        ("truth", "scc", "the row of ISIC_0003 states the truth 'scc', which is none of akiec, bcc"),
        ("flagged", "yes", "the row of ISIC_0003 is flagged 'yes', not 0 or 1"),
        ("image", "ISIC_0004", "answers ISIC_0004 2 times"),
    ],
)
def test_a_row_that_would_be_counted_as_some_answer_or_other_is_named(
    tmp_path: Path, column: str, value: str, said: str
) -> None:
    """An arg-max takes a score that is no number for the largest."""
    file = tmp_path / "predictions.csv"
    write_predictions(file, {"fused": answered()})
    rows = [line.split(",") for line in file.read_text().splitlines()]
    rows[4][rows[0].index(column)] = value
    file.write_text("\n".join(",".join(row) for row in rows))
    with pytest.raises(DataError, match=said):
        read_predictions(file)


def test_metadata_are_kept_withheld_or_dealt_to_others(records: list[Record]) -> None:
    told = [
        replace(record, metadata=Metadata(age=float(20 + i % 60), sex="male", localization="back"))
        for i, record in enumerate(records)
    ]
    assert alter(told, "kept") == told
    assert all(record.metadata == Metadata() for record in alter(told, "withheld"))
    shuffled = alter(told, "shuffled")
    assert shuffled == alter(told, "shuffled")  # the same wrong metadata for every model
    assert [record.image_id for record in shuffled] == [record.image_id for record in told]
    ages = [[record.metadata.age for record in rows] for rows in (told, shuffled)]
    assert sorted(ages[0]) == sorted(ages[1])
    assert np.mean([a == b for a, b in zip(*ages, strict=True)]) < 0.2
