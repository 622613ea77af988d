from dataclasses import replace

import pytest

from inference.vocabulary import DIAGNOSES, IMAGE_TYPES
from training.data.records import Record
from training.data.schemes import folds_of, lesion_folds
from training.data.sources import SOURCES, limits_of
from training.data.splits import split_by_lesion


@pytest.mark.parametrize("name", list(SOURCES))
def test_each_source_says_what_must_travel_with_its_photographs(name: str) -> None:
    source = SOURCES[name]
    assert source.citation
    assert source.name in source.terms
    assert source.licence in source.terms
    assert set(source.labels.values()) <= set(DIAGNOSES)
    assert set(source.image_types) <= set(IMAGE_TYPES)


def test_what_has_no_code_is_in_no_map() -> None:
    for name in ("isic", "pad-ufes-20"):
        assert not {"SCC", "UNK"} & set(SOURCES[name].labels)


def test_the_non_commercial_term_travels() -> None:
    assert SOURCES["ham10000"].terms == "CC BY-NC 4.0, with attribution to HAM10000; non-commercial use only"
    assert "non-commercial" not in SOURCES["pad-ufes-20"].terms


@pytest.mark.parametrize(
    ("held", "scheme", "said"),
    [
        ("lesion", "lesion-grouped stratified", ""),
        ("patient", "patient-grouped stratified", "is a patient"),
        ("photograph", "photograph-grouped (no lesion is named", "may stand on two sides of a split"),
    ],
)
def test_a_split_and_a_page_say_what_is_held_together(records: list[Record], held: str, scheme: str, said: str) -> None:
    made = [replace(record, grouped_by=held) for record in records]
    assert split_by_lesion(made, []).scheme.startswith(scheme)
    folds = lesion_folds(made, [])
    assert folds.scheme.startswith(scheme)
    assert folds_of(folds) == 5
    assert said in " ".join(limits_of(SOURCES["isic"], made))
    mixed = [*made[:49], *records[49:]]
    assert ("50%" in split_by_lesion(mixed, []).scheme) == (held != "lesion")


def test_no_page_quotes_the_limits_of_another_source() -> None:
    for name, source in SOURCES.items():
        told = " ".join(source.limits)
        assert told
        assert ("Austria" in told) == (name == "ham10000")
