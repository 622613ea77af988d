"""From a parsed ``manifest.json`` to a ``Manifest``: every value checked, every fault named."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

from inference.errors import BundleError
from inference.manifest import (
    ASPECT_POLICY,
    FIRST_SET_RULE,
    INTERPOLATIONS,
    SCHEMA_VERSION,
    Calibration,
    Conformal,
    FileEntry,
    InputSpec,
    Manifest,
    OperatingPoint,
    Rate,
    ScopeSection,
    SelfCheck,
    SetRule,
    Spread,
    Thresholds,
)
from inference.metadata import Metadata, MetadataEncoding
from inference.vocabulary import DIAGNOSES, IMAGE_TYPES

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_manifest(document: Mapping[str, Any]) -> Manifest:
    """Read a parsed manifest.

    Raises:
        BundleError: with one sentence for every section that is missing or wrong.
    """
    if document.get("schema_version") != SCHEMA_VERSION:
        found = document.get("schema_version")
        raise BundleError(f"schema_version is {found!r}; this runtime reads {SCHEMA_VERSION}.")
    problems: list[str] = []
    values: dict[str, Any] = {}
    for section, read in _SECTIONS.items():
        _read_into(values, section, read, document, problems)
    for section, read in _OPTIONAL_SECTIONS.items():
        values[section] = None
        if section in document:
            _read_into(values, section, read, document, problems)
    problems += _not_storable(document)
    if problems:
        raise BundleError(problems)
    return Manifest(**values, document=document)


def _read_into(
    values: dict[str, Any], section: str, read: Callable[[Any], Any], document: Mapping[str, Any], problems: list[str]
) -> None:
    try:
        values[section] = read(document[section])
    except KeyError as error:
        problems.append(f"manifest {section}: {error.args[0]!r} is missing.")
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        problems.append(f"manifest {section}: {error}")


def _not_storable(document: Mapping[str, Any]) -> list[str]:
    """A sentence for each section with a NUL in a key or a text, known or not: a clinic keeps the whole document."""
    problems = []
    for section, content in document.items():
        left = [section, content]
        while left:  # no recursion, for JSON may be nested as deep as its parser goes
            value = left.pop()
            if isinstance(value, Mapping):
                left += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                left += value
            elif isinstance(value, str) and "\0" in value:
                problems.append(f"manifest {section!r}: {value!r} holds NUL, which no database keeps as text.")
                break
    return problems


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not a non-empty text.")
    return value


def instant(text: str) -> datetime:
    """A time in ISO 8601; one that names no zone is UTC, so that any two can be compared.

    Raises:
        ValueError: it is no such time.
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time in ISO 8601, such as 2026-11-27T09:00:00+00:00.") from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _created(value: Any) -> str:
    instant(_text(value))
    return str(value)


def _number(value: Any, *, low: float = -math.inf, high: float = math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number.")
    if not low <= value <= high:
        raise ValueError(f"{value!r} is not between {low:g} and {high:g}.")
    return float(value)


def _integer(value: Any, *, low: int, high: int) -> int:
    number = _number(value, low=low, high=high)
    if number != int(number):
        raise ValueError(f"{value!r} is not a whole number.")
    return int(number)


def _positive(value: Any) -> float:
    number = _number(value)
    if number <= 0:
        raise ValueError(f"{value!r} is not above zero.")
    return number


def _labels(values: Any) -> tuple[str, ...]:
    labels = tuple(_text(label) for label in values)
    missing = sorted(set(DIAGNOSES) - set(labels))
    if missing:
        raise ValueError(f"the labels lack {', '.join(missing)}.")
    if len(labels) != len(DIAGNOSES):
        raise ValueError(f"{', '.join(labels)} is not each diagnosis once.")
    return labels


def _by_code(values: Any, *, low: float = -math.inf, high: float = math.inf) -> dict[str, float]:
    if set(values) != set(DIAGNOSES):
        raise ValueError(f"its codes are {', '.join(sorted(values))}, not each diagnosis once.")
    return {code: _number(values[code], low=low, high=high) for code in DIAGNOSES}


def _triple(values: Any) -> tuple[float, float, float]:
    red, green, blue = (_number(value) for value in values)
    return red, green, blue


def _input(values: Any) -> InputSpec:
    spec = InputSpec(
        height=_integer(values["height"], low=16, high=4096),
        width=_integer(values["width"], low=16, high=4096),
        mean=_triple(values["mean"]),
        std=_triple(values["std"]),
        interpolation=_text(values["interpolation"]),
        image_types=tuple(_text(kind) for kind in values["image_types"]),
    )
    if min(spec.std) <= 0:
        raise ValueError("each std must be above zero.")
    if spec.interpolation not in INTERPOLATIONS:
        raise ValueError(f"interpolation {spec.interpolation!r} is not one of {', '.join(INTERPOLATIONS)}.")
    if values["aspect_policy"] != ASPECT_POLICY:
        raise ValueError(f"aspect_policy {values['aspect_policy']!r} is not {ASPECT_POLICY!r}.")
    if not spec.image_types or not set(spec.image_types) <= set(IMAGE_TYPES):
        raise ValueError(f"image_types must name some of {', '.join(IMAGE_TYPES)}.")
    return spec


def _metadata_encoding(values: Any) -> MetadataEncoding:
    for key in ("age_center", "age_scale"):
        _number(values[key])
    return MetadataEncoding.from_dict(values)


def _temperature(value: Any) -> float:
    temperature = _number(value)
    if not 0.01 <= temperature <= 100:  # a division by less overflows; fits search in .2 to 5
        raise ValueError(f"the temperature {value!r} is not between 0.01 and 100; fit it anew on the validation side.")
    return temperature


def _calibration(values: Any) -> Calibration:
    return Calibration(
        temperature_fused=_temperature(values["temperature_fused"]),
        temperature_image=_temperature(values["temperature_image"]),
        log_prior=_by_code(values["log_prior"], high=0.0),
    )


def _rate(values: Any) -> Rate:
    low, value, high = (_number(values[key], low=0, high=1) for key in ("low", "value", "high"))
    if not low <= value <= high:
        raise ValueError(f"the interval {low:g} to {high:g} does not hold its value {value:g}.")
    return Rate(value, low, high)


def _operating_point(values: Any) -> OperatingPoint:
    return OperatingPoint(
        threshold=_number(values["threshold"], low=0, high=1),
        sensitivity=_rate(values["sensitivity"]),
        specificity=_rate(values["specificity"]),
    )


def _thresholds(values: Any) -> Thresholds:
    return Thresholds(
        split=_text(values["split"]),
        malignancy=_operating_point(values["malignancy"]),
        operating_points=tuple(_operating_point(point) for point in values["operating_points"]),
        max_set_size=_integer(values["max_set_size"], low=1, high=len(DIAGNOSES)),
        melanoma_sensitivity=_rate(values["melanoma_sensitivity"]) if "melanoma_sensitivity" in values else None,
    )


def _conformal(values: Any) -> Conformal:
    quantiles, rule = values["quantiles"], values.get("rule", FIRST_SET_RULE)
    if rule not in get_args(SetRule):
        raise ValueError(f"the rule {rule!r} is not one of {', '.join(get_args(SetRule))}.")
    return Conformal(
        alpha=_number(values["alpha"], low=0, high=1),
        fused=_by_code(quantiles["fused"], low=0, high=1),
        image=_by_code(quantiles["image"], low=0, high=1),
        rule=rule,
    )


def _spread(values: Any) -> Spread:
    return Spread(mean=_number(values["mean"]), deviation=_positive(values["deviation"]))


def _scope(values: Any) -> ScopeSection:
    return ScopeSection(
        limit=_number(values["limit"]),
        log_distance=_spread(values["log_distance"]),
        energy=_spread(values["energy"]),
    )


def _training_data(values: Any) -> dict[str, Any]:
    for key in ("name", "citation", "licence", "split"):
        _text(values[key])
    _integer(values["n"], low=1, high=10**9)
    return dict(values)


def _self_check(values: Any) -> tuple[SelfCheck, ...]:
    checks = tuple(
        SelfCheck(
            seed=_integer(item["seed"], low=0, high=2**32 - 1),
            metadata=Metadata(**(item.get("metadata") or {})),
            logits=_by_code(item["logits"]),
        )
        for item in values
    )
    if not checks:
        raise ValueError("at least one stored answer is needed.")
    return checks


def _files(values: Any) -> dict[str, FileEntry]:
    entries: dict[str, FileEntry] = {}
    for name, entry in values.items():
        if not _FILE_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a plain file name.")
        sha256 = _text(entry["sha256"])
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"the sha256 of {name} is not 64 hex digits.")
        entries[name] = FileEntry(sha256, _integer(entry["bytes"], low=1, high=2**31))
    return entries


_SECTIONS: dict[str, Callable[[Any], Any]] = {
    "name": _text,
    "version": _text,
    "created": _created,
    "labels": _labels,
    "input": _input,
    "metadata_encoding": _metadata_encoding,
    "calibration": _calibration,
    "thresholds": _thresholds,
    "conformal": _conformal,
    "training_data": _training_data,
    "licence": _text,
    "card": _text,
    "self_check": _self_check,
    "files": _files,
}
_OPTIONAL_SECTIONS: dict[str, Callable[[Any], Any]] = {"scope": _scope}
