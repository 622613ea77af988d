"""The figures of an evaluation, drawn so that they read in print and in grey."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from inference.vocabulary import DIAGNOSES
from training.metrics import RARE_FIRST, Answers, Bin

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_DASHES = ("-", "--", ":", "-.", "-", "--", ":")


def draw_confusion(matrix: NDArray[np.int64], labels: tuple[str, ...], title: str) -> Figure:
    """Counts (K,K), rows are the truth; shades are shares of the row."""
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(5, 4.6), layout="constrained")
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(labels)), labels)
    for (i, j), count in np.ndenumerate(matrix):
        axes.text(j, i, str(count), ha="center", va="center", color="white" if share[i, j] > 0.5 else "black")
    axes.set(title=title, xlabel="predicted", ylabel="truth")
    return figure


def draw_roc(a: Answers) -> Figure:
    """One-versus-rest ROC of each class by its calibrated p, and of malignant against benign."""
    figure, axes = plt.subplots(figsize=(5.4, 5), layout="constrained")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, positive, score, style in _curves(a):
        false_rate, true_rate, _ = roc_curve(positive, score)
        axes.plot(false_rate, true_rate, style, label=name, linewidth=2.4 if name == "malignant" else 1.3)
    axes.set(xlabel="1 − specificity", ylabel="sensitivity", title="ROC, one class against the rest")
    axes.legend(loc="lower right")
    return figure


def draw_precision_recall(a: Answers) -> Figure:
    """Precision over recall of each class by its calibrated p, and of malignant against benign."""
    figure, axes = plt.subplots(figsize=(5.4, 5), layout="constrained")
    for name, positive, score, style in _curves(a):
        precision, recall, _ = precision_recall_curve(positive, score)
        axes.plot(recall, precision, style, label=name, linewidth=2.4 if name == "malignant" else 1.3)
    axes.set(xlabel="recall (sensitivity)", ylabel="precision", title="Precision and recall", ylim=(0, 1.02))
    axes.legend(loc="lower left")
    return figure


def _curves(a: Answers) -> list[tuple[str, NDArray[np.bool_], NDArray[np.float64], str]]:
    found = [("malignant", a.malignant, a.malignancy, "-")]
    for code, style in zip(RARE_FIRST, _DASHES, strict=True):
        k = DIAGNOSES.index(code)
        found.append((code, a.target == k, a.p[:, k], style))
    return [curve for curve in found if 0 < curve[1].sum() < len(a.target)]


def draw_reliability(panels: dict[str, dict[str, list[Bin]]]) -> Figure:
    """A panel for each title; in it a line for each state ('before', 'after') over bins of equal mass."""
    figure, axes = plt.subplots(1, len(panels), figsize=(4.6 * len(panels), 4.4), layout="constrained", squeeze=False)
    for place, (title, lines) in zip(axes[0], panels.items(), strict=True):
        _draw_panel(place, title, lines)
    return figure


def _draw_panel(axes: Axes, title: str, lines: dict[str, list[Bin]]) -> None:
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for (name, bins), style in zip(lines.items(), ("x--", "o-"), strict=False):
        axes.plot([part.said for part in bins], [part.true for part in bins], style, label=name, markersize=4)
    axes.set(title=title, xlabel="what was said", ylabel="what was so", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="upper left")
