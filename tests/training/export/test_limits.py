"""The command limits: a bundle's prediction sets fitted anew, and nothing else of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.bundle import Bundle
from inference.conformance import check_bundle
from inference.manifest import FIRST_SET_RULE
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import Record
from training.export.bundle import export
from training.export.scope import fit_section, fit_space, with_scope
from training.fitting.runs import Run
from training.studies import scope

KEPT = (
    "labels",
    "input",
    "metadata_encoding",
    "calibration",
    "thresholds",
    "self_check",
    "scope",
    "storage",
    "members",
)


@pytest.fixture(scope="module")
def made(
    drawn: Path,
    trained_run: Run,
    records: list[Record],
    pictures: Pictures,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Bundle, Bundle]:
    """A bundle with a scope and limits of an older time, and the one that the command makes of it."""
    root = tmp_path_factory.mktemp("limits")
    exported, _ = export([trained_run], records, pictures, root / "a", name="drawn", version="0.1.0", bootstrap=5)
    document = exported.manifest.document
    document["conformal"] = {"alpha": 0.1, "quantiles": _widest(document["conformal"]["quantiles"])}
    rows = np.random.default_rng(0).normal(size=(40, exported.head.channels)).astype(np.float32)
    space = fit_space(rows)
    measured = {
        "fitted_on": "noise",
        "limit": 1.0,
        "weights_of": "0.1.0",
        "chosen": scope.CHOSEN,
        "test": {"n": 1, "low_quality": 0.0, "out_of_scope": 0.0, "refused": 0.0},
        "probes": {},
        "auroc": 1.0,
        "selective_risk": [],
    }
    section = fit_section(space, exported.head, rows)
    first = with_scope(exported, root / "first", version="0.2.0", space=space, section=section, measured=measured)
    data = ["--data", str(drawn), "--partial", "--cache", str(root / "cache"), "--bootstrap", "20"]
    of = ["--bundle", str(first.path), "--split", str(trained_run.path / "split.json"), "--version", "0.3.0"]
    main(["limits", *data, *of, "--out", str(root / "second")])
    return first, Bundle.load(root / "second")


def _widest(quantiles: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    return {path: dict.fromkeys(by_code, 1.0) for path, by_code in quantiles.items()}


def test_the_weights_and_every_other_decision_stay_to_the_bit(made: tuple[Bundle, Bundle]) -> None:
    first, second = made
    assert check_bundle(second.path) == []
    for file in ("model.onnx", "head.npz", "scope.npz"):
        assert second.manifest.files[file] == first.manifest.files[file]
    for section in KEPT:
        assert second.manifest.document[section] == first.manifest.document[section]
    assert second.manifest.document["weights_of"]["version"] == "0.1.0"


def test_the_limits_are_those_that_an_export_of_this_version_fits(
    made: tuple[Bundle, Bundle], trained_run: Run, records: list[Record], pictures: Pictures, tmp_path: Path
) -> None:
    first, second = made
    assert first.manifest.conformal.rule == FIRST_SET_RULE
    assert set(first.manifest.conformal.fused.values()) == {1.0}
    exported, _ = export([trained_run], records, pictures, tmp_path / "b", name="drawn", version="0.1.0", bootstrap=5)
    assert second.manifest.document["conformal"] == exported.manifest.document["conformal"]
    assert second.manifest.conformal.rule == "limits-first"


def test_the_card_tells_the_new_sets_and_keeps_the_rest(made: tuple[Bundle, Bundle]) -> None:
    old, new = ((bundle.path / bundle.manifest.card).read_text() for bundle in made)
    assert new.startswith("# drawn 0.3.0\n")
    assert "Prediction sets were fitted anew for 0.3.0, on the validation side; all else is that of 0.2.0." in new
    titles = [line for line in old.splitlines() if line.startswith("## ")]
    assert [line for line in new.splitlines() if line.startswith("## ")] == titles
    kept = old.partition("## Classes")[0].partition("\n")[2]
    assert kept in new
    told = old[old.index("## Out of scope") : old.index("## Limits")]
    assert told.replace("all figures above", "all figures above but those of the prediction sets") in new


def test_a_folder_that_exists_is_refused(made: tuple[Bundle, Bundle], drawn: Path, trained_run: Run) -> None:
    first, second = made
    of = ["--bundle", str(first.path), "--split", str(trained_run.path / "split.json"), "--version", "0.4.0"]
    with pytest.raises(SystemExit, match="give the bundle a new version"):
        main(["limits", "--data", str(drawn), "--partial", *of, "--out", str(second.path)])
