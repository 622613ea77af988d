"""The report of one held-out side: figures with intervals, each class, the confusion matrix, sets and baselines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import DIAGNOSES
from training.metrics import RARE_FIRST, Answers, class_aucs, confusion, figures, rate, recalls

HEADINGS = {"image": "image only"}


def report(a: Answers, sets: NDArray[np.bool_], *, bootstrap: int = 1000) -> dict[str, Any]:
    """Everything about one path on one side as plain values; ``sets`` (N,7) marks each row's prediction set."""
    inside, sizes = sets[np.arange(len(a.target)), a.target], sets.sum(axis=1)
    return {
        "n_images": len(a.target),
        "n_lesions": len(np.unique(a.lesion)),
        "majority_class_accuracy": float(np.bincount(a.target).max() / len(a.target)),
        "figures": {name: asdict(interval) for name, interval in figures(a, bootstrap=bootstrap).items()},
        "classes": _class_rows(a, inside, bootstrap),
        "confusion_matrix": {
            "rows": "truth",
            "labels": list(DIAGNOSES),
            "p/prior": confusion(a.target, a.guess("p/prior")).tolist(),
            "arg-max p": confusion(a.target, a.guess("arg-max p")).tolist(),
        },
        "prediction_sets": {
            "coverage": float(inside.mean()),
            "mean_size": float(sizes.mean()),
            "intervals": {
                "coverage": asdict(rate(inside, a.lesion, bootstrap=bootstrap)),
                "mean_size": asdict(rate(sizes, a.lesion, bootstrap=bootstrap)),
            },
            "likeliest_outside": float(1 - sets[np.arange(len(sets)), a.p.argmax(axis=1)].mean()),
        },
    }


def _class_rows(a: Answers, inside: NDArray[np.bool_], bootstrap: int) -> dict[str, dict[str, Any]]:
    aucs, found = class_aucs(a), recalls(a, "p/prior", bootstrap=bootstrap)
    rows: dict[str, dict[str, Any]] = {}
    for code in RARE_FIRST:
        of_class = a.target == DIAGNOSES.index(code)
        rows[code] = {"n": int(of_class.sum())}
        if code in found:
            rows[code]["recall (p/prior)"] = asdict(found[code])
            rows[code] |= {"auc": aucs[code], "set_coverage": float(inside[of_class].mean())}
    return rows


def summary(measured: dict[str, dict[str, Any]]) -> str:
    """The figures of all paths side by side, as lines."""
    lines = [f"{'':44}" + "".join(f"{HEADINGS.get(path, path):>24}" for path in measured)]
    for name in next(iter(measured.values()))["figures"]:
        cells = (side["figures"][name] for side in measured.values())
        lines.append(f"{name:44}" + "".join(f"{c['value']:9.3f} [{c['low']:.3f}, {c['high']:.3f}]" for c in cells))
    return "\n".join(lines)
