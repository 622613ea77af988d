"""A manifest says what each picture is, and nothing that knows a held-out side may join."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.generated_pictures import write_generated
from training.data.records import DataError, Record
from training.data.splits import LeakError, Split, split_by_lesion
from training.data.synthetic import check_may_join, load_manifest, records_of


@pytest.fixture(scope="module")
def split(records: list[Record]) -> Split:
    return split_by_lesion(records, [])


def test_a_manifest_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    made = write_generated(tmp_path, ["df", "vasc", "df"], prompt="dermoscopic image of a dermatofibroma")
    read = load_manifest(tmp_path)
    assert read == made
    assert read.counts() == {"df": 2, "vasc": 1}
    assert read.digest() == made.digest()
    written = json.loads((tmp_path / "manifest.json").read_text())
    assert all(row["image_manipulation"] == "synthetic" for row in written["images"])


def test_each_picture_is_a_lesion_of_its_own_of_nobody(tmp_path: Path) -> None:
    records = records_of(write_generated(tmp_path, ["df", "mel"]))
    assert len({record.lesion_id for record in records}) == 2
    assert all(record.metadata.age is None and record.dx_type == "generated" for record in records)


def _edit(folder: Path, **changes: Any) -> None:
    document = json.loads((folder / "manifest.json").read_text())
    document["images"][0] |= changes
    (folder / "manifest.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"image_manipulation": "none"}, "says image_manipulation synthetic"),
        ({"diagnosis": "scc"}, "no class 'scc'"),
        ({"image": "SYN_0001.png"}, "there twice"),
        ({"mask": "gone.png"}, "is missing"),
        ({"mask": "../gone.png"}, "beside their manifest"),
        ({"sha256": "0" * 64}, "was changed after it was generated"),
        ({"colour": "red"}, "no manifest of generated pictures"),
    ],
)
def test_a_row_that_is_not_what_it_says_is_refused(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    write_generated(tmp_path, ["df", "vasc"])
    _edit(tmp_path, **changes)
    with pytest.raises(DataError, match=told):
        load_manifest(tmp_path)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="generate sample"):
        load_manifest(tmp_path)


def test_only_what_two_people_accepted_goes_on(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no picture is accepted"):
        write_generated(tmp_path / "new", ["df"], accepted=None).accepted()
    assert len(write_generated(tmp_path / "seen", ["df"]).accepted().images) == 1


@pytest.mark.parametrize("scores", [{}, {"copy": 1.0}], ids=["never-compared", "copy"])
def test_a_copy_or_what_was_never_compared_is_learned_from_by_nobody(tmp_path: Path, scores: dict[str, float]) -> None:
    with pytest.raises(DataError, match="is a copy of a photograph or has no scores"):
        write_generated(tmp_path, ["df"], scores=scores).accepted()


def test_to_judge_a_picture_again_does_not_change_what_it_is(tmp_path: Path) -> None:
    made = write_generated(tmp_path, ["df"])

    def altered(**changes: Any) -> str:
        return replace(made, images=(replace(made.images[0], **changes),)).digest()

    assert altered(scores={"niqe": 1.0, "copy": 0.0}, accepted=None) == made.digest()
    for changes in ({"sha256": "1" * 64}, {"diagnosis": "mel"}, {"split_sha256": "2" * 64}, {"parents": ("ISIC_1",)}):
        assert altered(**changes) != made.digest()


def test_what_was_made_of_the_training_side_may_join(tmp_path: Path, split: Split) -> None:
    made = write_generated(tmp_path, ["df"], split_sha256=split.digest(), parents=(split.train[0],))
    check_may_join(made, split)


@pytest.mark.parametrize("side", ["validation", "test"])
def test_what_was_made_of_a_held_out_photograph_may_not(tmp_path: Path, split: Split, side: str) -> None:
    made = write_generated(tmp_path, ["df"], parents=(split.train[0], split.sides[side][0]))
    with pytest.raises(LeakError, match="not on the training side"):
        check_may_join(made, split)


def test_a_generator_of_another_split_has_seen_the_test_side(
    tmp_path: Path, split: Split, records: list[Record]
) -> None:
    other = split_by_lesion(records, [], fold=1)
    with pytest.raises(LeakError, match="another split"):
        check_may_join(write_generated(tmp_path, ["df"], split_sha256=other.digest()), split)


def test_a_generated_picture_on_a_held_out_side_stops_everything(tmp_path: Path, split: Split) -> None:
    """Should one ever stand on the validation or test side, by its name, nothing joins."""
    made = write_generated(tmp_path, ["df"])
    for side in ("validation", "test"):
        planted = {**{name: list(ids) for name, ids in split.sides.items()}}
        planted[side].append(made.images[0].image_id)
        torn = Split.of(planted, scheme=split.scheme, seed=0, fold=0)
        with pytest.raises(LeakError, match="is a photograph of the split"):
            check_may_join(made, torn)
