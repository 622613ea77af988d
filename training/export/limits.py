"""A bundle whose prediction sets were fitted anew: the same graph, heads and scope, temperatures and flag threshold."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from inference.bundle import Bundle, write_bundle
from inference.vocabulary import DIAGNOSES
from training.evaluation.fitted import PATHS, Fitted, fit_sets
from training.evaluation.judged import Judged
from training.evaluation.side import report
from training.export import model_card
from training.export.bundle import conformal_section
from training.export.model_card import afterwards, instead
from training.export.scope import told_how, weights_of

_WRITTEN_ANEW = ("schema_version", "card", "files")
_ONE_COMMAND = "Bundle and figures come from one command"  # of a card from before there were others
_SCOPE = "python -m training scope "
_SAME_FIGURES = "so are all figures above"  # of the card, which says so of a bundle that was given a scope


def fit_limits(bundle: Bundle, validation: Judged, *, borrowed: float) -> Fitted:
    """The bundle's own temperatures and flag threshold, with limits fitted on the ``validation`` side.

    A benign class of few lesions borrows ``borrowed`` rows for its limit.
    """
    calibration = bundle.manifest.calibration
    return fit_sets(
        validation,
        np.array([calibration.log_prior[code] for code in DIAGNOSES]),
        {"fused": calibration.temperature_fused, "image": calibration.temperature_image},
        bundle.manifest.thresholds.malignancy.threshold,
        borrowed=borrowed,
    )


def measured_sets(fitted: Fitted, test: Judged, *, bootstrap: int) -> dict[str, dict[str, Any]]:
    """The report of the test side by path."""
    answers = {path: fitted.answers(test, path) for path in PATHS}
    return {path: report(answers[path], fitted.sets(answers[path], path), bootstrap=bootstrap) for path in PATHS}


def with_limits(
    bundle: Bundle, out: Path, *, version: str, fitted: Fitted, measured: dict[str, dict[str, Any]]
) -> Bundle:
    """Write ``bundle`` again as ``out`` with the limits of ``fitted`` and a card that says what they come to."""
    document = {key: value for key, value in bundle.manifest.document.items() if key not in _WRITTEN_ANEW}
    document |= {
        "version": version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "weights_of": weights_of(bundle),
        "conformal": conformal_section(fitted),
    }
    card = (bundle.path / bundle.manifest.card).read_text()
    card = _card(card, bundle, document, measured)
    return write_bundle(out, manifest=document, model=bundle.model, head=bundle.head, card=card, space=bundle.space)


def _card(card: str, bundle: Bundle, document: dict[str, Any], measured: dict[str, dict[str, Any]]) -> str:
    """The ``card`` of ``bundle`` with what ``document`` and ``measured`` say of the new sets."""
    name, old, version = bundle.manifest.name, bundle.manifest.version, document["version"]
    card = instead(card, f"# {name} {old}\n", f"# {name} {version}\n")
    card = _with_section(card, model_card.classes(measured))
    card = _with_section(card, model_card.decisions(document, measured))
    card = instead(card, _ONE_COMMAND, "Weights and figures come from one command")
    if bundle.space is not None:
        card = instead(card, f"{_SAME_FIGURES}.", f"{_SAME_FIGURES} but those of the prediction sets.")
        card = (
            card if _SCOPE in card else told_how(card, dict(bundle.manifest.document), of=weights_of(bundle)["version"])
        )
    said = f"Prediction sets were fitted anew for {version}, on the validation side; all else is that of {old}"
    data = shlex.quote(document["training_data"]["name"])
    command = f"limits --data {data} --bundle {name}-{old} --split SPLIT --version {version} --out DIR"
    return afterwards(card, said, command)


def _with_section(card: str, section: str) -> str:
    """The card with ``section`` in the place of the one that has its title."""
    title = section.partition("\n")[0]
    before, found, rest = card.partition(f"{title}\n")
    if not found:
        raise ValueError(f"The card has no section {title!r}: export the bundle again with this version.")
    after = rest.partition("\n## ")[2]
    return f"{before}{section}\n\n## {after}"
