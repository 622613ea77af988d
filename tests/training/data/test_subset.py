from collections import Counter

import pytest

from training.data.records import DataError, Record
from training.data.subset import subset


def test_classes_take_turns_and_lesions_stay_whole(records: list[Record]) -> None:
    chosen = subset(records, 30)
    assert 30 <= len(chosen) <= 31
    counts = Counter(record.diagnosis for record in chosen)
    assert len(counts) == 7
    assert max(counts.values()) - min(counts.values()) <= 3  # a lesion has one or two photographs here
    photographs = Counter(record.lesion_id for record in records)
    assert all(photographs[lesion] == n for lesion, n in Counter(r.lesion_id for r in chosen).items())


def test_a_larger_subset_contains_a_smaller_one_in_the_order_of_the_release(records: list[Record]) -> None:
    small, large = subset(records, 20), subset(records, 60)
    assert set(small) < set(large)
    assert large == [record for record in records if record in set(large)]


def test_the_order_of_the_rows_does_not_choose(records: list[Record]) -> None:
    assert subset(records[::-1], 25) == subset(records, 25)[::-1]


@pytest.mark.parametrize("images", [0, -3, 99_999])
def test_a_subset_that_cannot_be_is_refused(records: list[Record], images: int) -> None:
    with pytest.raises(DataError, match="cannot be taken"):
        subset(records, images)
