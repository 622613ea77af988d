"""What is known about the patient and the site, and how it becomes numbers.

"Unknown" is not "no": an unknown field is all zeros and carries its own indicator, so a network that
never saw a value is told nothing about it, and wholly unknown metadata is the zero vector.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import LOCALIZATIONS, SEXES, UNKNOWN

AGE_RANGE = (0.0, 120.0)  # years
# Words that spreadsheets write for a missing value.
_MISSING = frozenset({"", "nan", "na", "n/a", "none", "null", UNKNOWN})


@dataclass(frozen=True)
class Metadata:
    """Age in years (0 to 120), sex and localization in HAM10000's words; None where unknown.

    ``"unknown"`` is accepted and stored as None, so that equal meaning is equal value.

    Raises:
        ValueError: a value outside its range or vocabulary; the message starts with the field's name.
    """

    age: float | None = None
    sex: str | None = None
    localization: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "age", _checked_age(self.age))
        object.__setattr__(self, "sex", _checked_word("sex", self.sex, SEXES))
        site = _checked_word("localization", self.localization, LOCALIZATIONS)
        object.__setattr__(self, "localization", site)

    @classmethod
    def parse(cls, *, age: str = "", sex: str = "", localization: str = "") -> Self:
        """Read the three fields from text (a CSV row, a form); empty or "unknown" text is None.

        Raises:
            ValueError: as the class does, and when the age is not a number.
        """
        return cls(
            age=_parsed_age(age),
            sex=_parsed_word(sex),
            localization=_parsed_word(localization),
        )


@dataclass(frozen=True)
class MetadataEncoding:
    """The frozen recipe from Metadata to a vector; it travels in the bundle's manifest."""

    age_center: float = 50.0  # years
    age_scale: float = 20.0  # years
    sexes: tuple[str, ...] = ("female", "male")
    localizations: tuple[str, ...] = tuple(site for site in LOCALIZATIONS if site != UNKNOWN)

    def __post_init__(self) -> None:
        if not self.age_scale > 0:
            raise ValueError("age_scale: it must be above zero.")
        _checked_columns("sexes", self.sexes, SEXES)
        _checked_columns("localizations", self.localizations, LOCALIZATIONS)

    @property
    def size(self) -> int:
        """Length D of the vector."""
        return 3 + len(self.sexes) + len(self.localizations)

    @property
    def columns(self) -> tuple[str, ...]:
        """The name of each entry of the vector, in order."""
        sexes = tuple(f"sex={sex}" for sex in self.sexes)
        sites = tuple(f"localization={site}" for site in self.localizations)
        return ("age_known", "age", "age_squared", *sexes, *sites)

    def encode(self, metadata: Metadata) -> NDArray[np.float32]:
        """Turn metadata into a vector.

        Returns:
            (D,) float32: age_known, (age-c)/s, ((age-c)/s)², then sex and localization one-hot. A field
            that is unknown, or a word without a column here (sex "other"), is zeros.
        """
        vector = np.zeros(self.size, dtype=np.float32)
        if metadata.age is not None:
            scaled = (metadata.age - self.age_center) / self.age_scale
            vector[:3] = (1.0, scaled, scaled * scaled)
        if metadata.sex in self.sexes:
            vector[3 + self.sexes.index(metadata.sex)] = 1.0
        if metadata.localization in self.localizations:
            offset = 3 + len(self.sexes)
            vector[offset + self.localizations.index(metadata.localization)] = 1.0
        return vector

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain JSON values, for the manifest."""
        return {**asdict(self), "sexes": list(self.sexes), "localizations": list(self.localizations)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Read the recipe from the manifest.

        Raises:
            KeyError: a field is missing.
            ValueError: a field holds what is no number or no word of the vocabulary.
        """
        return cls(
            age_center=float(values["age_center"]),
            age_scale=float(values["age_scale"]),
            sexes=tuple(values["sexes"]),
            localizations=tuple(values["localizations"]),
        )


def _checked_age(age: float | None) -> float | None:
    if age is None:
        return None
    low, high = AGE_RANGE
    if not (math.isfinite(age) and low <= age <= high):
        raise ValueError(f"age: {age!r} is not between {low:g} and {high:g} years.")
    return float(age)


def _checked_word(field: str, word: str | None, allowed: tuple[str, ...]) -> str | None:
    if word is None or word == UNKNOWN:
        return None
    if word not in allowed:
        raise ValueError(f"{field}: {word!r} is not one of {', '.join(allowed)}.")
    return word


def _checked_columns(field: str, columns: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    foreign = [word for word in columns if word not in allowed or word == UNKNOWN]
    if foreign or len(set(columns)) != len(columns):
        raise ValueError(f"{field}: each must be a known word, once; got {', '.join(map(str, columns))}.")


def _parsed_age(text: str) -> float | None:
    if text.strip().lower() in _MISSING:
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"age: {text!r} is not a number of years.") from None


def _parsed_word(text: str) -> str | None:
    word = text.strip().lower()
    return None if word in _MISSING else word
