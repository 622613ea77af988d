"""How far two models say the same of single photographs: guesses, flags, scores and probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.evaluation.predicted import Rows
from training.metrics import RULES
from training.reporting.report import Words

TITLE = "What changes in single answers"


def agreement(a: Rows, b: Rows) -> dict[str, Any]:
    """Shares of photographs with the same guess and flag, and how far scores and probabilities moved.

    Both hold the same photographs in one order (``paired.aligned``).
    """
    was, now = a.answers, b.answers
    moved = np.abs(was.p - now.p).max(axis=1)  # (N,)
    return {
        "photographs": len(a.images),
        "same_guess": {rule: float(np.mean(was.guess(rule) == now.guess(rule))) for rule in RULES},
        "same_flag": float(np.mean(a.flagged == b.flagged)),
        "largest_change_of_a_score": float(np.abs(was.scores - now.scores).max()),
        "change_of_p": {
            "median": float(np.median(moved)),
            "99 %": float(np.percentile(moved, 99)),
            "largest": float(moved.max()),
        },
    }


def agreement_words(found: dict[str, Any]) -> Words:
    """``found`` in sentences."""
    total = found["photographs"]
    guesses = ", ".join(f"{_share(value, total)} by {rule}" for rule, value in found["same_guess"].items())
    half, most, largest = (_moved(found["change_of_p"][key]) for key in ("median", "99 %", "largest"))
    return Words(
        TITLE,
        [
            f"Of {total:,} photographs the likeliest diagnosis stays the same for {guesses}.",
            f"The flag stays the same for {_share(found['same_flag'], total)}.",
            f"A probability moves by at most {half} in half of the photographs, {most} in 99 %, {largest} in the last.",
        ],
    )


def _share(value: float, total: int) -> str:
    """With the count, for a share of many may round to all of them."""
    return f"{value:.1%} ({round(value * total):,})"


def _moved(value: float) -> str:
    return f"{value:.4f}" if value < 0.01 else f"{value:.3f}"
