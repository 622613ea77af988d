"""One table of all networks: measured sizes, honest beside leaky figures, and no run that is not the one it says."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from training.__main__ import main
from training.networks.registry import NETWORKS
from training.studies import latency
from training.studies.contenders import recipe
from training.studies.reported import REPORTED


@pytest.fixture(scope="module")
def words(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    root = tmp_path_factory.mktemp("benchmark")
    data = ["--data", str(drawn), "--partial", "--cache", str(root / "cache"), "--bootstrap", "20", "--repeats", "2"]
    some = ["--network", "dnn", "--network", "metadata-only", "--precision", "32-true"]
    return ["benchmark", *data, *some, "--runs", str(root / "runs"), "--out", str(root / "report")]


@pytest.fixture(scope="module")
def made(words: list[str]) -> Path:
    main([*words, "--minutes-each", "0.005"])
    return Path(words[-1])


def _table(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "benchmark.csv").open(newline="") as file:
        return {row["network"]: row for row in csv.DictReader(file)}


def test_both_networks_and_the_floor_stand_with_honest_and_leaky_figures(made: Path) -> None:
    table = _table(made)
    assert [name.split(" ")[0] for name in table] == ["dnn", "metadata-only", "ExtraTrees", "ExtraTrees"]
    for row in table.values():
        assert 0 <= float(row["grouped: balanced_accuracy (p/prior)"]) <= 1
        assert 0 <= float(row["image-level, leaks: accuracy (arg-max p)"]) <= 1
    assert int(table["dnn"]["epochs"]) >= 1
    assert int(table["dnn"]["parameters"]) == 2_412_999
    assert float(table["dnn"]["accuracy (reported)"]) == 0.69085
    assert 0 < float(table["dnn"]["p50 ms"]) <= float(table["dnn"]["p95 ms"])
    report = json.loads((made / "report.json").read_text())
    assert report["side"] == "test"
    splits = report["splits"]
    assert splits["image-level"]["scheme"].startswith("image-level: leaks")


def test_finished_runs_are_read_back_and_not_trained_again(words: list[str], made: Path, tmp_path: Path) -> None:
    final = next(Path(words[words.index("--runs") + 1]).glob("lesion/dnn/final.ckpt"))
    before = final.stat().st_mtime_ns
    printed = main([*words[:-1], str(tmp_path / "again"), "--side", "validation"])
    assert printed.startswith("Judged on the validation side")
    assert final.stat().st_mtime_ns == before
    figure = "grouped: balanced_accuracy (p/prior)"
    again = {side: _table(tmp_path / "again")[side] for side in ("dnn", "metadata-only")}
    assert {name: row["epochs"] for name, row in again.items()} == {
        name: _table(made)[name]["epochs"] for name in again
    }
    assert any(_table(made)[name][figure] != row[figure] for name, row in again.items())  # other lesions


def test_a_run_of_another_length_is_refused(words: list[str], made: Path) -> None:
    with pytest.raises(SystemExit, match=r"budget of 0.005 minutes, not 3"):
        main([*words, "--minutes-each", "3"])


def test_what_was_not_trained_says_so(words: list[str], tmp_path: Path) -> None:
    start = words.index("--runs")
    printed = main([*words[:start], "--runs", str(tmp_path / "none"), "--out", str(tmp_path / "report")])
    assert "Not trained: dnn, metadata-only." in printed
    row = _table(tmp_path / "report")["dnn"]
    assert row["status"] == "not trained"
    assert row["grouped: macro_auc"] == ""


def test_every_network_has_a_recipe_and_each_reported_one_a_network() -> None:
    assert all(type(recipe(name).network) is kind for name, kind in NETWORKS.items())
    assert set(REPORTED) <= set(NETWORKS)


def test_latency_is_taken_on_one_thread_and_leaves_the_number_as_it_was() -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with latency.one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)
