"""The model card, written from what was measured: no figure in it is typed by hand.

Sections follow Mitchell et al., "Model cards for model reporting" (2019).
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Sequence
from typing import Any

from inference.vocabulary import DIAGNOSIS_NAMES
from training.data import ham10000


def render(
    manifest: dict[str, Any],
    measured: dict[str, dict[str, Any]],
    *,
    runs: list[dict[str, Any]],
    limits: Sequence[str],
) -> str:
    """The card as Markdown. ``measured`` is the test report of both paths, ``runs`` a record of each member.

    ``limits`` are those of the data, see ``training.data.sources.limits_of``.
    """
    sections = [
        _intended(manifest),
        _data(manifest, measured),
        _figures(measured),
        classes(measured),
        decisions(manifest, measured),
        _made(manifest, runs),
        _limits(manifest, limits),
    ]
    return "\n\n".join([f"# {manifest['name']} {manifest['version']}", *sections]) + "\n"


def _intended(manifest: dict[str, Any]) -> str:
    return f"""A fused image-plus-metadata network for triage of dermoscopic images of pigmented skin lesions. It
orders a dermatologist's queue; it does not diagnose, and no result may reach a patient before a dermatologist has
signed. Not a medical device. Licence: {manifest["licence"]}.

**Classes**: {", ".join(f"`{code}` {name}" for code, name in DIAGNOSIS_NAMES.items())}.
Malignancy is the sum mel + bcc + akiec. Squamous cell carcinoma is not a class, nor is anything else that is not
listed: such a lesion gets the nearest of the seven or an answer that says too little."""


def _data(manifest: dict[str, Any], measured: dict[str, dict[str, Any]]) -> str:
    data, test = manifest["training_data"], measured["fused"]
    return f"""## Data
Trained from scratch on {data["n"]} images of {data["name"]} at 200×150 px, no outside images or weights.
{data["citation"]}
Licence of the data: {data["licence"]}. Split: {data["split"]}
(SHA-256 of its sides `{data["split_sha256"][:16]}…`); no such group and no near-duplicate stands on two sides.
Calibration, prediction sets and the flag threshold were fitted on the validation side. Every figure below is from
the test side: {test["n_images"]} images of {test["n_lesions"]} lesions that no fitting saw."""


def _figures(measured: dict[str, dict[str, Any]]) -> str:
    fused, image = (measured[path]["figures"] for path in ("fused", "image"))
    rows = [f"| {name} | {_cell(fused[name])} | {_cell(image[name])} |" for name in fused]
    return "\n".join(
        [
            "## Figures",
            "95 % intervals by bootstrap over lesions. The decision rule stands in brackets: *p/prior* is the",
            "arg-max of the prior-free score, for balanced diagnosis; *arg-max p* is that of the calibrated",
            "probability.",
            "",
            "| figure | fused | image only (metadata withheld) |",
            "|---|---|---|",
            *rows,
            "",
            f"Answering `nv` always would have an accuracy of {measured['fused']['majority_class_accuracy']:.3f}.",
        ]
    )


def classes(measured: dict[str, dict[str, Any]]) -> str:
    rows = [_class_row(code, row) for code, row in measured["fused"]["classes"].items()]
    return "\n".join(
        [
            "## Classes, rare first (fused)",
            "| class | test images | recall (p/prior) | AUC | in its 90 % set |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


def _class_row(code: str, row: dict[str, Any]) -> str:
    if "auc" not in row:
        return f"| {code} | 0 | – | – | – |"
    return f"| {code} | {row['n']} | {_cell(row['recall (p/prior)'])} | {row['auc']:.3f} | {row['set_coverage']:.3f} |"


def decisions(manifest: dict[str, Any], measured: dict[str, dict[str, Any]]) -> str:
    point, sets = manifest["thresholds"]["malignancy"], measured["fused"]["prediction_sets"]
    intervals = sets["intervals"]
    calibration, rate = manifest["calibration"], f"{1 - manifest['conformal']['alpha']:.0%}"
    return f"""## Decisions
- Flag from malignancy {point["threshold"]:.3f}: sensitivity {_cell(point["sensitivity"])},
  specificity {_cell(point["specificity"])}; of melanomas {_melanoma(manifest)}.
- Prediction sets: class-conditional conformal at {rate}; measured coverage {_cell(intervals["coverage"])},
  mean size {_cell(intervals["mean_size"])}. More than {manifest["thresholds"]["max_set_size"]} classes in a set count
  as "I don't know". In {sets["likeliest_outside"]:.1%} the likeliest class, then a benign one, is beyond its own limit
  and outside the set.
{_borrowing(manifest["conformal"])}- Temperatures: fused {calibration["temperature_fused"]:.3f}, \
image only {calibration["temperature_image"]:.3f}."""


def _borrowing(conformal: dict[str, Any]) -> str:
    if not conformal["borrowing"]:
        return ""
    of = ", ".join(f"{code} ({seen})" for code, seen in conformal["borrowing"].items())
    rows = f"{conformal['borrowed_photographs']:g} photographs"
    return f"""- A benign class of fewer than {conformal["few_lesions"]} validation lesions borrows {rows},
  of the other classes alike, for its limit: {of}. What conformal prediction promises does not hold for these.
  A malignant class never borrows, because a loan can take it out of sets.
"""


def _melanoma(manifest: dict[str, Any]) -> str:
    found = manifest["thresholds"].get("melanoma_sensitivity")
    return f"it flags {_cell(found)}" if found else "it is not known, for want of any, how many it flags"


def _made(manifest: dict[str, Any], runs: list[dict[str, Any]]) -> str:
    members = "\n".join(
        f"- seed {run['seed']}, stage widths {'-'.join(map(str, run['widths']))}: {run['epochs']} epochs in "
        f"{run['minutes']:.0f} minutes{_started(run)}"
        for run in runs
    )
    stored = _STORED[manifest["storage"]["convolution_kernels"]]
    by_clock = any(run["budget_minutes"] for run in runs)
    clock = (
        "The schedule followed the clock: a repeat gives a similar network, not the same weights.\n" if by_clock else ""
    )
    return f"""## How it was made
{len(runs)} ResNet-18-D member(s) whose scores are averaged, with gated additive metadata (age, sex, site; any may be
unknown):

{members}

{stored}

{clock}Weights and figures come from one command ({manifest["created"][:10]}):

    python -m training {_command(manifest, len(runs))} --version {manifest["version"]} --out DIR

The served runtime is measured file by file with `python -m training evaluate`."""


def afterwards(card: str, said: str, command: str) -> str:
    """The ``card`` with one more ``command`` at the end of how the bundle was made, below what is ``said`` of it.

    A card that somebody wrote otherwise, without limits, gets it at its end.
    """
    told = f"{said}:\n\n    python -m training {command}\n"
    if "## Limits\n" in card:
        return instead(card, "## Limits\n", f"{told}\n## Limits\n")
    return card if told.rstrip() in card else f"{card.rstrip()}\n\n{told}"


def instead(card: str, found: str, new: str) -> str:
    """The ``card`` with ``new`` in the place of ``found``, unless it has it already."""
    if new in card:
        return card
    if card.count(found) != 1:
        raise ValueError(f"The card must say {found!r} once: export the bundle again with this version.")
    return card.replace(found, new)


def _command(manifest: dict[str, Any], members: int) -> str:
    data, kernels = shlex.quote(manifest["training_data"]["name"]), manifest["storage"]["convolution_kernels"]
    if kernels == "int8":
        first = manifest["quantised_from"]["version"]
        return f"quantise --data {data} --bundle {manifest['name']}-{first} --split SPLIT --report REPORT" + (
            f" --pictures {pictures}" if (pictures := manifest["storage"].get("ranges_from_pictures")) else ""
        )
    return " ".join([f"export --data {data}", *["--run RUN"] * members, *["--half"] * (kernels == "float16")])


_STORED = {
    "float32": "All weights are stored and computed in single precision.",
    "float16": (
        "The convolution kernels are stored in half precision and computed in single; calibration and every figure\n"
        "are those of the stored weights."
    ),
    "int8": (
        "The convolutions are stored and computed in eight bits (kernels in seven, with a scale for each channel);\n"
        "heads, heat and all else behind the feature map in single precision. Calibration was fitted anew, and\n"
        "every figure is one of the eight bits."
    ),
}


def _started(run: dict[str, Any]) -> str:
    went_on = ", with the runs that it went on from" if run.get("went_on") else ""
    return went_on + (f", taught by {run['taught_by']}" if "taught_by" in run else "") + _generated(run)


def _generated(run: dict[str, Any]) -> str:
    """What generated pictures a network learned from; "no outside images" above speaks of photographs."""
    made = run.get("generated")
    if not made:
        return ""
    counted = ", ".join(f"{count} {code}" for code, count in made["images"].items())
    return (
        f", on generated pictures too ({counted}; by {', '.join(made['generators'])}; each counted as "
        f"{made['weight']:g} of a photograph, label smoothing {made['smoothing']:g}), on the training side alone"
    )


_ONE_SIDE = (
    "One 10 % test side: balanced accuracy moves by about ±6 points with the draw. Read the intervals, not the middle."
)
_SETS = (
    "The rate of the prediction sets is an aim, not a guarantee: photographs of one lesion are right or wrong "
    "together, so a class of few lesions says less than its photographs seem to."
)
_PUBLISHED = (
    "Published accuracies of 95–99 % on HAM10000 come from splits by image that share lesions between training and "
    "test; they are not comparable."
)


def _limits(manifest: dict[str, Any], of_data: Sequence[str]) -> str:
    kinds = ", ".join(manifest["input"]["image_types"])
    scope = f"Photographs that are not {kinds}, nails, mucosa and children are out of scope."
    lines = [_ONE_SIDE, *of_data, scope, _SETS]
    if manifest["training_data"]["name"] == ham10000.NAME:
        lines.append(_PUBLISHED)
    return "\n".join(["## Limits", *(textwrap.fill(f"- {line}", 116, subsequent_indent="  ") for line in lines)])


def _cell(interval: dict[str, float]) -> str:
    return f"{interval['value']:.3f} ({interval['low']:.3f}–{interval['high']:.3f})"
