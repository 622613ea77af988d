from dataclasses import replace

import pytest

from inference.metadata import Metadata
from training.data.records import DataError, Record
from training.data.sources import SOURCES
from training.evaluation.outside import check_outside, unlike


def test_a_release_is_no_outside_set_of_itself(records: list[Record]) -> None:
    with pytest.raises(DataError, match="98 of these photographs are of it"):
        check_outside({"name": "HAM10000"}, records)


def test_a_larger_set_that_holds_it_is_recognised_by_its_images(records: list[Record]) -> None:
    renamed = [replace(record, dataset="ISIC") for record in records]
    check_outside({"name": "HAM10000", "test_images": ["ISIC_0099999"]}, renamed)
    with pytest.raises(DataError, match="1 of these photographs"):
        check_outside({"name": "HAM10000", "test_images": [renamed[7].image_id]}, renamed)


def test_what_makes_figures_hard_to_compare_is_said(records: list[Record]) -> None:
    bare = [replace(record, metadata=Metadata()) for record in records]
    said = " ".join(unlike(("dermoscopic",), SOURCES["pad-ufes-20"], bare))
    assert "clinical: close-up; the bundle was made for dermoscopic" in said
    assert "Age is unknown for 100%" in said
    assert unlike(("dermoscopic",), SOURCES["isic"], records) == ()
