"""The report of one held-out side: figures with intervals, each class, the confusion matrix, sets and baselines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import DIAGNOSES
from training.metrics import RARE_FIRST, Answers, class_aucs, confusion, figures, rate

HEADINGS = {"image": "image only"}


def report(a: Answers, sets: NDArray[np.bool_], *, bootstrap: int = 1000) -> dict[str, Any]:
    """Everything about one path on one side as plain values; ``sets`` (N,7) marks each row's prediction set."""
    inside = sets[np.arange(len(a.target)), a.target]
    return {
        "n_images": len(a.target),
        "n_lesions": len(np.unique(a.lesion)),
        "majority_class_accuracy": float(np.bincount(a.target).max() / len(a.target)),
        "figures": {name: asdict(interval) for name, interval in figures(a, bootstrap=bootstrap).items()},
        "classes": {code: _class_row(a, inside, code, bootstrap) for code in RARE_FIRST},
        "confusion_matrix": {
            "rows": "truth",
            "labels": list(DIAGNOSES),
            "p/prior": confusion(a.target, a.guess("p/prior")).tolist(),
            "arg-max p": confusion(a.target, a.guess("arg-max p")).tolist(),
        },
        "prediction_sets": {"coverage": float(inside.mean()), "mean_size": float(sets.sum(axis=1).mean())},
    }


def _class_row(a: Answers, inside: NDArray[np.bool_], code: str, bootstrap: int) -> dict[str, Any]:
    of_class = a.target == DIAGNOSES.index(code)
    row: dict[str, Any] = {"n": int(of_class.sum())}
    if not of_class.any():
        return row
    hits = a.scores.argmax(1)[of_class] == DIAGNOSES.index(code)
    row["recall (p/prior)"] = asdict(rate(hits, a.lesion[of_class], bootstrap=bootstrap))
    row["auc"] = class_aucs(a)[code]
    row["set_coverage"] = float(inside[of_class].mean())
    return row


def summary(measured: dict[str, dict[str, Any]]) -> str:
    """The figures of all paths side by side, as lines."""
    lines = [f"{'':44}" + "".join(f"{HEADINGS.get(path, path):>24}" for path in measured)]
    for name in next(iter(measured.values()))["figures"]:
        cells = (side["figures"][name] for side in measured.values())
        lines.append(f"{name:44}" + "".join(f"{c['value']:9.3f} [{c['low']:.3f}, {c['high']:.3f}]" for c in cells))
    return "\n".join(lines)
