"""A run that is killed, and a run that is repeated, end as the run that nothing disturbed: to the bit."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.fitting.test_engine import TINY
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.splits import split_by_lesion
from training.fitting.checkpoints import WholeFiles
from training.fitting.config import read_priors
from training.fitting.engine import fit

REPOSITORY = Path(__file__).resolve().parents[3]


def _train(drawn: Path, cache: Path, out: Path, *more: str) -> list[str]:
    data = ["train", "--data", str(drawn), "--partial", "--cache", str(cache), "--out", str(out)]
    return [*data, *more]


SMALL = ("--widths", "8-8-16-16", "--batch", "16", "--precision", "32-true", "--epochs", "5", "--validate-every", "1")


def _final(run: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(run / "final.ckpt", weights_only=True)["state_dict"]
    return state


def _judged(run: Path) -> dict[str, dict[str, str]]:
    """Validation figures by epoch; a resumed run has a log a start, the later ones count."""
    found: dict[str, dict[str, str]] = {}
    for log in sorted((run / "log").glob("version_*/metrics.csv")):
        with log.open() as file:
            rows = [row for row in csv.DictReader(file) if row.get("val_loss")]
        found |= {row["epoch"]: {k: v for k, v in row.items() if k.startswith("val_")} for row in rows}
    return found


# The command as a process of its own that is shot in the instant in which ``last.ckpt`` first stands: SIGKILL leaves it
# no word, and no clock says when.
SHOT = """
import os, signal, sys
from training.__main__ import main
from training.fitting.checkpoints import WholeFiles
save = WholeFiles.save_checkpoint
def save_and_die(self, checkpoint, path, **more):
    save(self, checkpoint, path, **more)
    if os.path.basename(path) == "last.ckpt":
        os.kill(os.getpid(), signal.SIGKILL)
WholeFiles.save_checkpoint = save_and_die
main(sys.argv[1:])
"""


def _killed_at_the_first_checkpoint(words: list[str]) -> subprocess.CompletedProcess[str]:
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SHOT, *words]
    return subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, **one_thread}, capture_output=True, text=True, check=False
    )


def test_a_process_killed_for_good_resumes_to_the_same_bits(drawn: Path, tmp_path: Path) -> None:
    cache, killed, whole = tmp_path / "cache", tmp_path / "killed", tmp_path / "whole"
    shot = _killed_at_the_first_checkpoint(_train(drawn, cache, killed, *SMALL))
    assert shot.returncode == -signal.SIGKILL, shot.stderr[-2000:]
    assert not (killed / "final.ckpt").exists()
    assert torch.load(killed / "last.ckpt", weights_only=False)["epoch"] == 0

    main(_train(drawn, cache, killed, *SMALL))
    main(_train(drawn, cache, whole, *SMALL))
    ours, theirs = _final(killed), _final(whole)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    resumed, undisturbed = _judged(killed), _judged(whole)
    assert set(undisturbed) == {str(epoch) for epoch in range(5)}
    assert resumed["4"] == undisturbed["4"]
    # Optimiser and rate too: the next step would be the same.
    last, same = (torch.load(run / "last.ckpt", weights_only=False)["optimizer_states"] for run in (killed, whole))
    for a, b in zip(last[0]["state"].values(), same[0]["state"].values(), strict=True):
        assert torch.equal(a["momentum_buffer"], b["momentum_buffer"])


ENDS = {
    "steps": {"epochs": 2},
    "clock": {"epochs": 1000, "budget_minutes": 1e-6},
    "patience": {"epochs": 6, "patience": 1, "schedule": replace(TINY.schedule, peak=0.0)},
}


@pytest.mark.parametrize("how", ENDS)
def test_a_run_continued_at_its_end_keeps_its_averaged_weights(
    how: str, records: list[Record], pictures: Pictures, tmp_path: Path
) -> None:
    split, config = split_by_lesion(records, []), replace(TINY, ema=0.9, **ENDS[how])
    first, before = fit(records, pictures, split, config, tmp_path), _final(tmp_path)
    steps = torch.load(tmp_path / "last.ckpt", weights_only=False)["global_step"]
    (tmp_path / "final.ckpt").unlink()  # killed after the last checkpoint
    assert fit(records, pictures, split, config, tmp_path) == first
    assert torch.load(tmp_path / "last.ckpt", weights_only=False)["global_step"] == steps
    after = _final(tmp_path)
    assert all(torch.equal(after[name], before[name]) for name in before)
    written = (tmp_path / "final.ckpt").read_bytes()
    assert fit(records, pictures, split, config, tmp_path) == first  # the same command once more
    assert (tmp_path / "final.ckpt").read_bytes() == written


def test_the_last_checkpoint_knows_the_best_of_its_own_epoch(
    records: list[Record], pictures: Pictures, tmp_path: Path
) -> None:
    fit(records, pictures, split_by_lesion(records, []), replace(TINY, epochs=1, patience=2), tmp_path)
    states = torch.load(tmp_path / "last.ckpt", weights_only=False)["callbacks"]
    (kept,) = [state for name, state in states.items() if "'val_loss'" in name and "ModelCheckpoint" in name]
    assert Path(kept["best_model_path"]).name == "best.ckpt"


def test_a_record_repeats_its_run(drawn: Path, tmp_path: Path) -> None:
    cache, first, second = tmp_path / "cache", tmp_path / "first", tmp_path / "second"
    chosen = ("--optimiser", "adamw", "--rate", "0.002", "--sampling", "class-balanced", "--seed", "5", "--epochs", "2")
    main(_train(drawn, cache, first, *SMALL, *chosen))
    main(_train(drawn, cache, second, "--from-record", str(first / "config.json")))
    assert (first / "config.json").read_text() == (second / "config.json").read_text()
    assert _judged(first) == _judged(second) != {}
    ours, theirs = _final(first), _final(second)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    with pytest.raises(SystemExit, match="leave out --seed"):
        main(_train(drawn, cache, second, "--from-record", str(first / "config.json"), "--seed", "1"))


def test_a_record_is_not_repeated_on_other_pictures(records: list[Record], pictures: Pictures, tmp_path: Path) -> None:
    split, config = split_by_lesion(records, []), replace(TINY, epochs=1)
    fit(records, pictures, split, config, tmp_path / "first")
    darker = replace(pictures, viewed=pictures.viewed // 2)
    expected = read_priors(tmp_path / "first" / "priors.json")
    with pytest.raises(DataError, match="not the pictures of the record"):
        fit(records, darker, split, config, tmp_path / "second", expected=expected)
    assert not (tmp_path / "second").exists()


def test_a_folder_with_another_run_is_not_continued(records: list[Record], pictures: Pictures, tmp_path: Path) -> None:
    split = split_by_lesion(records, [])
    fit(records, pictures, split, replace(TINY, epochs=1), tmp_path)
    before = (tmp_path / "last.ckpt").read_bytes()
    with pytest.raises(DataError, match="other settings or another split"):
        fit(records, pictures, split, replace(TINY, epochs=1, momentum=0.5), tmp_path)
    with pytest.raises(DataError, match="other settings or another split"):
        fit(records, pictures, split_by_lesion(records, [], fold=1), replace(TINY, epochs=1), tmp_path)
    assert (tmp_path / "last.ckpt").read_bytes() == before


def test_a_checkpoint_that_is_cut_short_leaves_the_one_before(tmp_path: Path) -> None:
    class Cut:
        def __reduce__(self) -> str:
            raise KeyboardInterrupt  # while it is being written

    path = tmp_path / "last.ckpt"
    WholeFiles().save_checkpoint({"epoch": 1}, path)
    with pytest.raises(KeyboardInterrupt):
        WholeFiles().save_checkpoint({"weights": torch.zeros(1000), "epoch": Cut()}, path)
    assert torch.load(path, weights_only=True) == {"epoch": 1}
