"""Shares that the quality gate refuses, worked by hand, and the command from end to end on drawn lesions."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from inference.manifest import InputSpec
from tests.bundles import build_tiny_bundle
from tests.inference.pictures import lesion
from training.__main__ import main
from training.data.records import Record
from training.studies import gate
from training.studies.skin_tones import TONES

SPEC = InputSpec(144, 192, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2), "bilinear", ("dermoscopic",))


def named(change: str, *hits: int) -> gate.Gate:
    return gate.Gate(change, np.array(hits, bool), {"blur": sum(hits)} if any(hits) else {}, 50.0)


def test_the_gap_is_between_tones_alone_and_draws_whole_lesions() -> None:
    gates = [named("clean", 1, 1, 1, 1), named("skin: a", 0, 0, 0, 0), named("skin: b", 1, 1, 0, 0)]
    lesions = np.array([0, 0, 1, 1])
    found = gate.gap(gates, lesions, bootstrap=400)
    assert (found.value, found.low, found.high) == (0.5, 0, 1)  # a draw has lesion 0 twice, once or never
    split = gate.gap([*gates[:2], named("skin: b", 1, 0, 1, 0)], lesions, bootstrap=400)
    assert (split.low, split.high) == (0.5, 0.5)  # half of each lesion: no draw can differ


def test_the_clean_are_let_through_and_the_blurred_are_not(tmp_path: Path, records: list[Record]) -> None:
    pictures = [lesion(seed=1), lesion(seed=2).filter(ImageFilter.GaussianBlur(5))]
    clean, blurred, *others = gate.study(_stored(pictures, tmp_path, records), SPEC)
    tones, levels = others[: len(TONES)], {one.change: one for one in others[len(TONES) :]}
    assert (clean.hits.tolist(), clean.refused, clean.reasons) == ([False, True], 0.5, {"blur": 1})
    assert (blurred.refused, blurred.reasons["blur"]) == (1, 2)
    assert [one.change for one in tones] == [f"skin: {tone.name}" for tone in TONES]
    assert all(tone.low < one.angle <= tone.high for tone, one in zip(TONES, tones, strict=True))
    assert all(one.hits.tolist() == [False, True] for one in tones)
    assert len(levels) == 10
    assert levels["darker, brightness × factor 0.25"].reasons["under_exposed"] == 2
    assert levels["darker, brightness × factor 0.4"].hinted == 0.5  # the other one is blurred


@pytest.mark.parametrize(("side", "told"), [("validation", True), ("test", False)])
def test_the_page_says_when_the_limits_were_set_on_the_side_it_measures(
    side: str, told: bool, records: list[Record]
) -> None:
    gates = [named("clean", 0, 1), named("blur", 1, 1), named("skin: a", 0, 0), named("skin: b", 0, 1)]
    report = gate.build(gates, records[:2], about={"side": side}, bootstrap=20)
    assert ("limits were set on this side" in " ".join(report.limits)) is told
    assert report.values["tone_gap"]["value"] == 0.5
    assert report.values["gates"][0]["value"] == 0.5


def test_the_command_measures_the_test_side_unless_told_otherwise(drawn: Path, tmp_path: Path) -> None:
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    main(["split", *data, "--out", str(tmp_path / "split.json")])
    build_tiny_bundle(tmp_path / "bundle")
    words = ["quality", *data, "--bundle", str(tmp_path / "bundle"), "--split", str(tmp_path / "split.json")]
    printed = main([*words, "--at-most", "4", "--bootstrap", "20", "--out", str(tmp_path / "report")])
    assert "clean pictures of the test side" in printed
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert (report["lesions"], report["side"], report["bundle"]) == (4, "test", {"name": "tiny", "version": "0.0"})
    with (tmp_path / "report" / "gate.csv").open(newline="") as file:
        rows = {row["pictures"]: row for row in csv.DictReader(file)}
    assert len(rows) == 2 + len(TONES) + 10
    assert all(float(row["from"]) <= float(row["refused"]) <= float(row["to"]) for row in rows.values())


def _stored(pictures: list[Image.Image], folder: Path, records: list[Record]) -> list[Record]:
    files = [folder / f"{number}.png" for number in range(len(pictures))]
    for picture, file in zip(pictures, files, strict=True):
        picture.save(file)
    return [replace(record, image=file) for record, file in zip(records, files, strict=False)]
