"""The command quantise: a bundle in eight bits, calibrated and measured anew, its loss beside the one it was made from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inference.bundle import Bundle
from inference.conformance import check_bundle
from inference.predictor import Predictor
from inference.vocabulary import DIAGNOSES
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.export.bundle import export
from training.fitting.bundled import networks_of
from training.fitting.runs import Run


@pytest.fixture(scope="module")
def made(
    drawn: Path,
    trained_run: Run,
    records: list[Record],
    pictures: Pictures,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Bundle, Bundle, Path]:
    """The bundle, the rounded one, and the folder of the report."""
    root = tmp_path_factory.mktemp("quantised")
    first, _ = export([trained_run], records, pictures, root / "first", name="drawn", version="0.1.0", bootstrap=5)
    main([*words(drawn, root, trained_run), "--version", "0.2.0", "--out", str(root / "second")])
    return first, Bundle.load(root / "second"), root / "report"


def words(drawn: Path, root: Path, run: Run) -> list[str]:
    data = ["--data", str(drawn), "--partial", "--cache", str(root / "cache"), "--bootstrap", "20", "--pictures", "10"]
    of = ["--bundle", str(root / "first"), "--split", str(run.path / "split.json"), "--report", str(root / "report")]
    return ["quantise", *data, *of]


def test_it_conforms_and_says_what_it_was_made_from(made: tuple[Bundle, Bundle, Path]) -> None:
    first, second, _ = made
    assert check_bundle(second.path) == []
    document = second.manifest.document
    assert document["quantised_from"] == {"version": "0.1.0", "sha256": first.sha256}
    assert document["storage"] == {
        "convolution_kernels": "int8",
        "computed_in": "int8",
        "ranges_from_pictures": 10,
    }
    assert document["self_check"] != first.manifest.document["self_check"]
    assert second.manifest.files["head.npz"] == first.manifest.files["head.npz"]
    card = (second.path / second.manifest.card).read_text()
    assert "computed in eight bits" in card
    assert "quantise --data HAM10000 --bundle drawn-0.1.0" in card
    assert "--pictures 10" in card


def test_its_answers_are_close_to_those_before_and_named_with_their_precision(
    made: tuple[Bundle, Bundle, Path], records: list[Record]
) -> None:
    data, known = records[0].image.read_bytes(), records[0].metadata
    before, after = (Predictor(bundle).predict(data, known) for bundle in made[:2])
    assert [" float32 " in before.runtime, " int8 " in after.runtime] == [True, True]
    scores = [np.array([result.logits[code] for code in DIAGNOSES]) for result in (before, after)]
    assert 0 < np.abs(scores[1] - scores[0]).max() < 0.1 * np.ptp(scores[0])


def test_the_report_compares_both_on_the_test_side(made: tuple[Bundle, Bundle, Path], trained_run: Run) -> None:
    report = json.loads((made[2] / "report.json").read_text())
    assert report["agreement"]["photographs"] == len(trained_run.split.test)
    assert report["quantised_from"] == made[0].sha256
    assert report["share_of_bytes"] == pytest.approx(len(made[1].model) / len(made[0].model))
    assert report["agreement"]["largest_change_of_a_score"] > 0
    loss = report["differences"]["balanced_accuracy (p/prior)"]
    assert loss["difference"]["value"] == pytest.approx(loss["b"] - loss["a"])


def test_rounded_weights_are_not_gone_on_from(made: tuple[Bundle, Bundle, Path]) -> None:
    assert networks_of(made[0])
    with pytest.raises(DataError, match=r"give the bundle 0\.1\.0"):
        networks_of(made[1])


def test_another_split_and_a_folder_that_exists_are_refused(
    made: tuple[Bundle, Bundle, Path], drawn: Path, trained_run: Run, tmp_path: Path
) -> None:
    root = made[0].path.parent
    with pytest.raises(SystemExit, match="give the bundle a new version"):
        main([*words(drawn, root, trained_run), "--version", "0.3.0", "--out", str(made[1].path)])
    other = tmp_path / "split.json"
    main(["split", "--data", str(drawn), "--partial", "--cache", str(tmp_path), "--fold", "3", "--out", str(other)])
    asked = [*words(drawn, root, trained_run), "--version", "0.3.0", "--out", str(tmp_path / "third")]
    asked[asked.index("--split") + 1] = str(other)
    with pytest.raises(SystemExit, match="trained on another split"):
        main(asked)
    assert not (tmp_path / "third").exists()
