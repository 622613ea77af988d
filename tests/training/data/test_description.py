"""The counts of a data set, on drawn lesions by hand and on the real release by its published facts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from inference.metadata import Metadata
from training.data import ham10000
from training.data.description import ages, ages_as_written, describe, effective_number, pair_counts
from training.data.records import Record


def test_the_drawn_data_count_as_they_were_drawn(records: list[Record]) -> None:
    found = describe(records)
    assert (found["images"], found["lesions"], found["lesions_with_more_than_one_image"]) == (98, 70, 28)
    assert found["photographs_per_lesion"] == {1: 42, 2: 28}
    assert list(found["classes"].items())[:3] == [("df", 14), ("vasc", 14), ("akiec", 14)]
    assert found["unknown"] == {"age": 7, "sex": 0, "localization": 7, "mask": 0, "how the truth was found": 0}
    assert found["site_by_class"]["unknown"]["mel"] == 1
    assert list(found["sites"].items()) == [("back", 91), ("unknown", 7)]
    assert found["lesions_from_two_sources"] == 0


def test_a_lesion_of_two_sources_is_counted_once(records: list[Record]) -> None:
    moved = [replace(record, source="elsewhere") if i in {0, 5} else record for i, record in enumerate(records)]
    mates = Counter(record.lesion_id for record in records)
    expected = sum(mates[records[i].lesion_id] == 2 for i in (0, 5))
    assert describe(moved)["lesions_from_two_sources"] == expected > 0


@pytest.mark.parametrize(("counts", "number"), [([5, 5, 5, 5], 4.0), ([7, 0, 0], 1.0), ([50, 25, 25], 2.0 * 2**0.5)])
def test_equal_classes_count_fully_and_an_absent_one_not_at_all(counts: list[int], number: float) -> None:
    assert effective_number(counts) == pytest.approx(number)


def test_ages_fall_into_steps_of_five_with_gaps_shown(records: list[Record]) -> None:
    some = [replace(records[0], metadata=Metadata(age=age)) for age in (30.0, 34.9, 45.0, None)]
    assert ages(some) == {"30": 2, "35": 0, "40": 0, "45": 1, "unknown": 1}


def test_pairs_are_told_apart_by_lesion_and_diagnosis(records: list[Record]) -> None:
    place = {record.image_id: i for i, record in enumerate(records)}
    mates = (place["ISIC_40000"], place["ISIC_40001"])
    same_class = (place["ISIC_40000"], place["ISIC_40010"])
    other_class = (place["ISIC_40000"], place["ISIC_50000"])
    assert list(pair_counts(records, [mates, same_class, other_class]).values()) == [1, 2, 1]


@pytest.mark.ham10000
def test_the_real_release_has_its_published_facts(ham10000_dir: Path) -> None:
    found = describe(ham10000.load(ham10000_dir))
    assert (found["images"], found["lesions"]) == (10_015, 7_470)
    assert found["lesions_with_more_than_one_image"] == 1956
    assert max(found["photographs_per_lesion"]) == 6
    assert found["classes"] == ham10000.CLASS_COUNTS
    assert found["sources"] == ham10000.SOURCE_COUNTS
    assert found["unknown"] == {"age": 96, "sex": 57, "localization": 234, "mask": 0, "how the truth was found": 0}
    assert ages_as_written(ham10000_dir / "HAM10000_metadata.csv") == {"empty": 57, "zero": 39}
    assert found["lesions_from_two_sources"] == 9
    assert found["majority_class_accuracy"] == pytest.approx(0.6695, abs=5e-5)
    assert found["truth_by_class"]["histo"]["mel"] == 1113
    assert {code for code, n in found["truth_by_class"]["follow_up"].items() if n} == {"nv"}
