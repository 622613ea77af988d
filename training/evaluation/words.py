"""The first page in words: what the network does well, and what it does badly.

Each sentence is decided by a figure and a bound that stands here, so that no report praises by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from inference.vocabulary import DIAGNOSES, DIAGNOSIS_NAMES
from training.evaluation.missed import called_benign, not_flagged
from training.evaluation.predicted import Predicted
from training.metrics import RARE_FIRST, Interval, confusion, rate

# The floors that this project set for a network trained from scratch on a split by lesion.
FLOORS: dict[str, tuple[float, str]] = {
    "balanced_accuracy (p/prior)": (0.68, "Over the seven diagnoses it names the right one at a mean rate of"),
    "macro_auc": (0.945, "It ranks each diagnosis above the others with a mean AUC of"),
    "melanoma_auc": (0.90, "It ranks melanoma above all else with an AUC of"),
    "melanoma_sensitivity_at_95_specificity": (0.45, "Where 95 % of the rest are left alone, it finds of melanomas"),
    "malignant_sensitivity_at_85_specificity": (0.82, "Where 85 % of the benign are left alone, it finds of malignant"),
}
LARGEST_CALIBRATION_ERROR = 0.03
NAMED_WELL, NAMED_BADLY = 0.7, 0.5
FEW_LESIONS = 30  # below it an interval spans a third of the scale and more


@dataclass
class Verdict:
    """Sentences for a page that a clinician reads."""

    lead: str
    well: list[str]
    badly: list[str]
    unsure: list[str]  # of too few lesions to be called either


def verdict(
    name: str, predicted: Predicted, side: Mapping[str, Any], groups: Mapping[str, Any], *, bootstrap: int
) -> Verdict:
    """What the figures ``side`` of one path and its subgroups ``groups`` come to."""
    made = Verdict(_lead(name, predicted, bootstrap), [], [], [])
    _judge_classes(made, predicted, side["classes"])
    _judge_figures(made, side["figures"])
    _judge_missed(made, predicted)
    _judge_groups(made, groups)
    return made


def percent(found: Interval | Mapping[str, float]) -> str:
    """Such as '84 % (interval 79–88 %)'."""
    value, low, high = (found.value, found.low, found.high) if isinstance(found, Interval) else found.values()
    return f"{value:.0%} (interval {low * 100:.0f}–{high:.0%})".replace("%", " %")


def _lead(name: str, predicted: Predicted, bootstrap: int) -> str:
    a, flagged = predicted.answers, predicted.flagged
    sick = a.malignant
    found = percent(rate(flagged[sick], a.lesion[sick], bootstrap=bootstrap)) if sick.any() else "none (of none)"
    spared = percent(rate(~flagged[~sick], a.lesion[~sick], bootstrap=bootstrap)) if (~sick).any() else "none (of none)"
    return (
        f"{name} was shown {len(predicted):,} photographs of {len(np.unique(a.lesion)):,} lesions; it had learned from "
        "none of these photographs. "
        f"At its flag threshold it flagged {found} of the photographs of malignant lesions and left alone {spared} of "
        "those of benign ones."
    )


def _judge_classes(made: Verdict, predicted: Predicted, classes: Mapping[str, Any]) -> None:
    a = predicted.answers
    counts = confusion(a.target, a.guess("p/prior"))
    for code in RARE_FIRST:
        k, row = DIAGNOSES.index(code), classes[code]
        if not row["n"]:
            made.unsure.append(f"{_spoken(code)}: there was no photograph, so nothing is known about it.")
            continue
        recall, lesions = row["recall (p/prior)"], len(np.unique(a.lesion[a.target == k]))
        sentence = (
            f"{_spoken(code)}: {counts[k, k]} of {row['n']} photographs named rightly (p/prior), {percent(recall)}"
        )
        others = counts[k] * (np.arange(len(DIAGNOSES)) != k)
        if others.any():
            sentence += f"; most often taken for {DIAGNOSES[others.argmax()]} ({others.max()})"
        if lesions < FEW_LESIONS:
            made.unsure.append(f"{sentence}. These were {lesions} lesions.")
        elif recall["value"] >= NAMED_WELL:
            made.well.append(f"{sentence}.")
        elif recall["value"] < NAMED_BADLY:
            made.badly.append(f"{sentence}.")


def _judge_figures(made: Verdict, figures: Mapping[str, Mapping[str, float]]) -> None:
    for name, (floor, words) in FLOORS.items():
        found = figures[name]
        if np.isnan(found["value"]):
            continue  # no such lesion, or no other: nothing is known
        reached = found["value"] >= floor
        sentence = f"{words} {percent(found) if 'auc' not in name else _plain(found)}"
        bound = f"{floor:.0%}".replace("%", " %") if "auc" not in name else f"{floor:.3f}"
        (made.well if reached else made.badly).append(f"{sentence}; the least that we ask for is {bound}.")
    error = figures["expected_calibration_error"]
    good = error["value"] <= LARGEST_CALIBRATION_ERROR
    (made.well if good else made.badly).append(
        f"Its probabilities are off by {_plain(error)} on average (arg-max p); the most that we accept is "
        f"{LARGEST_CALIBRATION_ERROR:.3f}."
    )


def _judge_missed(made: Verdict, predicted: Predicted) -> None:
    total, quiet = int(predicted.answers.malignant.sum()), int(not_flagged(predicted).sum())
    named = int(called_benign(predicted, "p/prior").sum())
    if quiet or named:
        made.badly.append(
            f"Of {total} photographs of malignant lesions, {quiet} were not flagged and {named} were given the name of "
            "a benign lesion (p/prior). Each is shown below."
        )
    elif total:
        made.well.append(f"All {total} photographs of malignant lesions were flagged and named as malignant (p/prior).")


def _judge_groups(made: Verdict, groups: Mapping[str, Any]) -> None:
    figure = "malignant_sensitivity (flag)"
    for grouping, members in groups.items():
        counted = {name: row for name, row in members.items() if row["n_malignant_lesions"] >= FEW_LESIONS}
        if len(counted) < 2:
            continue
        worst = min(counted, key=lambda name: counted[name][figure]["value"])
        best = max(counted, key=lambda name: counted[name][figure]["value"])
        if counted[worst][figure]["high"] < counted[best][figure]["low"]:
            made.badly.append(
                f"By {grouping}: it flags {percent(counted[worst][figure])} of malignant photographs in {worst!r}, but "
                f"{percent(counted[best][figure])} in {best!r}."
            )


def _spoken(code: str) -> str:
    return f"{DIAGNOSIS_NAMES[code]} ({code})"


def _plain(found: Mapping[str, float]) -> str:
    return f"{found['value']:.3f} (interval {found['low']:.3f}–{found['high']:.3f})"
