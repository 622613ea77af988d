"""What an evaluation records of who answered, and whether stored answers are those of a bundle's own weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from inference.bundle import MODEL_FILE, Bundle
from inference.head import HEAD_FILE
from inference.manifest import canonical_json
from inference.scope import SCOPE_FILE
from training.data.records import DataError

RECORD_FILE = "report.json"
_WEIGHTS = (MODEL_FILE, HEAD_FILE, SCOPE_FILE)
_MEANING = ("labels", "input", "metadata_encoding", "scope")  # sections of the manifest; p are compared themselves
_AGAIN = "evaluate that bundle with this version, or this bundle without --answers"


def named(bundle: Bundle) -> dict[str, str]:
    return {"name": bundle.manifest.name, "version": bundle.manifest.version, "sha256": bundle.sha256}


def told_of(bundle: Bundle) -> dict[str, Any]:
    """The bundle's name, version and hash, and the hashes of ``answering``."""
    return {**named(bundle), "answering": answering(bundle)}


def answering(bundle: Bundle) -> dict[str, str]:
    """The SHA-256 of each part that scores and abstentions come from: files and sections of the manifest.

    Two bundles that agree in all of them differ in temperatures, thresholds and sets at most.
    """
    manifest = bundle.manifest
    files = {name: manifest.files[name].sha256 for name in _WEIGHTS if name in manifest.files}
    sections = {name: manifest.document[name] for name in _MEANING if name in manifest.document}
    return files | {name: hashlib.sha256(canonical_json({name: part})).hexdigest() for name, part in sections.items()}


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def check_answered_by(bundle: Bundle, file: Path) -> dict[str, str]:
    """The bundle that gave the answers of ``file``, a ``predictions.csv``, by the record beside it.

    Raises ``DataError`` unless ``file`` is the table of that record and ``bundle`` agrees in all that answers.
    """
    if not file.is_file():
        raise DataError(f"{file} is missing: name the predictions.csv of an evaluation.")
    record = _record(file.with_name(RECORD_FILE))
    recorded, first = record.get("bundle"), record.get("answered_by")
    answered = recorded.get("answering") if isinstance(recorded, dict) else None
    if not (isinstance(recorded, dict) and isinstance(answered, dict) and isinstance(first, dict)):
        raise DataError(f"{RECORD_FILE} beside {file} does not say which weights answered: {_AGAIN}.")
    if record.get("predictions_sha256") != digest(file):
        raise DataError(f"{file} is not the table that {RECORD_FILE} beside it was written with: {_AGAIN}.")
    own = answering(bundle)
    other = [name for name in sorted({*own, *answered}) if own.get(name) != answered.get(name)]
    if other:
        raise DataError(
            f"{file} was not answered by the weights of {bundle.manifest.name} {bundle.manifest.version}, but by "
            f"{recorded.get('name')} {recorded.get('version')}, which differs in {', '.join(other)}: name the answers "
            "of a bundle with the same weights, or evaluate this one without --answers."
        )
    # Not ``recorded``: that one may have been told these answers itself.
    return {key: str(first.get(key)) for key in named(bundle)}


def engines(file: Path) -> dict[str, str]:
    """By path the engine that gave the answers of ``file``, where the record beside it names one; older ones do not."""
    record = _record(file.with_name(RECORD_FILE))
    return {
        path: part["runtime"]
        for path, part in record.items()
        if isinstance(part, dict) and isinstance(part.get("runtime"), str)
    }


def _record(file: Path) -> dict[str, Any]:
    try:
        record = json.loads(file.read_text())
    except OSError:
        raise DataError(f"{file} is missing, which says which weights answered: {_AGAIN}.") from None
    except ValueError:
        raise DataError(f"{file} cannot be read, which says which weights answered: {_AGAIN}.") from None
    if not isinstance(record, dict):
        raise DataError(f"{file} is no record of an evaluation: {_AGAIN}.")
    return record
