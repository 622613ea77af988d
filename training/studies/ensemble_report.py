"""Members, average and vote side by side, and what joining them gains over the best of them alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.metrics import Answers
from training.reporting.report import Cell, Report, Table
from training.studies.ensemble import average, vote
from training.studies.measured import BALANCED, cells, columns, gain, measure, plain, recall_balanced, text

AVERAGE, VOTE = "average of p", "majority vote"
FIGURES = (BALANCED, "macro_auc", "melanoma_auc")
_LIMIT = "The best member was picked on the same pictures, so the gain over it is told too small, never too large."


def build(members: dict[str, dict[str, Answers]], log_prior: NDArray[np.float64], *, bootstrap: int) -> Report:
    """``members[path][name]`` answer the same pictures; each path gives a table of its own."""
    tables, values, said = [], {}, []
    for path, by_name in members.items():
        best = max(by_name, key=lambda name: recall_balanced(by_name[name]))
        joint = {AVERAGE: average(list(by_name.values()), log_prior), VOTE: vote(list(by_name.values()))}
        rows, values[path] = _measured({**by_name, **joint}, by_name[best], bootstrap)
        tables.append(Table(f"members_{path}", f"Path {path}", COLUMNS, rows, _NOTE))
        won = gain(joint[AVERAGE], by_name[best], bootstrap=bootstrap)
        said.append(f"On the path {path} the average gains {text(won)} over {best}, the best member (p/prior).")
    count = len(next(iter(members.values())))
    return Report(f"An ensemble of {count}", " ".join(said), tables, {"paths": values}, limits=(_LIMIT,))


COLUMNS = ("answers", *columns(FIGURES), *columns((f"gain in {BALANCED} over the best member",)))
_NOTE = (
    "Low and high: 95 % interval by bootstrap over lesions, paired for the gain. A vote ranks nothing, so it has no "
    "AUC; of diagnoses with equally many votes the most severe wins."
)


def _measured(every: dict[str, Answers], best: Answers, bootstrap: int) -> tuple[list[list[Cell]], dict[str, Any]]:
    rows: list[list[Cell]] = []
    values: dict[str, Any] = {}
    for name, a in every.items():
        found = measure(a, FIGURES if name != VOTE else FIGURES[:1], bootstrap=bootstrap)
        won = gain(a, best, bootstrap=bootstrap)
        gaps: list[Cell] = [None] * (3 * (len(FIGURES) - len(found)))
        rows.append([name, *cells(found), *gaps, *cells({"gain": won})])
        values[name] = {**{key: plain(one) for key, one in found.items()}, "gain over the best member": plain(won)}
    return rows, values
