"""What a run writes about people: ids of the release, and nothing else. A list of what may be there, not of what may not."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.fitting.test_engine import TINY
from training.data.pictures import load_pictures
from training.data.records import Record
from training.data.splits import Split, split_by_lesion
from training.fitting.config import Priors, TrainConfig
from training.fitting.engine import fit

PERSON = "Mustermann"
PSEUDONYM = re.compile(r"ISIC_\d+|IMG_[0-9a-f]{16}|PAT_\d+_\d+_\d+")
WORD = re.compile(r"[a-z0-9][a-z0-9 .,/+:-]{0,60}", re.IGNORECASE)  # names of recipes: no path, no address


@pytest.fixture(scope="module")
def run(records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on photographs whose paths, lesions, sources and proofs name a person."""
    root = tmp_path_factory.mktemp("private")
    folder = root / f"Erika {PERSON} 1970-03-12"
    folder.mkdir()
    named = []
    for record in records:
        image = folder / f"{PERSON}-{record.image_id}.jpg"
        shutil.copy(record.image, image)
        lesion = f"{PERSON}-{record.lesion_id}"
        named.append(replace(record, image=image, lesion_id=lesion, source=PERSON, dx_type=PERSON, dataset=PERSON))
    pictures = load_pictures(named, root / "cache")
    fit(named, pictures, split_by_lesion(named, []), replace(TINY, epochs=1), root / "run")
    return root / "run"


def _words(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [word for inner in value.values() for word in _words(inner)]
    if isinstance(value, list):
        return [word for inner in value for word in _words(inner)]
    return [value] if isinstance(value, str) else []


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def _allowed(document: dict[str, Any], kind: Any) -> None:
    assert set(document) - {"name"} <= {field.name for field in fields(kind)}


def test_the_configuration_holds_its_own_fields_and_plain_words(run: Path) -> None:
    config = _read(run / "config.json")
    _allowed(config, TrainConfig)
    for field in fields(TrainConfig):
        part = getattr(TINY, field.name)
        if is_dataclass(part):
            _allowed(config[field.name], part)
    assert all(WORD.fullmatch(word) for word in _words(config) if word)  # an empty one says nothing of anybody


def test_the_split_holds_pseudonyms_and_how_it_was_made(run: Path) -> None:
    split = _read(run / "split.json")
    digests = [split.pop(key) for key in ("sha256", "ids_sha256")]
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in digests)
    _allowed(split, Split)
    ids = [image for value in split.values() if isinstance(value, list) for image in value]
    assert len(ids) > 50
    assert all(PSEUDONYM.fullmatch(image) for image in ids)
    assert all(WORD.fullmatch(value) for value in split.values() if isinstance(value, str))


def test_the_statistics_hold_numbers_of_the_whole_side(run: Path) -> None:
    priors = _read(run / "priors.json")
    _allowed(priors, Priors)
    assert _words(priors) == []
    assert max(len(value) for value in priors.values() if isinstance(value, list)) == 7  # classes, not rows


def test_no_file_of_a_run_names_the_person_whose_photographs_it_learned_from(run: Path) -> None:
    written = [path for path in run.rglob("*") if path.is_file()]
    assert {"config.json", "split.json", "priors.json", "final.ckpt", "last.ckpt"} <= {path.name for path in written}
    for path in written:
        assert PERSON.encode() not in path.read_bytes(), path.name
        assert PERSON not in str(path.relative_to(run))
