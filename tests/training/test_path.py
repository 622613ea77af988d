"""The way of a first try, as a newcomer would type it: look at the data, split, train, measure, export, use."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from inference.__main__ import main as check_command
from inference.bundle import Bundle
from inference.metadata import Metadata
from inference.predictor import Predictor
from inference.vocabulary import DIAGNOSES
from tests.training.drawn_ham10000 import draw_ham10000
from training.__main__ import main


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_ham10000(tmp_path_factory.mktemp("release"), lesions_per_class=40)


def test_from_a_folder_of_pictures_to_a_bundle_that_answers(release: Path, tmp_path: Path) -> None:
    data = ["--data", str(release), "--cache", str(tmp_path / "cache"), "--partial", "--images", "300"]
    split, run, bundle = tmp_path / "split.json", tmp_path / "run", tmp_path / "bundle"
    measured = ["--bootstrap", "50"]

    main(["eda", *data, "--out", str(tmp_path / "eda")])
    main(["split", *data, "--out", str(split)])
    small = ["--widths", "16-24-32-48", "--epochs", "3", "--precision", "32-true"]
    main(["train", *data, "--split", str(split), *small, "--out", str(run)])
    main(["evaluate", *data, "--run", str(run), *measured, "--out", str(tmp_path / "evaluated")])
    said = main(["export", *data, "--run", str(run), *measured, "--version", "0.0.1", "--out", str(bundle)])

    for report in ("eda", "evaluated"):
        assert (tmp_path / report / "report.html").is_file()
    sides = json.loads(split.read_text())
    assert 270 <= sum(len(sides[side]) for side in ("train", "validation", "test")) <= 330
    picture = next(release.glob("HAM10000_images_part_1/*.jpg")).read_bytes()
    answer = Predictor(Bundle.load(bundle)).predict(picture, Metadata(age=50, sex="female", localization="back"))
    assert sum(answer.probabilities[code] for code in DIAGNOSES) == pytest.approx(1, abs=1e-6)
    assert answer.scope is None

    # On as the export says: the scope it prints, but with the fewest probes, then the check.
    scope, check, add = (shlex.split(line)[2:] for line in said.splitlines() if line.startswith("    python"))
    main([*scope[1:], "--probes", "1"])
    served = Bundle.load(check[-1])
    assert served.manifest.version == "0.0.2"
    assert Predictor(served).predict(picture).scope is not None
    assert check_command(check[1:]) == 0
    assert add == ["model", "add", check[-1]]
