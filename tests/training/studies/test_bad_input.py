"""What cannot be read or is not what was asked for ends a command with one sentence that says what to do."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from training.__main__ import COMMANDS, main
from training.data.splits import Split


@pytest.fixture(scope="module")
def data(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return ["--data", str(drawn), "--partial", "--cache", str(tmp_path_factory.mktemp("cache"))]


def _refused(*words: object) -> str:
    """The sentence with which the command ends; any other exception fails the test."""
    with pytest.raises(SystemExit) as stopped:
        main([str(word) for word in words])
    said = str(stopped.value.code)
    assert said.startswith(f"{words[0]}: ")
    assert "\n" not in said
    return said


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), ("{}", "no split"), ("text", "no split")])
def test_a_file_that_holds_no_split_is_named(content: str | None, said: str, data: list[str], tmp_path: Path) -> None:
    file = tmp_path / "sides.json"
    if content is not None:
        file.write_text(content)
    found = _refused("clean", *data[:3], "--split", file, "--out", tmp_path / "out")
    assert said in found
    assert f"{file} " in found
    assert "give a split.json that split or train wrote" in found


def test_a_split_is_written_into_a_new_folder_but_not_over_a_folder(data: list[str], tmp_path: Path) -> None:
    main(["split", *data, "--out", str(tmp_path / "no" / "such" / "split.json")])
    assert Split.load(tmp_path / "no" / "such" / "split.json").test
    (tmp_path / "file").write_text("")
    assert "check the path" in _refused("split", "--data", "nowhere", "--out", tmp_path / "file" / "split.json")
    assert "name the file" in _refused("split", "--data", "nowhere", "--out", tmp_path / "no")


def test_a_folder_without_a_finished_run_is_named(data: list[str], tiny_runs: list[Path], tmp_path: Path) -> None:
    missing = _refused("evaluate", *data, "--run", tmp_path / "nothing", "--out", tmp_path / "out")
    assert f"{tmp_path / 'nothing'} holds no finished run: config.json" in missing
    assert "Give the --out of a train that ended" in missing
    shutil.copytree(tiny_runs[0], tmp_path / "run")
    for file, said in (("final.ckpt", "train it again"), ("priors.json", "holds no priors of a run")):
        whole = (tmp_path / "run" / file).read_bytes()
        (tmp_path / "run" / file).write_bytes(b"not that")
        assert said in _refused("evaluate", *data, "--run", tmp_path / "run", "--out", tmp_path / "out")
        (tmp_path / "run" / file).write_bytes(whole)


@pytest.mark.parametrize("command", ["evaluate", "robustness", "floor", "rare", "crossdata"])
def test_a_folder_without_a_bundle_is_named(
    command: str, data: list[str], tiny_runs: list[Path], tmp_path: Path
) -> None:
    more = {"rare": ["--subset", "none.json"], "crossdata": ["--away-data", "none"]}.get(command, [])
    split = [] if command == "rare" else ["--split", tiny_runs[0] / "split.json"]
    said = _refused(command, *data, *more, *split, "--bundle", "nothing", "--out", tmp_path / "out")
    assert "manifest.json in nothing. Give --bundle the folder that export wrote." in said


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), ("{}", "holds no rare subset")])
def test_a_file_that_holds_no_rare_subset_is_named(
    content: str | None, said: str, data: list[str], tiny_runs: list[Path], tmp_path: Path
) -> None:
    file = tmp_path / "rare.json"
    if content is not None:
        file.write_text(content)
    found = _refused("rare", *data, "--subset", file, "--run", tiny_runs[0], "--out", tmp_path / "out")
    assert f"{file} {said}" in found
    assert "rare --split takes" in found


@pytest.mark.parametrize("command", ["ensemble", "smote", "crossdata", "evaluate"])
def test_data_that_lack_photographs_of_a_side_are_refused(
    command: str, data: list[str], tiny_runs: list[Path], tmp_path: Path
) -> None:
    runs = [word for run in tiny_runs[: 2 if command == "ensemble" else 1] for word in ("--run", run)]
    said = _refused(command, *data, "--images", 30, *runs, "--out", tmp_path / "out")
    assert re.search(
        r"\d+ photographs of the \w+ side are not in these data, ISIC_\d+ for one: .* without --images", said
    )


def test_a_table_without_a_column_is_refused_by_its_name(drawn: Path, tmp_path: Path) -> None:
    shutil.copytree(drawn, tmp_path / "data")
    table = tmp_path / "data" / "HAM10000_metadata.csv"
    table.write_text(table.read_text().replace("localization", "site", 1))
    said = _refused("clean", "--data", tmp_path / "data", "--partial", "--out", tmp_path / "out")
    assert f"{table} has no column localization" in said


def test_a_file_that_is_not_there_is_named_whatever_reads_it(
    data: list[str], tiny_runs: list[Path], tmp_path: Path
) -> None:
    words = ["--predictions", tmp_path / "none.csv", "--predictions", tmp_path / "none.csv"]
    said = _refused("ensemble", *data, *words, "--split", tiny_runs[0] / "split.json", "--out", tmp_path / "out")
    assert f"{tmp_path / 'none.csv'} cannot be read" in said


@pytest.mark.parametrize(
    ("command", "option", "value"),
    [
        ("robustness", "--at-most", "0"),
        ("evaluate", "--bootstrap", "-1"),
        ("evaluate", "--bootstrap", "19"),
        ("evaluate", "--bootstrap", "many"),
        ("outliers", "--top", "0"),
        ("search", "--trials", "0"),
        ("benchmark", "--repeats", "0"),
    ],
)
def test_a_count_that_makes_no_sense_is_refused_before_the_work(
    command: str, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--data", "nowhere", "--out", "nowhere", option, value])
    assert f"argument {option}: {value} is not a whole number of" in capsys.readouterr().err


@pytest.mark.parametrize("widths", ["32-64", "a-b-c-d", "32-64-128-4", "32--128-256", ""])
def test_all_wrong_widths_get_one_sentence(widths: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--data", "nowhere", "--out", "nowhere", "--widths", widths])
    assert "argument --widths: four stage widths of 8 or more, such as 32-64-128-256" in capsys.readouterr().err


def test_a_report_quotes_the_words_that_the_command_was_given(
    data: list[str], tiny_runs: list[Path], tmp_path: Path
) -> None:
    runs = [word for run in tiny_runs for word in ("--run", str(run))]
    main(["ensemble", *data, *runs, "--out", str(tmp_path / "out"), "--bootstrap", "20"])
    quoted = json.loads((tmp_path / "out" / "report.json").read_text())["command"]
    assert quoted.startswith("python -m training ensemble --data")
    assert "--bootstrap 20" in quoted
    asking = [name for name, module in COMMANDS.items() if "sys.argv" in Path(str(module.__file__)).read_text()]
    assert not asking, "main() hands over args.argv, which is right for a caller from Python too"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "--recipe report-cnn --network resnet50",
            "--recipe report-cnn chooses network and pictures; leave out --network.",
        ),
        ("--recipe report-cnn --preset=own", "--recipe report-cnn chooses network and pictures; leave out --preset."),
        ("--split s.json --scheme lesion --fold 1", "--split names the sides; leave out --scheme, --fold."),
        *(
            (f"--from-record r.json {flag} {value}", f"--from-record repeats a run as it was; leave out {flag}.")
            for flag, value in (
                ("--network", "dnn"),
                ("--preset", "own"),
                ("--filter", "hair"),
                ("--cleaning", "keep"),
                ("--split", "s.json"),
                ("--scheme", "lesion"),
                ("--fold", "0"),
                ("--dropout", "0.5"),
                ("--recipe", "own"),
            )
        ),
    ],
)
def test_an_option_that_would_not_be_followed_is_refused(words: str, said: str) -> None:
    assert _refused("train", "--data", "nowhere", "--out", "nowhere", *words.split()) == f"train: {said}"
