"""Members, average and vote side by side, and what joining them gains over the best of them alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.paired import gain
from training.metrics import BALANCED, Answers, recall_balanced
from training.reporting.report import Cell, Report, Table
from training.studies.chosen import SIGNIFICANT, corrected, limits
from training.studies.ensemble import average_p, vote
from training.studies.measured import cells, columns, measure, plain, text

SCORES, AVERAGE, VOTE = "mean of scores (as export)", "mean of p", "majority vote"
FIGURES = (BALANCED, "macro_auc", "melanoma_auc")
_LIMIT = "The best member was picked on the same pictures: by its luck the gains over it are told too small on average."
Members = dict[str, dict[str, Answers]]  # by path and name


def build(
    members: Members, joined: dict[str, Answers], log_prior: NDArray[np.float64], *, side: str, bootstrap: int
) -> Report:
    """``members[path][name]`` answer the same pictures; each path gives a table of its own.

    ``joined`` holds, by path, the mean of their scores: the answers of the bundle that ``export`` would make of them.
    """
    tables, values, said = [], {}, []
    for path, by_name in members.items():
        best = max(by_name, key=lambda name: recall_balanced(by_name[name]))
        alone = list(by_name.values())
        joint = {SCORES: joined[path], AVERAGE: average_p(alone, log_prior), VOTE: vote(alone)}
        rows, values[path] = _measured(by_name, joint, by_name[best], bootstrap)
        tables.append(Table(f"members_{path}", f"Path {path}, {side} side", COLUMNS, rows, _NOTE))
        won = gain(joined[path], by_name[best], bootstrap=bootstrap).difference
        known = "beyond chance" if values[path][SCORES]["p (Holm)"] < SIGNIFICANT else "not beyond chance"
        said.append(
            f"On the path {path} the mean of scores, which export ships, gains {text(won)} over {best}, the best "
            f"member (p/prior): {known}, Holm over {len(joint)} ways to join."
        )
    count = len(next(iter(members.values())))
    told = {"side": side, "paths": values}
    return Report(f"An ensemble of {count}", " ".join(said), tables, told, limits=(*limits(side), _LIMIT))


COLUMNS = ("answers", *columns(FIGURES), *columns((f"gain in {BALANCED} over the best member",)), "p", "p (Holm)")
_NOTE = (
    "Low and high: 95 % interval by bootstrap over lesions, paired for the gain; the second p is corrected for the "
    "number of ways to join (Holm). A vote ranks nothing, so it has no AUC; of diagnoses with equally many votes the "
    "most severe wins."
)


def _measured(
    members: dict[str, Answers], joint: dict[str, Answers], best: Answers, bootstrap: int
) -> tuple[list[list[Cell]], dict[str, Any]]:
    every = {**members, **joint}
    gains = {name: gain(a, best, bootstrap=bootstrap) for name, a in every.items()}
    p = dict(zip(every, corrected([gains[name].p if name in joint else None for name in every]), strict=True))
    rows: list[list[Cell]] = []
    values: dict[str, Any] = {}
    for name, a in every.items():
        found = measure(a, FIGURES if name != VOTE else FIGURES[:1], bootstrap=bootstrap)
        won, own = gains[name].difference, gains[name].p if name in joint else None
        gaps: list[Cell] = [None] * (3 * (len(FIGURES) - len(found)))
        rows.append([name, *cells(found), *gaps, *cells({"gain": won}), own, p[name]])
        told = {key: plain(one) for key, one in found.items()}
        values[name] = {**told, "gain over the best member": plain(won), "p": own, "p (Holm)": p[name]}
    return rows, values
