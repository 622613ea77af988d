"""Stored answers are taken only where their record says that the very weights of the bundle gave them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inference.bundle import Bundle
from inference.engines.processor import has_openvino
from tests.bundles import build_tiny_bundle
from training.__main__ import main
from training.data.records import DataError, Record
from training.data.splits import Split, split_by_lesion
from training.evaluation.recorded import check_answered_by, engines

LESS = {"conformal": {"alpha": 0.1, "rule": "limits-first"}}
Change = Callable[[dict[str, Any]], object]


def build(path: Path, split: Split, seed: int = 0, **changes: Any) -> Bundle:
    trained = {"name": "none", "citation": "none", "licence": "CC0", "split": "none", "n": 1}
    return build_tiny_bundle(
        path, seed, changes={"training_data": trained | {"split_sha256": split.digest()}} | changes
    )


@pytest.fixture(scope="module")
def split(records: list[Record]) -> Split:
    return split_by_lesion(records, [])


@pytest.fixture(scope="module")
def words(drawn: Path, split: Split, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    root = tmp_path_factory.mktemp("words")
    split.save(root / "split.json")
    data = ["--data", str(drawn), "--partial", "--cache", str(root / "cache"), "--bootstrap", "20"]
    return ["evaluate", *data, "--split", str(root / "split.json")]


@pytest.fixture(scope="module")
def first(split: Split, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build(tmp_path_factory.mktemp("first") / "bundle", split)


@pytest.fixture(scope="module")
def evaluated(first: Bundle, words: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("evaluated")
    main([*words, "--bundle", str(first.path), "--out", str(out)])
    return {name: (out / name).read_bytes() for name in ("predictions.csv", "report.json")}


@pytest.fixture
def answers(evaluated: dict[str, bytes], tmp_path: Path) -> Path:
    """The table with its record, in a folder of its own."""
    folder = tmp_path / "answers"
    folder.mkdir()
    for name, data in evaluated.items():
        (folder / name).write_bytes(data)
    return folder / "predictions.csv"


def tamper(answers: Path, change: Change) -> None:
    file = answers.with_name("report.json")
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def test_a_bundle_with_the_same_weights_and_other_sets_takes_them_and_says_whose_they_are(
    answers: Path, first: Bundle, split: Split, words: list[str], tmp_path: Path
) -> None:
    quantiles = {path: dict.fromkeys(first.manifest.labels, 0.5) for path in ("fused", "image")}
    other = build(tmp_path / "other", split, version="0.9", conformal=LESS["conformal"] | {"quantiles": quantiles})
    said = tmp_path / "said"
    for taken, out in ((answers, said), (said / "predictions.csv", tmp_path / "again")):
        main([*words, "--bundle", str(other.path), "--answers", str(taken), "--out", str(out)])
        record = json.loads((out / "report.json").read_text())
        assert record["bundle"]["version"] == "0.9"
        for path in ("fused", "image"):  # no network ran: the engine is that of the first
            engine = json.loads(answers.with_name("report.json").read_text())[path]["runtime"]
            assert record[path]["runtime"] == engine
            assert f"{path}: {engine}" in (out / "report.html").read_text()
        assert record["answered_by"] == {"name": "tiny", "version": "0.0", "sha256": first.sha256}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": 1}, "head.npz, model.onnx"),
        ({"input": {"mean": [0.6, 0.5, 0.5]}}, "input"),
    ],
)
def test_other_weights_are_refused_by_the_command(
    *, changes: dict[str, Any], named: str, answers: Path, first: Bundle, split: Split, words: list[str], tmp_path: Path
) -> None:
    if "input" in changes:
        changes = {"input": first.manifest.document["input"] | changes["input"]}
    other = build(tmp_path / "other", split, **changes)
    expected = f"but by tiny 0.0, which differs in {named}: name the answers of a bundle with the same weights, or"
    with pytest.raises(SystemExit, match=expected):
        main([*words, "--bundle", str(other.path), "--answers", str(answers), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record: record["bundle"]["answering"].update({"head.npz": "0" * 64}), "differs in head.npz"),
        (lambda record: record["bundle"]["answering"].pop("model.onnx"), "differs in model.onnx"),
        (lambda record: record["bundle"]["answering"].update({"scope.npz": "0" * 64}), "differs in scope.npz"),
        (lambda record: record["bundle"].pop("answering"), "does not say which weights answered: evaluate"),
        (lambda record: record.pop("bundle"), "does not say which weights answered"),
        (lambda record: record.update(bundle="tiny"), "does not say which weights answered"),
        (lambda record: record.pop("answered_by"), "does not say which weights answered"),
        (lambda record: record.pop("predictions_sha256"), "is not the table that report.json"),
        (lambda record: record.update(predictions_sha256="0" * 64), "is not the table that report.json"),
    ],
)
def test_a_record_that_was_tampered_with_is_refused(change: Change, said: str, answers: Path, first: Bundle) -> None:
    check_answered_by(first, answers)
    tamper(answers, change)
    with pytest.raises(DataError, match=said):
        check_answered_by(first, answers)


def test_a_table_that_was_changed_after_its_record_is_refused(answers: Path, first: Bundle) -> None:
    answers.write_bytes(answers.read_bytes().replace(b",fused,", b",image,", 1))
    with pytest.raises(DataError, match="is not the table that"):
        check_answered_by(first, answers)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "is missing"), ("{", "cannot be read"), ("[]", "is no record of an evaluation")]
)
def test_a_table_without_its_record_is_refused(content: str | None, said: str, answers: Path, first: Bundle) -> None:
    record = answers.with_name("report.json")
    record.unlink()
    if content is not None:
        record.write_text(content)
    with pytest.raises(DataError, match=f"{said}.*evaluate that bundle with this version"):
        check_answered_by(first, answers)
    with pytest.raises(DataError, match="is missing: name the"):
        check_answered_by(first, answers.with_name("none.csv"))


def test_the_record_names_the_engine_of_each_path(answers: Path) -> None:
    record = json.loads(answers.with_name("report.json").read_text())
    for path in ("fused", "image"):
        assert record[path]["runtime"].startswith("onnxruntime ")


def test_a_record_without_engines_names_none(answers: Path) -> None:
    tamper(answers, lambda record: [record[path].pop("runtime") for path in ("fused", "image")])
    assert engines(answers) == {}


def test_an_engine_is_for_a_bundle_that_is_asked(
    answers: Path, first: Bundle, words: list[str], tmp_path: Path
) -> None:
    asked = [*words, "--runtime", "onnxruntime", "--out", str(tmp_path / "out")]
    for what in (["--run", str(tmp_path)], ["--bundle", str(first.path), "--answers", str(answers)]):
        with pytest.raises(SystemExit, match="leave it out for runs and stored answers"):
            main([*asked, *what])


@pytest.mark.skipif(has_openvino(), reason="OpenVINO is installed")
def test_another_engine_does_not_answer_for_the_one_that_was_asked_for(
    first: Bundle, words: list[str], tmp_path: Path
) -> None:
    asked = [*words, "--bundle", str(first.path), "--runtime", "openvino", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit, match=r"onnxruntime .* would answer in place of openvino, which is not installed"):
        main(asked)
    assert not (tmp_path / "out").exists()
