import csv
import json
import pkgutil
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from inference.errors import InferenceError
from training import commands
from training.__main__ import COMMANDS, main
from training.commands import export
from training.data.splits import Split
from training.fitting import engine
from training.fitting.engine import Trained


def _split(drawn: Path, tmp_path: Path, *more: str) -> str:
    words = ["split", "--data", str(drawn), "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "split.json")]
    return main([*words, *more])


def test_split_writes_its_sides_and_prints_their_counts(drawn: Path, tmp_path: Path) -> None:
    printed = _split(drawn, tmp_path, "--partial")
    written = json.loads((tmp_path / "split.json").read_text())
    assert f"test {len(written['test'])} images" in printed.replace("images;", "images").replace(",", "")
    assert written["scheme"].startswith("lesion-grouped")


def test_a_partial_release_is_refused_unless_it_is_said(drawn: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="not the whole HAM10000"):
        _split(drawn, tmp_path)
    assert not (tmp_path / "split.json").exists()


def test_widths_that_make_no_network_are_refused(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--data", str(drawn), "--out", "nowhere", "--widths", "32-64"])
    assert "four stage widths" in capsys.readouterr().err


@pytest.fixture
def _no_fit(monkeypatch: pytest.MonkeyPatch) -> list[Split]:
    """What train hands to the engine; the engine itself has its own tests."""
    handed: list[Split] = []

    def fit(records: object, pictures: object, split: Split, config: object, out: Path, **more: object) -> Trained:
        handed.append(split)
        return Trained(out, 0, 0.0)

    monkeypatch.setattr(engine, "fit", fit)
    return handed


def test_train_takes_the_split_of_a_file(drawn: Path, tmp_path: Path, _no_fit: list[Split]) -> None:
    _split(drawn, tmp_path, "--partial", "--scheme", "image-level", "--seed", "5")
    words = ["train", "--data", str(drawn), "--cache", str(tmp_path / "cache"), "--partial", "--out", str(tmp_path)]
    printed = main([*words, "--split", str(tmp_path / "split.json")])
    assert _no_fit == [Split.load(tmp_path / "split.json")]
    assert printed.startswith("image-level: leaks")


def test_train_refuses_a_leak_under_an_honest_name(
    drawn: Path, tmp_path: Path, _no_fit: list[Split], capsys: pytest.CaptureFixture[str]
) -> None:
    _split(drawn, tmp_path, "--partial", "--scheme", "image-level")
    file = tmp_path / "split.json"
    file.write_text(file.read_text().replace("image-level: leaks", "lesion-grouped"))
    words = ["train", "--data", str(drawn), "--cache", str(tmp_path / "cache"), "--partial", "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match="same lesion stands on two sides"):
        main([*words, "--split", str(file)])
    assert not _no_fit


def test_split_says_that_image_level_leaks(drawn: Path, tmp_path: Path) -> None:
    printed = _split(drawn, tmp_path, "--partial", "--scheme", "image-level")
    assert printed.startswith("image-level: leaks")
    assert "% of the test images show a lesion that is also in training" in printed


def _plant_twin(drawn: Path, root: Path) -> None:
    """Copy a data set and add a picture of it, as it looks through a warmer camera and in a mirror, as another lesion."""
    shutil.copytree(drawn, root)
    with Image.open(root / "HAM10000_images_part_1" / "ISIC_40000.jpg") as opened:
        pixels = np.asarray(opened.transpose(Image.Transpose.FLIP_LEFT_RIGHT)).astype(float)
    warmer = (pixels * [1.1, 0.85, 0.6] + [5, 0, 12]).clip(0, 255).astype(np.uint8)
    Image.fromarray(warmer).save(root / "HAM10000_images_part_1" / "ISIC_planted.jpg", quality=80)
    with (root / "HAM10000_metadata.csv").open("a", newline="") as file:
        csv.writer(file).writerow(["HAM_planted", "ISIC_planted", "mel", "histo", "50", "male", "back", "rosendahl"])


def _side(path: Path, image: str) -> str:
    return next(side for side, ids in Split.load(path).sides.items() if image in ids)


@pytest.mark.parametrize("scheme", ["lesion", "lesion-folds"])
def test_a_planted_twin_in_other_colours_stays_with_its_original(drawn: Path, tmp_path: Path, scheme: str) -> None:
    _plant_twin(drawn, tmp_path / "data")
    for fold in range(5):
        _split(tmp_path / "data", tmp_path, "--partial", "--scheme", scheme, "--fold", str(fold))
        assert _side(tmp_path / "split.json", "ISIC_planted") == _side(tmp_path / "split.json", "ISIC_40000")


def test_a_planted_twin_in_other_colours_stops_training_on_a_split_that_tears_it(
    drawn: Path, tmp_path: Path, _no_fit: list[Split]
) -> None:
    _plant_twin(drawn, tmp_path / "data")
    _split(tmp_path / "data", tmp_path, "--partial")
    made = Split.load(tmp_path / "split.json")
    home = _side(tmp_path / "split.json", "ISIC_planted")
    away = "test" if home == "train" else "train"
    rest = tuple(image for image in made.sides[home] if image != "ISIC_planted")
    torn = replace(made, **{home: rest, away: tuple(sorted((*made.sides[away], "ISIC_planted")))})
    torn.save(tmp_path / "torn.json")
    words = ["train", "--data", str(tmp_path / "data"), "--cache", str(tmp_path / "cache"), "--partial"]
    with pytest.raises(SystemExit, match=rf"Nearly the same picture .* ISIC_40000 \({home}\) and ISIC_planted "):
        main([*words, "--out", str(tmp_path), "--split", str(tmp_path / "torn.json")])
    assert not _no_fit


def test_a_run_of_a_split_that_leaks_is_never_served(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _split(drawn, tmp_path, "--partial", "--scheme", "image-level")
    leaky = SimpleNamespace(split=Split.load(tmp_path / "split.json"))
    monkeypatch.setattr(export, "load_run", lambda path: leaky)
    words = ["export", "--data", str(drawn), "--cache", str(tmp_path / "cache"), "--partial", "--run", "run"]
    with pytest.raises(SystemExit, match=r"image-level: leaks .* never served"):
        main([*words, "--version", "1", "--out", str(tmp_path / "bundle")])
    assert not (tmp_path / "bundle").exists()


def test_every_command_is_listed_in_the_order_in_which_it_is_met(capsys: pytest.CaptureFixture[str]) -> None:
    files = {module.name for module in pkgutil.iter_modules(commands.__path__)}
    helpers = {"generating", "arguments", "fitting_options", "network_options", "picture_options", "servable"}
    assert set(COMMANDS) == files - helpers
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = re.findall(r"^    (\w+)\b", capsys.readouterr().out, re.MULTILINE)
    assert [name for name in listed if name in files] == list(COMMANDS)
    met = ("eda", "clean", "split", "train", "evaluate", "compare", "export")
    assert [name for name in COMMANDS if name in met] == list(met)


@pytest.mark.parametrize("command", ["split", "train", "export", "evaluate"])
def test_each_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert "--data" in capsys.readouterr().out


def test_an_answer_that_is_no_number_ends_a_command_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_: object) -> str:
        raise InferenceError("The network's answer to this picture is not a number.")

    monkeypatch.setattr(COMMANDS["eda"], "run", run)
    with pytest.raises(SystemExit, match="eda: The network's answer to this picture is not a number"):
        main(["eda", "--data", "nowhere", "--out", "nowhere"])
