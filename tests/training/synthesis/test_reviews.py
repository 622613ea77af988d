"""Two people review, and what both keep goes on; the page itself is tried in tests/browser."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.generated_pictures import write_generated
from training.__main__ import main
from training.data.records import DataError
from training.data.synthetic import Manifest, load_manifest
from training.synthesis.review_sheet import page, sheet_digest
from training.synthesis.reviews import agreement, kappa, read_review

CODES = ["df"] * 4 + ["vasc"] * 4


@pytest.fixture
def made(tmp_path: Path) -> Manifest:
    return write_generated(tmp_path / "made", CODES, accepted=None)


def _review(path: Path, made: Manifest, reviewer: str, kept: list[int], **more: Any) -> Path:
    decisions = {image.image_id: number in kept for number, image in enumerate(made.images)}
    document = {"reviewer": reviewer, "sheet": sheet_digest(made.images), "decisions": decisions, **more}
    path.write_text(json.dumps(document))
    return path


def _join(made: Manifest, *reviews: Path) -> str:
    words = ["generate", "join", "--manifest", str(made.folder), "--out", str(made.folder.parent / "report")]
    return main([*words, "--bootstrap", "50", "--reviews", *map(str, reviews)])


def test_what_both_keep_is_accepted_and_nothing_else(made: Manifest, tmp_path: Path) -> None:
    printed = _join(
        made,
        _review(tmp_path / "a.json", made, "Ada", [0, 1, 4, 5]),
        _review(tmp_path / "b.json", made, "Bo", [0, 4, 5, 6]),
    )
    read = load_manifest(made.folder)
    assert [image.accepted for image in read.images] == [n in (0, 4, 5) for n in range(8)]
    assert "both keep 3 of 8" in printed
    assert read.accepted().counts() == {"df": 1, "vasc": 2}
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["rows"][0]["pictures"] == 8


def test_a_copy_is_not_accepted_though_both_keep_it(made: Manifest, tmp_path: Path) -> None:
    scores = ({"copy": 1.0}, {}, {"copy": 0.0})
    rows = [replace(image, scores=found) for image, found in zip(made.images, scores, strict=False)]
    replace(made, images=(*rows, *made.images[3:])).save()
    printed = _join(
        made,
        _review(tmp_path / "a.json", made, "Ada", [0, 1, 2]),
        _review(tmp_path / "b.json", made, "Bo", [0, 1, 2]),
    )
    assert [image.accepted for image in load_manifest(made.folder).images] == [n == 2 for n in range(8)]
    assert "2 of them are copies of photographs or have no scores" in printed


def test_kappa_equals_the_formula_by_hand() -> None:
    first = np.array([1] * 20 + [1] * 5 + [0] * 10 + [0] * 15, bool)
    second = np.array([1] * 20 + [0] * 5 + [1] * 10 + [0] * 15, bool)
    found = agreement(first, second, bootstrap=200)
    assert (found.both, found.first_only, found.second_only, found.neither) == (20, 5, 10, 15)
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(0.4)  # observed .7, by chance .5
    assert found.kappa.low < 0.4 < found.kappa.high


def test_kappa_says_nothing_where_both_gave_one_answer_throughout() -> None:
    same = np.ones(5, bool)
    assert math.isnan(kappa(same, same))
    assert agreement(same, same).kappa is None
    assert kappa(same, ~same) == pytest.approx(0)


def test_one_person_cannot_review_twice(made: Manifest, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="second person"):
        _join(made, _review(tmp_path / "a.json", made, "Ada", [0]), _review(tmp_path / "b.json", made, " ada ", [0]))


def test_a_review_with_gaps_or_of_other_pictures_is_refused(made: Manifest, tmp_path: Path) -> None:
    whole = _review(tmp_path / "a.json", made, "Ada", [0])
    part = {image.image_id: True for image in made.images[:5]}
    with pytest.raises(SystemExit, match="3 pictures decided by one alone"):
        _join(made, whole, _review(tmp_path / "b.json", made, "Bo", [], decisions=part))
    with pytest.raises(SystemExit, match="not in this manifest"):
        _join(made, whole, _review(tmp_path / "b.json", made, "Bo", [], decisions={"SYN_other": True}))
    with pytest.raises(SystemExit, match="one whole sheet"):
        _join(made, whole, _review(tmp_path / "b.json", made, "Bo", [0], sheet="0" * 64))
    assert all(image.accepted is None for image in load_manifest(made.folder).images)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"reviewer": "A"}', '{"reviewer": "A", "sheet": "s", "decisions": {"x": 1}}']
)
def test_a_file_that_is_no_review_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match="no review"):
        read_review(tmp_path / "a.json")
    with pytest.raises(DataError, match="cannot be read"):
        read_review(tmp_path / "gone.json")


def test_the_page_holds_all_and_loads_nothing(made: Manifest) -> None:
    text = page(made, made.images)
    assert text.count("data:image/jpeg;base64,") == 8
    assert "http:" not in text.replace("http-equiv", "")
    assert "https:" not in text
    assert "default-src 'none'" in text


def test_a_second_sheet_shows_what_is_open_and_leaves_what_was_decided(made: Manifest, tmp_path: Path) -> None:
    _join(made, _review(tmp_path / "a.json", made, "Ada", [0, 1]), _review(tmp_path / "b.json", made, "Bo", [0, 1]))
    words = ["generate", "review", "--manifest", str(made.folder), "--all", "--out", str(tmp_path / "review.html")]
    with pytest.raises(SystemExit, match="All of these pictures are decided"):
        main(words)
    assert main([*words, "--again"]).startswith("8 of 8")
    manifest = load_manifest(made.folder)
    opened = replace(manifest.images[7], accepted=None)
    replace(manifest, images=(*manifest.images[:7], opened)).save()
    assert main(words).startswith("1 of 8")
    part = replace(made, images=made.images[7:])
    reviews = [_review(tmp_path / f"{name}.json", part, name, [0]) for name in ("Cy", "Di")]
    _join(made, *reviews)
    assert [image.accepted for image in load_manifest(made.folder).images] == [n in (0, 1, 7) for n in range(8)]


def test_only_what_passed_its_scores_is_shown_unless_all_is_asked(made: Manifest, tmp_path: Path) -> None:
    words = ["generate", "review", "--manifest", str(made.folder), "--out", str(tmp_path / "review.html")]
    with pytest.raises(SystemExit, match="No picture has passed"):
        main(words)
    assert main([*words, "--all"]).startswith("8 of 8 pictures")
    assert (tmp_path / "review.html").stat().st_size > 8000
