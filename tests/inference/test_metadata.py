import dataclasses

import numpy as np
import pytest

from inference.metadata import Metadata, MetadataEncoding
from inference.vocabulary import LOCALIZATIONS

ENCODING = MetadataEncoding()


def named(metadata: Metadata) -> dict[str, float]:
    """Only the columns that are not zero."""
    values = dict(zip(ENCODING.columns, ENCODING.encode(metadata).tolist(), strict=True))
    return {name: value for name, value in values.items() if value}


def test_each_field_has_its_columns() -> None:
    assert ENCODING.size == 19
    assert named(Metadata(age=70, sex="male", localization="back")) == {
        "age_known": 1,
        "age": 1,
        "age_squared": 1,
        "sex=male": 1,
        "localization=back": 1,
    }


def test_age_below_the_centre_is_negative_and_its_square_positive() -> None:
    assert named(Metadata(age=0)) == {"age_known": 1, "age": -2.5, "age_squared": 6.25}


def test_the_centre_itself_is_known() -> None:
    assert named(Metadata(age=50)) == {"age_known": 1}


def test_nothing_known_is_the_zero_vector() -> None:
    for metadata in (
        Metadata(),
        Metadata(None, "unknown", "unknown"),
        Metadata.parse(age="NaN", sex=" ", localization="NA"),
    ):
        assert not ENCODING.encode(metadata).any()
        assert metadata == Metadata()


def test_a_sex_without_a_column_tells_the_network_nothing() -> None:
    assert Metadata(sex="other").sex == "other"
    assert not ENCODING.encode(Metadata(sex="other")).any()


def test_every_localization_but_unknown_has_a_column_of_its_own() -> None:
    vectors = [ENCODING.encode(Metadata(localization=site)) for site in LOCALIZATIONS if site != "unknown"]
    assert len({vector.tobytes() for vector in vectors}) == 14
    assert all(vector.sum() == 1 for vector in vectors)


def test_text_is_read_as_people_write_it() -> None:
    assert Metadata.parse(age=" 35.0 ", sex="Female", localization="Lower Extremity") == Metadata(
        35, "female", "lower extremity"
    )


@pytest.mark.parametrize(
    ("fields", "start"),
    [
        ({"age": -1}, "age"),
        ({"age": 120.5}, "age"),
        ({"age": float("nan")}, "age"),
        ({"sex": "m"}, "sex"),
        ({"localization": "elbow"}, "localization"),
    ],
)
def test_a_wrong_value_names_its_field(fields: dict[str, object], start: str) -> None:
    with pytest.raises(ValueError, match=f"^{start}: "):
        Metadata(**fields)  # type: ignore[arg-type]


def test_an_age_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^age: 'forty'"):
        Metadata.parse(age="forty")


def test_the_recipe_survives_the_manifest() -> None:
    other = dataclasses.replace(ENCODING, age_center=45.0, sexes=("male", "female"))
    assert MetadataEncoding.from_dict(other.to_dict()) == other
    assert not np.array_equal(other.encode(Metadata(60, "male")), ENCODING.encode(Metadata(60, "male")))


@pytest.mark.parametrize("broken", [{"age_scale": 0}, {"sexes": ["man"]}, {"localizations": ["back", "back"]}])
def test_a_recipe_that_cannot_encode_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(broken))):
        MetadataEncoding.from_dict({**ENCODING.to_dict(), **broken})
