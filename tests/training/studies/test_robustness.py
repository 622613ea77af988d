"""Worse pictures through the served runtime: each corruption does what it says, and the report finds where it breaks."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from inference.bundle import Bundle
from inference.predictor import Predictor
from inference.vocabulary import DIAGNOSES
from tests.bundles import build_tiny_bundle
from tests.training import shipped
from training.__main__ import main
from training.data.records import Record
from training.data.splits import LeakError, Split
from training.evaluation.paired import gain
from training.metrics import BALANCED, FIGURES, Answers, Interval, balanced_draws, resamples
from training.studies import asked, robustness_report
from training.studies.corruptions import CORRUPTIONS
from training.studies.robustness import Level, first_break, study

SHIPPED = shipped.BUNDLE


def _pixels(spoiled: bytes | Image.Image, tmp: Path) -> np.ndarray:
    if isinstance(spoiled, bytes):
        (tmp / "x.jpg").write_bytes(spoiled)
        with Image.open(tmp / "x.jpg") as opened:
            return np.asarray(opened.convert("RGB")).astype(float)
    return np.asarray(spoiled).astype(float)


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda c: c.name)
def test_each_level_is_further_from_the_picture_than_the_one_before(
    corruption: object, records: list[Record], tmp_path: Path
) -> None:
    with Image.open(records[0].image) as opened:
        picture = opened.convert("RGB")
    clean = np.asarray(picture).astype(float)
    spoiled = [_pixels(corruption.apply(picture, level), tmp_path) for level in corruption.levels]  # type: ignore[attr-defined]
    far = [np.sqrt(((one - clean) ** 2).mean()) for one in spoiled]
    assert len(far) == 5
    assert all(one.shape == clean.shape for one in spoiled)
    assert far[0] > 0.5
    assert far == sorted(far)


def _answers(right: np.ndarray) -> Answers:
    target = np.arange(70) % 7
    p = np.eye(7)[np.where(right, target, (target + 1) % 7)]
    return Answers(p, p, target, np.arange(70) // 2)


def test_the_fast_bootstrap_is_the_slow_one() -> None:
    a = _answers(np.random.default_rng(0).random(70) < 0.6)
    samples = resamples(a.lesion, 40)
    slow = [FIGURES[BALANCED](a.take(rows)) for rows in samples]
    np.testing.assert_allclose(balanced_draws(a, samples), slow)


def test_a_gain_is_paired_and_refuses_other_pictures() -> None:
    all_right, most = _answers(np.ones(70, bool)), _answers(np.arange(70) % 10 < 8)
    found = gain(all_right, most, bootstrap=50).difference
    assert found.value == pytest.approx(0.2)
    assert found.low > 0
    assert gain(most, most, bootstrap=50).difference == Interval(0, 0, 0)
    with pytest.raises(ValueError, match="one split and one side"):
        gain(all_right, replace(most, target=most.target[::-1]), bootstrap=5)


def test_the_mildest_level_beyond_five_points_is_where_it_breaks() -> None:
    def level(number: int, drop: float) -> Level:
        return Level("blur", number, "", {}, Interval(drop, drop, drop), 0, 0, None)

    levels = [level(1, 0.04), level(2, 0.06), level(3, 0.2)]
    assert first_break(levels, "blur") == levels[1]
    assert first_break(levels[:1], "blur") is None
    assert first_break(levels, "JPEG") is None


def test_lesions_are_drawn_whole(records: list[Record]) -> None:
    drawn = asked.some_lesions(records, 20)
    lesions = {record.lesion_id for record in drawn}
    assert len(lesions) == 20
    assert drawn == [record for record in records if record.lesion_id in lesions]
    assert asked.some_lesions(records, None) == records


def test_a_bundle_is_asked_about_its_own_split_and_no_other() -> None:
    assert asked.opened(SHIPPED, shipped.split()).bundle.path == SHIPPED


def test_a_split_that_holds_out_what_the_bundle_learned_is_refused() -> None:
    learned = shipped.split().train
    # Not one picture of it is among the test images that the manifest lists.
    made_of_training = Split("another", 1, train=learned[:50], validation=learned[50:60], test=learned[60:70])
    with pytest.raises(LeakError, match=r"give the split.json of its runs"):
        asked.opened(SHIPPED, made_of_training)
    with pytest.raises(LeakError, match="was trained on another split"):
        asked.opened(SHIPPED, Split("of other pictures", 1, train=("a",), validation=(), test=("b",)))


def test_withheld_metadata_are_not_sent(records: list[Record]) -> None:
    predictor = Predictor(Bundle.load(SHIPPED))
    (fused,), (image,) = (asked.ask(predictor, records[:1], path) for path in asked.PATHS)
    assert any(fused.metadata_logits.values())
    assert not any(image.metadata_logits.values())


def test_the_report_has_all_levels_and_the_gate_refuses_the_worst_blur(drawn: Path, tmp_path: Path) -> None:
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    main(["split", *data, "--out", str(tmp_path / "split.json")])
    made_on = {"name": "drawn", "citation": "none", "licence": "CC0", "split": "by lesion", "n": 1}
    made_on["split_sha256"] = Split.load(tmp_path / "split.json").digest()
    build_tiny_bundle(tmp_path / "bundle", changes={"training_data": made_on})
    words = ["robustness", *data, "--bundle", str(tmp_path / "bundle"), "--split", str(tmp_path / "split.json")]
    main([*words, "--at-most", "4", "--out", str(tmp_path / "report"), "--bootstrap", "20"])
    with (tmp_path / "report" / "levels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1 + 5 * 5
    refused = {(row["corruption"], int(row["level"])): float(row["refused by the gate"]) for row in rows}
    assert refused["blur", 5] == 1 > refused["clean", 0]
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["levels"][0]["drop"] == {"value": 0, "low": 0, "high": 0}
    assert (tmp_path / "report" / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_gate_is_judged_on_the_same_photographs_clean_and_worse(
    records: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = records[:40]
    hard = {record.image_id for record in some[20:]}  # wrong even as taken, and refused when blurred

    def ask(
        predictor: object, asked_: list[Record], path: str, send: Callable[[Record], object] | None = None
    ) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(
                quality=SimpleNamespace(acceptable=send is None or record.image_id not in hard),
                abstain_reason=None,
                right=record.image_id not in hard and (send is None or i % 4 > 0),
            )
            for i, record in enumerate(asked_)
        ]

    def answers(results: list[SimpleNamespace], asked_: list[Record]) -> Answers:
        target = np.array([DIAGNOSES.index(record.diagnosis) for record in asked_])
        right = np.array([result.right for result in results])
        p = np.eye(7)[np.where(right, target, (target + 1) % 7)]
        return Answers(p, p, target, np.arange(len(target)))

    monkeypatch.setattr(asked, "ask", ask)
    monkeypatch.setattr(asked, "answers", answers)
    levels = study(None, some, "image", bootstrap=20)  # type: ignore[arg-type]
    worse = levels[1]
    assert worse.accepted is not None
    assert worse.accepted_drop is not None
    assert levels[0].found[BALANCED].value == pytest.approx(worse.accepted.value, abs=0.3)
    assert worse.accepted_drop.value == pytest.approx(1 - worse.accepted.value)  # as taken all of these were right
    assert worse.accepted_drop.value > 0.1
    report = robustness_report.build(levels, bundle={}, path="image")
    assert f"{worse.accepted_drop.value * 100:.1f} points" in report.lead
    assert "below the same photographs as they were taken" in report.lead
