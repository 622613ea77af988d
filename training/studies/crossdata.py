"""What is left of a network's figures on pictures from elsewhere, beside those at home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from inference.vocabulary import DIAGNOSES
from training.metrics import BALANCED, FIGURES, RARE_FIRST, Answers, Interval, interval, recalls, resamples
from training.reporting.report import Cell, Picture, Report, Table
from training.studies.measured import cells, columns, measure, plain, spread, text

SHOWN = (
    BALANCED,
    "balanced_accuracy (arg-max p)",
    "macro_f1 (arg-max p)",
    "accuracy (arg-max p)",
    "macro_auc",
    "melanoma_auc",
    "expected_calibration_error",
    "brier_score",
)
WORSE_WHEN_HIGHER = ("expected_calibration_error", "brier_score")
CROSS_FITTED = "each lesion's fitted on the others of the validation side"
_WATCHED = (
    "Home is the validation side, its temperatures fitted without the lesion that they judge; but training watched "
    "that side: what was kept or chosen by it makes home a little too good, and the fall a little too large."
)
_PRIOR = "The probabilities away keep the prior of home, as they would on the first day there."
Places = dict[str, dict[str, Answers]]  # [home or away][path]


def fall(name: str, home: Answers, away: Answers, *, bootstrap: int) -> Interval:
    """How much worse ``name`` is away than at home; each side draws its own lesions, for they share none."""
    sign = -1 if name in WORSE_WHEN_HIGHER else 1
    of: Callable[[Answers], float] = FIGURES[name]
    draws = zip(resamples(home.lesion, bootstrap, 0), resamples(away.lesion, bootstrap, 1), strict=True)
    found = [sign * (of(home.take(here)) - of(away.take(there))) for here, there in draws]
    return interval(sign * (of(home) - of(away)), found)


def build(places: Places, names: dict[str, str], values: dict[str, Any], *, bootstrap: int) -> Report:
    """``names`` says in words what home and away are; ``values`` what was measured and how it was made."""
    parts: list[Table | Picture] = []
    measured: dict[str, Any] = {}
    said = []
    for path in places["home"]:
        home, away = places["home"][path], places["away"][path]
        found = {where: measure(places[where][path], SHOWN, bootstrap=bootstrap) for where in ("home", "away")}
        falls = {name: fall(name, home, away, bootstrap=bootstrap) for name in SHOWN}
        rows: list[list[Cell]] = [
            [
                name,
                *(cell for where in found for cell in cells({name: found[where][name]})),
                *cells({name: falls[name]}),
            ]
            for name in SHOWN
        ]
        title = f"Path {path}: {names['home']} and {names['away']}"
        parts.append(Table(f"figures_{path}", title, ["figure", *columns(("home", "away", "worse by"))], rows, _NOTE))
        parts.append(_class_table(path, home, away, bootstrap))
        parts.append(Picture(f"figures_{path}", f"Path {path}", _CAPTION, _draw(found)))
        measured[path] = {
            **{where: {name: plain(one) for name, one in found[where].items()} for where in found},
            "worse_by": {name: plain(one) for name, one in falls.items()},
        }
        said.append(_sentence(path, falls))
    lead = f"Home is {names['home']}, away is {names['away']}. " + " ".join(said)
    counts = {where: _counts(places[where]) for where in places}
    flattered = [_WATCHED] if values.get("home_temperature") == CROSS_FITTED else []
    limits = [*_missing(counts), *flattered, _PRIOR]
    return Report("Away from home", lead, parts, {**values, "names": names, "n": counts, "paths": measured}, limits)


_NOTE = (
    "Worse by: home less away, for calibration error and Brier score away less home. Low and high: 95 % interval by "
    "bootstrap over lesions, each side on its own. Each figure's decision rule stands in its name."
)
_CAPTION = "Home and away with 95 % intervals over lesions."


def _sentence(path: str, falls: dict[str, Interval]) -> str:
    return (
        f"On the path {path} balanced accuracy (p/prior) falls by {text(falls[BALANCED])} and the calibration error "
        f"grows by {text(falls['expected_calibration_error'])}."
    )


def _class_table(path: str, home: Answers, away: Answers, bootstrap: int) -> Table:
    sides = [(a, recalls(a, "p/prior", bootstrap=bootstrap)) for a in (home, away)]
    rows: list[list[Cell]] = []
    for code in RARE_FIRST:
        row: list[Cell] = [code]
        for a, found in sides:
            row.append(int((a.target == DIAGNOSES.index(code)).sum()))
            row += cells({code: found[code]}) if code in found else [None] * 3
        rows.append(row)
    recall = [f"{where} {what}" for where in ("home", "away") for what in ("n", *columns(("recall (p/prior)",)))]
    return Table(f"classes_{path}", f"By class, path {path}", ["class", *recall], rows)


def _counts(by_path: dict[str, Answers]) -> dict[str, int]:
    a = next(iter(by_path.values()))
    found = Counter(DIAGNOSES[k] for k in a.target)
    return {"images": len(a.target), "lesions": len(np.unique(a.lesion)), **{code: found[code] for code in RARE_FIRST}}


def _missing(counts: dict[str, dict[str, int]]) -> list[str]:
    lacking = {where: [code for code in RARE_FIRST if not found[code]] for where, found in counts.items()}
    return [
        f"There is no {', '.join(codes)} {'at home' if where == 'home' else 'away'}, so its mean recall is over "
        "fewer classes and the two are not quite one figure."
        for where, codes in lacking.items()
        if codes
    ]


def _draw(found: dict[str, dict[str, Interval]]) -> Figure:
    drawing, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for shift, (where, by_name) in enumerate(found.items()):
        places = np.arange(len(SHOWN)) + 0.2 * shift
        own = [by_name[name] for name in SHOWN]
        axes.errorbar([one.value for one in own], places, xerr=spread(own), fmt="o", capsize=3, label=where)
    axes.set_yticks(np.arange(len(SHOWN)) + 0.1, SHOWN)
    axes.invert_yaxis()
    axes.legend(frameon=False)
    return drawing
