"""Each scheme keeps its promise, and the one that leaks says so."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from training.data.records import DataError, Record
from training.data.schemes import HELD_OUT, SCHEMES, folds_of, leave_source_out, overlap, split_by
from training.data.splits import LeakError, Split, check_no_leak, check_same_images


@pytest.fixture
def sourced(records: list[Record]) -> list[Record]:
    """Two lesions in three from Vienna, the third from the source held out."""
    lesions = sorted({record.lesion_id for record in records})
    away = set(lesions[::3])
    return [replace(r, source=HELD_OUT if r.lesion_id in away else "vidir_modern") for r in records]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_but_image_level_keep_lesions_whole(scheme: str, sourced: list[Record]) -> None:
    made = split_by(scheme, sourced, [])
    check_same_images(made, sourced)
    assert made.leaks == (scheme == "image-level")
    if made.leaks:
        assert made.scheme.startswith("image-level: leaks")
        assert overlap(made, sourced) > 0.1
        with pytest.raises(LeakError, match="same lesion"):
            check_no_leak(made, sourced, [])
    else:
        check_no_leak(made, sourced, [])
        assert overlap(made, sourced) == 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_order_of_the_rows_does_not_choose_but_the_seed_does(scheme: str, sourced: list[Record]) -> None:
    assert split_by(scheme, sourced[::-1], []) == split_by(scheme, sourced, [])
    assert split_by(scheme, sourced, [], seed=1).digest() != split_by(scheme, sourced, []).digest()


def test_five_folds_test_each_image_once_and_every_class_each_time(records: list[Record]) -> None:
    folds = [split_by("lesion-folds", records, [], fold=fold) for fold in range(5)]
    tested = Counter(image for fold in folds for image in fold.test)
    assert tested == Counter(record.image_id for record in records)
    diagnosis = {record.image_id: record.diagnosis for record in records}
    for fold in folds:
        assert {diagnosis[image] for image in fold.test} == set(diagnosis.values())
        assert len(fold.test) == pytest.approx(len(records) / 5, rel=0.15)


def test_folds_within_a_training_side_know_nothing_of_the_other_sides(records: list[Record]) -> None:
    outer = split_by("lesion", records, [])
    folds = [split_by("lesion-folds", records, [], fold=fold, within=outer) for fold in range(5)]
    assert Counter(image for fold in folds for image in fold.test) == Counter(outer.train)
    for fold in folds:
        check_no_leak(fold, records, [])
        assert set(fold.left_out) == {*outer.validation, *outer.test}
        assert fold.scheme.startswith("lesion-grouped stratified 5 folds, 70/10/20, within the training side of")
        assert folds_of(fold) == 5
    with pytest.raises(DataError, match="Only lesion-folds"):
        split_by("lesion", records, [], within=outer)
    with pytest.raises(DataError, match="does not leak"):
        split_by("lesion-folds", records, [], within=split_by("image-level", records, []))


def test_a_source_left_out_is_tested_whole_and_never_seen(sourced: list[Record]) -> None:
    made = leave_source_out(sourced, [])
    source = {record.image_id: record.source for record in sourced}
    assert set(made.test) == {image for image in source if source[image] == HELD_OUT}
    assert {source[image] for image in (*made.train, *made.validation)} == {"vidir_modern"}
    assert not made.left_out
    assert "tested on rosendahl" in made.scheme


def test_what_ties_training_to_the_source_left_out_is_given_up(sourced: list[Record]) -> None:
    before = leave_source_out(sourced, [])
    place = {record.image_id: i for i, record in enumerate(sourced)}
    pair = (place[before.train[0]], place[before.test[0]])
    made = leave_source_out(sourced, [pair])
    mates = {r.image_id for r in sourced if r.lesion_id == sourced[pair[0]].lesion_id}
    assert set(made.left_out) == mates
    assert made.test == before.test
    check_no_leak(made, sourced, [pair])


def test_overlap_counts_test_images_with_a_lesion_in_training(records: list[Record]) -> None:
    photos = [r for r in records if r.lesion_id == records[0].lesion_id]
    assert len(photos) == 2
    lone = next(r for r in records if r.lesion_id != records[0].lesion_id)
    made = Split("drawn", 0, train=(photos[0].image_id,), validation=(), test=(photos[1].image_id, lone.image_id))
    assert overlap(made, records) == 0.5


@pytest.mark.parametrize(
    ("scheme", "fold", "message"),
    [
        ("images", 0, "no split scheme 'images'"),
        ("lesion-folds", 5, "folds 0 to 4, not 5"),
        ("leave-source-out", 0, "needs images of 'rosendahl' and of another source"),
    ],
)
def test_what_cannot_be_split_is_refused(records: list[Record], scheme: str, fold: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        split_by(scheme, records, [], fold=fold)


def test_too_few_images_leave_a_side_empty_and_that_is_said(records: list[Record]) -> None:
    with pytest.raises(DataError, match="leaves no image for"):
        split_by("lesion", records[:2], [])
