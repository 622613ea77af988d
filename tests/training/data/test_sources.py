import pytest

from inference.vocabulary import DIAGNOSES, IMAGE_TYPES
from training.data.sources import SOURCES


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
