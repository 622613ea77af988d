"""The command limits: a bundle's prediction sets fitted anew, and nothing else of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.bundle import Bundle, write_bundle
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
    assert "Prediction sets were fitted anew for 0.3.0, on the validation side; all else is that of 0.2.0:" in new
    titles = [line for line in old.splitlines() if line.startswith("## ")]
    assert [line for line in new.splitlines() if line.startswith("## ")] == titles
    kept = old.partition("## Classes")[0].partition("\n")[2]
    assert kept in new
    told = old[old.index("## Out of scope") : old.index("## How it was made")]
    assert told.replace("all figures above", "all figures above but those of the prediction sets") in new


def test_the_card_names_each_command_in_its_order(made: tuple[Bundle, Bundle]) -> None:
    new = (made[1].path / made[1].manifest.card).read_text()
    steps = (
        "export --data",
        "scope --data HAM10000 --bundle drawn-0.1.0",
        "limits --data HAM10000 --bundle drawn-0.2.0",
    )
    assert sorted(steps, key=lambda step: new.index(f"    python -m training {step}")) == list(steps)


@pytest.mark.parametrize("lost", ["# drawn 0.2.0", "## Classes", "come from one command", "all figures above."])
def test_a_card_that_lacks_what_is_to_be_told_anew_is_refused(
    made: tuple[Bundle, Bundle], drawn: Path, trained_run: Run, tmp_path: Path, lost: str
) -> None:
    card = (made[0].path / made[0].manifest.card).read_text()
    assert card.count(lost) == 1
    with pytest.raises(SystemExit, match="The card"):
        again(with_card(made[0], tmp_path, card.replace(lost, "something else")), drawn, trained_run, tmp_path)


def test_a_card_from_before_commands_were_added_gets_that_of_its_scope(
    made: tuple[Bundle, Bundle], drawn: Path, trained_run: Run, tmp_path: Path
) -> None:
    old, new = ((bundle.path / bundle.manifest.card).read_text() for bundle in made)
    without = old.partition("The scope was fitted")[0] + old[old.index("## Limits") :]
    without = without.replace("Weights and figures come", "Bundle and figures come")
    made_of_it = again(with_card(made[0], tmp_path, without), drawn, trained_run, tmp_path)
    assert (made_of_it.path / made_of_it.manifest.card).read_text() == new


def with_card(bundle: Bundle, folder: Path, card: str) -> Bundle:
    manifest = {k: v for k, v in bundle.manifest.document.items() if k not in ("schema_version", "card", "files")}
    return write_bundle(
        folder / "first", manifest=manifest, model=bundle.model, head=bundle.head, card=card, space=bundle.space
    )


def again(bundle: Bundle, drawn: Path, trained_run: Run, folder: Path) -> Bundle:
    data = ["--data", str(drawn), "--partial", "--cache", str(folder / "cache"), "--bootstrap", "20"]
    of = ["--bundle", str(bundle.path), "--split", str(trained_run.path / "split.json"), "--version", "0.3.0"]
    main(["limits", *data, *of, "--out", str(folder / "second")])
    return Bundle.load(folder / "second")


def test_a_folder_that_exists_is_refused(made: tuple[Bundle, Bundle], drawn: Path, trained_run: Run) -> None:
    first, second = made
    of = ["--bundle", str(first.path), "--split", str(trained_run.path / "split.json"), "--version", "0.4.0"]
    with pytest.raises(SystemExit, match="give the bundle a new version"):
        main(["limits", "--data", str(drawn), "--partial", *of, "--out", str(second.path)])
