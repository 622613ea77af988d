import json
from pathlib import Path

import pytest

from training.__main__ import main


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


@pytest.mark.parametrize("command", ["split", "train", "export", "evaluate"])
def test_each_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert "--data" in capsys.readouterr().out
