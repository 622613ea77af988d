"""`make bench CALLS=…` fails where an answer differs in any part or memory drifts; its own measuring is not repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from inference.predictor import Predictor
from inference.result import Result
from tests.exactness import MAY_DIFFER, bits
from tests.load import steady


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return steady.mixed(Predictor(steady.tiny_with_scope(tmp_path_factory.mktemp("bundle") / "tiny")), 1)


def another(value: object) -> object:
    """A value that differs in one place."""
    if isinstance(value, np.ndarray):
        changed = value.copy()
        changed.flat[-1] = not changed.flat[-1] if value.dtype == bool else changed.flat[-1] + 1
        return changed
    if isinstance(value, Mapping):
        return {**value, next(iter(value)): "another"}
    if is_dataclass(value) and not isinstance(value, type):
        last = fields(value)[-1].name
        return replace(value, **{last: another(getattr(value, last))})
    return "another"


@pytest.mark.parametrize("name", [part.name for part in fields(Result)])
def test_a_difference_in_any_part_of_an_answer_counts(result: Result, name: str) -> None:
    value = getattr(result, name)
    changed = replace(result, **{name: another(value)})
    assert (bits(changed) == bits(result)) is (name == MAY_DIFFER)


def test_every_optional_part_is_there_to_be_compared(result: Result) -> None:
    assert result.scope is not None
    assert result.descriptors is not None


@pytest.mark.parametrize(("megabytes", "differing", "code"), [(5, 0, 0), (5.1, 0, 1), (0, 1, 1)])
def test_drift_and_differences_end_it_with_one(
    megabytes: float, differing: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measured(_models: Path, _calls: int) -> Iterator[tuple[str, bool]]:
        yield steady.grown("tiny", megabytes)
        yield f"{differing} differ", differing == 0

    monkeypatch.setattr(steady, "measured", measured)
    assert steady.main([]) == code
    assert ("FAILED" in capsys.readouterr().out) is bool(code)
