"""A bundle learns what it has never seen: where its training pictures lie, a limit, and the card's words about both."""

from __future__ import annotations

import math
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle, write_bundle
from inference.head import Head
from inference.manifest import ScopeSection, Spread
from inference.scope import FeatureSpace, ScopeReport, energy, judge_scope
from training.export.model_card import afterwards

AXES = 64
REFUSED = 0.005  # share of the validation side that the limit gives up: other probes than the measured ones allow it
_WRITTEN_ANEW = ("schema_version", "card", "files", "scope")
_CARD_TITLE = "## Out of scope"
_PROMISE = "Every figure below is from"  # of the card, which goes on "… that no fitting saw"

Floats = NDArray[np.float32]


def fit_space(embeddings: Floats, axes: int = AXES) -> FeatureSpace:
    """Probabilistic principal components of the training side's embeddings (N,C); fewer ``axes`` where N is small."""
    mean = embeddings.mean(axis=0, dtype=np.float64)
    _, values, rows = np.linalg.svd(embeddings - mean, full_matrices=False)
    axes = min(axes, len(values) - 1)
    variances = values**2 / len(embeddings)
    rest = max(float(variances[axes:].sum()) / (embeddings.shape[1] - axes), 1e-12)
    deviation = np.sqrt(np.maximum(variances[:axes], rest))  # no axis is narrower than what is left over
    found = FeatureSpace(*(np.asarray(part, np.float32) for part in (mean, rows[:axes], deviation, [rest])))
    return FeatureSpace.read(found.pack())  # what is fitted next sees the axes as they are stored


def fit_section(space: FeatureSpace, head: Head, embeddings: Floats, refused: float = REFUSED) -> ScopeSection:
    """Spreads and limit from the validation side (N,C): at most ``refused`` of it lies above the limit."""
    distances = _spread([math.log(space.distance(row)) for row in embeddings])
    energies = _spread([energy(head.image_logits(row)) for row in embeddings])
    section = ScopeSection(0.0, distances, energies)
    scores = np.sort([report.score for report in judged(space, section, head, embeddings)])
    return ScopeSection(float(scores[math.ceil((1 - refused) * len(scores)) - 1]), distances, energies)


def judged(space: FeatureSpace, section: ScopeSection, head: Head, embeddings: Floats) -> list[ScopeReport]:
    """How foreign each of N pictures is, from their embeddings (N,C)."""
    return [judge_scope(space, section, row, head.image_logits(row)) for row in embeddings]


def _spread(values: list[float]) -> Spread:
    return Spread(float(np.mean(values)), max(float(np.std(values)), 1e-6))


def with_scope(
    bundle: Bundle, out: Path, *, version: str, space: FeatureSpace, section: ScopeSection, measured: dict[str, Any]
) -> Bundle:
    """Write ``bundle`` again as ``out``: the same graph and heads, to the bit, with a scope and a card that says so."""
    document = {key: value for key, value in bundle.manifest.document.items() if key not in _WRITTEN_ANEW}
    document |= {"version": version, "created": datetime.now(UTC).isoformat(timespec="seconds")}
    document["weights_of"] = weights_of(bundle)
    document["scope"] = {
        "limit": section.limit,
        "log_distance": vars(section.log_distance),
        "energy": vars(section.energy),
        "axes": len(space.basis),
        "fitted_on": measured["fitted_on"],
    }
    card = (bundle.path / bundle.manifest.card).read_text()
    name, old = bundle.manifest.name, bundle.manifest.version
    card = _without(card.replace(f"# {name} {old}\n", f"# {name} {version}\n", 1), _CARD_TITLE)
    card = card.replace(_PROMISE, 'Every figure below (but see "Out of scope" for how its limit was chosen) is from', 1)
    card = card.replace("## How it was made", f"{_words(measured)}\n\n## How it was made", 1)
    card = told_how(card, document, of=document["weights_of"]["version"])
    return write_bundle(out, manifest=document, model=bundle.model, head=bundle.head, card=card, space=space)


def told_how(card: str, document: dict[str, Any], *, of: str) -> str:
    """The ``card`` with the command that made the bundle of ``document`` from version ``of``."""
    name, version = document["name"], document["version"]
    data = shlex.quote(document["training_data"]["name"])
    command = f"scope --data {data} --bundle {name}-{of} --split SPLIT --report REPORT --version {version} --out DIR"
    return afterwards(card, f"The scope was fitted for {version}", command)


def weights_of(bundle: Bundle) -> dict[str, str]:
    """Version and date of the bundle that was the first to have these weights."""
    first = {"version": bundle.manifest.version, "created": bundle.manifest.created}
    found: dict[str, str] = bundle.manifest.document.get("weights_of", first)
    return found


def area(auroc: float) -> str:
    """An area under the ROC in three digits; what they would round to 1 is not told as perfect."""
    return "> .999" if auroc >= 0.9995 else f"{auroc:.3f}"


def counted(row: dict[str, Any]) -> str:
    """Refused of all, as a count: the share of many may round to all of them."""
    return f"{round(row['refused'] * row['n'])} of {row['n']}"


def _without(card: str, title: str) -> str:
    """The card without the section ``title``, which an earlier bundle may have had."""
    before, found, rest = card.partition(f"{title}\n")
    return before + "## " + rest.partition("\n## ")[2] if found else card


def _words(measured: dict[str, Any]) -> str:
    families = ",\n  ".join(f"{name} {counted(row)}" for name, row in measured["probes"].items())
    chosen = "\n".join(f"- {sentence}" for sentence in measured["chosen"])
    test, curve = measured["test"], measured["selective_risk"]
    points = "\n".join(f"| {point['coverage']:.0%} | {point['risk']:.3f} |" for point in curve)
    return f"""{_CARD_TITLE}
A picture gets no answer when its score (distance of its features from the training pictures', and energy of its
logits) lies above {measured["limit"]:.2f}.
Fitted on {measured["fitted_on"]}.

- Of {test["n"]} test images {test["out_of_scope"]:.1%} are out of scope and {test["low_quality"]:.1%} below the quality
  gate; {test["refused"]:.1%} are refused by one or the other.
- Area under the ROC of the score, test images against probes: {area(measured["auroc"])}. Probes refused with a reason:
  {families}.
{chosen}
- The photographs among the probes are windows of only three (a temple, a flower, a portrait); everything else is drawn
  or computed. Clinical close-ups, mucosa, nails and animals were not at hand: nothing is known about them.
- Graph and heads are those of {measured["weights_of"]}, to the bit; so are all figures above.

Selective risk: the share of wrong answers (arg-max p, fused) among the test images that are answered when the least
certain ones are left out.

| answered | wrong |
|---|---|
{points}"""
