"""Diagnoses cross every border as codes: a number would mean two things, for codes and names sort differently."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from inference.vocabulary import DIAGNOSES

API = Path(__file__).resolve().parents[1] / "docs" / "openapi.yaml"
WORDS = ("diagnosis", "label", "class", "prediction", "probabilit", "logit")


def _properties(node: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        for key, value in node.get("properties", {}).items():
            yield f"{name}.{key}", value
        for key, value in node.items():
            yield from _properties(value, f"{name}.{key}")
    elif isinstance(node, list):
        for item in node:
            yield from _properties(item, name)


def test_no_field_of_the_api_gives_a_diagnosis_as_a_number_or_a_bare_list() -> None:
    schema = yaml.safe_load(API.read_text())
    about = [(name, value) for name, value in _properties(schema) if any(w in name.split(".")[-1] for w in WORDS)]
    assert about, "the API has fields about diagnoses"
    for name, value in about:
        assert value.get("type") != "integer", name
        if value.get("type") == "array":
            assert value["items"].get("type") not in ("integer", "number"), name


def test_the_word_lists_of_the_api_hold_every_code() -> None:
    schemas = yaml.safe_load(API.read_text())["components"]["schemas"]
    assert any(set(DIAGNOSES) <= set(map(str, schema.get("enum", []))) for schema in schemas.values())
