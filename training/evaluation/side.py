"""The report of one held-out side: figures with intervals, each class, the confusion matrix, sets and baselines."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import DIAGNOSES
from training.metrics import RARE_FIRST, Answers, class_aucs, confusion, figures, rate

mpl.use("Agg")
from matplotlib import pyplot as plt


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
    """The figures of both paths side by side, as lines."""
    lines = [f"{'':44}{'fused':>24}{'image only':>24}"]
    for name in measured["fused"]["figures"]:
        cells = (measured[path]["figures"][name] for path in ("fused", "image"))
        lines.append(f"{name:44}" + "".join(f"{c['value']:9.3f} [{c['low']:.3f}, {c['high']:.3f}]" for c in cells))
    return "\n".join(lines)


def write_report(out: Path, sides: dict[str, dict[str, Any]], rows: Sequence[Sequence[object]]) -> None:
    """Write ``report.json``, ``predictions.csv`` and a confusion matrix (CSV and PNG) for each path into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(sides, indent=1))
    with (out / "predictions.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    for path in ("fused", "image"):
        matrix = np.array(sides[path]["confusion_matrix"]["p/prior"])
        with (out / f"confusion_{path}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["truth \\ p/prior", *DIAGNOSES])
            writer.writerows([code, *row] for code, row in zip(DIAGNOSES, matrix.tolist(), strict=True))
        _draw_confusion(matrix, out / f"confusion_{path}.png", f"{path}, p/prior, rows are the truth")


def _draw_confusion(matrix: NDArray[np.int64], path: Path, title: str) -> None:
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(5, 4.6), layout="constrained")
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(DIAGNOSES)), DIAGNOSES)
    axes.set_yticks(range(len(DIAGNOSES)), DIAGNOSES)
    for (i, j), count in np.ndenumerate(matrix):
        axes.text(j, i, str(count), ha="center", va="center", color="white" if share[i, j] > 0.5 else "black")
    axes.set(title=title, xlabel="predicted", ylabel="truth")
    figure.savefig(path, dpi=110)
    plt.close(figure)
