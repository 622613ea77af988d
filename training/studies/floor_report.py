"""The floor as a report: each model on both paths, the rules of the tree, and how much of the floor's error is left."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from inference.vocabulary import DIAGNOSES
from training.data.splits import Split
from training.metrics import BALANCED, RARE_FIRST, Answers, Interval, recalls
from training.reporting.report import Cell, Picture, Report, Table
from training.studies.floor import PATHS, TARGET_RATIO, Floor, verdict
from training.studies.floor_models import FOREST
from training.studies.measured import Found, cells, columns, measure, plain, spread, text

WORDS = {"image": "picture alone", "fused": "with age, sex, site"}
MET = {"meets": "yes", "misses": "no", "leaves undecided": "undecided"}
SHOWN = (
    BALANCED,
    "macro_auc",
    "melanoma_auc",
    "balanced_accuracy (arg-max p)",
    "macro_f1 (arg-max p)",
)
Measured = dict[str, dict[str, Found]]
COLUMNS = ("model", "reads", "numbers", *columns(SHOWN))


def build(floor: Floor, split: Split, ratios: dict[str, Interval], *, bootstrap: int) -> Report:
    """``ratios`` holds, by path, the share of the forest's errors that a network leaves; empty without one."""
    measured = {"test": _figures(floor.answers, bootstrap), "out_of_fold": _figures(floor.pooled, min(bootstrap, 200))}
    tables = [
        Table("test", "On the test side", COLUMNS, _rows(floor, measured["test"]), _NOTE),
        _class_table(floor.answers[FOREST]["fused"], bootstrap),
        Table("rules", "The tree's rules, with age, sex and site", ["rule"], [[line] for line in floor.rules], _RULES),
    ]
    if floor.pooled:
        note = "A model answers that saw no photograph of the lesion; at most 200 resamples. " + _NOTE
        tables.insert(1, Table("pooled", "Out of fold", COLUMNS, _rows(floor, measured["out_of_fold"]), note))
    if ratios:
        tables.insert(0, _ratio_table(ratios))
    values = {
        "split": {"scheme": split.scheme, "seed": split.seed, "sha256": split.digest()},
        "figures": {side: _plain(models) for side, models in measured.items()},
        "rules": floor.rules,
        "ratio (p/prior)": {path: plain(found) for path, found in ratios.items()},
        "ratio_target": TARGET_RATIO,
    }
    best = measured["test"][FOREST]
    lead = (
        f"Without any network {FOREST} reaches a balanced accuracy (p/prior) of {text(best['image'][BALANCED])} from "
        f"the picture and {text(best['fused'][BALANCED])} with age, sex and site. A network must start above that."
    )
    return Report(
        "The floor without a network",
        " ".join([lead, *(_sentence(path, interval) for path, interval in ratios.items())]),
        [*tables, Picture("floor", "Balanced accuracy (p/prior)", _CAPTION, _draw(measured["test"]))],
        values,
        limits=_LIMITS,
    )


_NOTE = "Low and high: 95 % interval by bootstrap over lesions. The decision rule stands in the column's name."
_RULES = "Classes weigh the same while it grows, so the class of a leaf is the p/prior decision."
_CAPTION = "Each model on both paths; lines are 95 % intervals over lesions, the dotted line is guessing (1/7)."
_LIMITS = (
    "The numbers are read from HAM10000's centred pictures; a lesion off the centre would be described worse.",
    "The tree finds the lesion by Otsu's threshold, which fails on pale lesions and dark corners.",
    "The forest's few settings were tried on held-out pictures of this release, so its figures are a little kind.",
)


def _figures(answers: dict[str, dict[str, Answers]], bootstrap: int) -> Measured:
    return {
        model: {path: measure(by_path[path], SHOWN, bootstrap=bootstrap) for path in PATHS}
        for model, by_path in answers.items()
    }


def _rows(floor: Floor, measured: Measured) -> list[list[Cell]]:
    return [
        [model, WORDS[path], floor.sizes[model][path], *cells(by_path[path])]
        for model, by_path in measured.items()
        for path in PATHS
    ]


def _class_table(answers: Answers, bootstrap: int) -> Table:
    found = recalls(answers, "p/prior", bootstrap=bootstrap)
    rows: list[list[Cell]] = [
        [code, int((answers.target == DIAGNOSES.index(code)).sum()), *asdict(found[code]).values()]
        for code in RARE_FIRST
        if code in found
    ]
    columns = ["class", "n", "recall (p/prior)", "recall (p/prior) low", "recall (p/prior) high"]
    return Table("classes", f"By class, {FOREST} with age, sex, site", columns, rows, _NOTE)


def _ratio_table(ratios: dict[str, Interval]) -> Table:
    rows: list[list[Cell]] = [
        [WORDS[path], *asdict(found).values(), TARGET_RATIO, MET[verdict(found)]] for path, found in ratios.items()
    ]
    columns = ["reads", "errors left (p/prior)", "low", "high", "at most", "met"]
    note = "(1 - balanced accuracy of the network) / (1 - that of the forest) on the same pictures; paired bootstrap. "
    note += "Met only where the whole interval is; undecided where it holds the target."
    return Table("ratio", "What the network leaves of the floor's errors", columns, rows, note)


def _sentence(path: str, found: Interval) -> str:
    return (
        f"The network leaves {text(found)} of its errors ({WORDS[path]}), which {verdict(found)} the target of at most "
        f"{TARGET_RATIO}."
    )


def _plain(measured: Measured) -> dict[str, Any]:
    return {
        model: {path: {name: plain(found) for name, found in by_name.items()} for path, by_name in by_path.items()}
        for model, by_path in measured.items()
    }


def _draw(measured: Measured) -> Figure:
    drawing, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    labels = [f"{model}, {WORDS[path]}" for model in measured for path in PATHS][::-1]
    found = [measured[model][path][BALANCED] for model in measured for path in PATHS][::-1]
    values = [interval.value for interval in found]
    axes.errorbar(values, labels, xerr=spread(found), fmt="o", color="#1f4e79", capsize=3)
    axes.axvline(1 / len(DIAGNOSES), linestyle=":", color="#5b6570")
    axes.set(xlabel=BALANCED, xlim=(0, 1))
    return drawing
