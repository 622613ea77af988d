"""What the command line does not do without a word: write over what it reads, guess at a table, answer as anybody."""

from pathlib import Path

import pytest

from inference.__main__ import main
from inference.bundle import Bundle
from inference.errors import InferenceError
from inference.predictions import read_metadata
from tests.inference.test_command_line import predict


@pytest.mark.parametrize("taken", ["picture", "table"])
def test_what_is_read_is_not_written_over(
    bundle: Bundle, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], taken: str
) -> None:
    table = tmp_path / "metadata.csv"
    table.write_text("image_id,age\nISIC_0000000,70\n")
    out = {"picture": folder / "ISIC_0000000.jpg", "table": tmp_path / "pictures" / ".." / "metadata.csv"}[taken]
    before = out.read_bytes()
    command = ["predict", str(folder), "--metadata", str(table), "--bundle", str(bundle.path), "--out", str(out)]
    assert main(command) == 2
    assert "would be written over" in capsys.readouterr().err
    assert out.read_bytes() == before


def test_an_out_that_cannot_be_written_is_said_before_any_work(
    bundle: Bundle, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    for out, sentence in ((folder, "is a folder; name the CSV"), (tmp_path / "file" / "x.csv", "cannot be written")):
        assert main(["predict", str(folder), "--bundle", str(bundle.path), "--out", str(out)]) == 2
        printed = capsys.readouterr().err
        assert sentence in printed
        assert "4/4" not in printed, "it had predicted already"


def test_which_bundle_answered_and_which_rows_were_of_no_use_is_said(
    bundle: Bundle, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "metadata.csv"
    table.write_text("image_id,age\nISIC_0000000,70\nTYPO_1,60\n")
    predict(bundle, tmp_path / "out.csv", folder, "--metadata", table)
    printed = capsys.readouterr()
    assert f"by {bundle.manifest.name} {bundle.manifest.version}" in printed.out
    assert "1 of 2 rows of" in printed.err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("image_id,age,age\nA,70,20\n", "the column 'age' twice"),
        ("image_id,age,sex\nA,70\n", "line 2: it has more or fewer values"),
        ("image_id,age\nA,70,male\n", "line 2: it has more or fewer values"),
        ("isic_id,age_approx\nA,70\n", "Columns found: isic_id, age_approx"),
    ],
)
def test_a_table_that_could_be_read_in_two_ways_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    table = tmp_path / "metadata.csv"
    table.write_text(text)
    with pytest.raises(InferenceError, match=sentence):
        read_metadata(table)


def test_the_columns_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["predict", "--help"])
    assert "A row with an abstain_reason is no answer" in " ".join(capsys.readouterr().out.split())
