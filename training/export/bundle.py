"""From finished runs to a served bundle: join, calibrate on validation, measure on test, write weights with meaning."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle, write_bundle
from inference.conformance import seeded_logits
from inference.head import Head
from inference.metadata import MetadataEncoding
from inference.vocabulary import DIAGNOSES
from training.data.pictures import VIEWED, Pictures
from training.data.records import Record
from training.data.sides import rows_of
from training.data.sources import SOURCES, Source, limits_of
from training.evaluation.calibration import FEW_LESIONS
from training.evaluation.fitted import ALPHA, PATHS, RULE, Fitted, fit
from training.evaluation.side import report
from training.export.judging import judge
from training.export.members import Ensemble, check_same_data, joint_head, servable, to_onnx
from training.export.model_card import render
from training.export.storage import halved
from training.fitting.runs import Run
from training.metrics import Answers, rate

MAX_SET_SIZE = 4  # a set of more than half of the classes tells a reader nothing


def export(
    runs: list[Run],
    records: list[Record],
    pictures: Pictures,
    out: Path,
    *,
    name: str,
    version: str,
    bootstrap: int,
    half: bool = False,
) -> tuple[Bundle, dict[str, Any]]:
    """Write the bundle ``out`` and return it with the report of its test side, which its card quotes.

    ``half`` stores the kernels in half precision; every figure is then one of the stored weights.
    """
    check_same_data(runs)
    networks, split, priors = servable(runs), runs[0].split, runs[0].priors
    model, head = to_onnx(Ensemble(networks), *VIEWED), joint_head(networks)
    if half:
        model = halved(model)
    side = {
        key: judge(
            model,
            head,
            records=records,
            pictures=pictures,
            rows=rows_of(split, records, key),
            priors=priors,
        )
        for key in ("validation", "test")
    }
    fitted = fit(side["validation"], np.array(priors.true))
    answers = {path: fitted.answers(side["test"], path) for path in PATHS}
    measured = {path: report(answers[path], fitted.sets(answers[path], path), bootstrap=bootstrap) for path in PATHS}
    manifest = _manifest(runs, fitted, answers["fused"], name=name, version=version, bootstrap=bootstrap)
    manifest["storage"] = {"convolution_kernels": "float16" if half else "float32", "computed_in": "float32"}
    manifest["self_check"] = self_check(model, head, priors.encoding)
    card = render(manifest, measured, runs=manifest["members"], limits=limits_of(_source(runs), records))
    return write_bundle(out, manifest=manifest, model=model, head=head, card=card), measured


def _manifest(
    runs: list[Run], fitted: Fitted, test: Answers, *, name: str, version: str, bootstrap: int
) -> dict[str, Any]:
    split, priors = runs[0].split, runs[0].priors
    source = _source(runs)
    return {
        "name": name,
        "version": version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "labels": list(DIAGNOSES),
        "input": {
            "height": VIEWED[0],
            "width": VIEWED[1],
            "mean": list(priors.mean),
            "std": list(priors.std),
            "interpolation": "bilinear",
            "aspect_policy": "rotate-portrait, centre-crop",
            "image_types": list(source.image_types),
        },
        "metadata_encoding": priors.encoding.to_dict(),
        **decisions(fitted, test, source.name, split.scheme, bootstrap=bootstrap),
        "training_data": {
            "name": source.name,
            "citation": source.citation,
            "licence": source.licence,
            "split": f"{split.scheme}, seed {split.seed}",
            "split_sha256": split.digest(),
            "n": len(split.train),
            # Named, so that a demonstration can keep to pictures that the network has not learned.
            "test_images": list(split.test),
        },
        "licence": source.terms,
        "members": [_member(run) for run in runs],
    }


def decisions(fitted: Fitted, test: Answers, name: str, scheme: str, *, bootstrap: int) -> dict[str, Any]:
    """The manifest's sections about what validation decided and what it comes to on the fused answers to the test side.

    ``name`` is that of the data set, ``scheme`` that of the split.
    """
    return {
        "calibration": {
            "fitted_on": "validation side of the split",
            "temperature_fused": fitted.temperature["fused"],
            "temperature_image": fitted.temperature["image"],
            "log_prior": _by_code(fitted.log_prior),
        },
        "thresholds": _thresholds(fitted, test, name, scheme, bootstrap),
        "conformal": conformal_section(fitted),
    }


def conformal_section(fitted: Fitted) -> dict[str, Any]:
    """The manifest's section about prediction sets: their rule, and how the limit of each class was found."""
    return {
        "alpha": ALPHA,
        "rule": RULE,
        "few_lesions": FEW_LESIONS,
        "borrowed_photographs": fitted.borrowed,
        "borrowing": fitted.borrowing,
        "quantiles": {path: _by_code(fitted.quantiles[path]) for path in PATHS},
    }


def _source(runs: list[Run]) -> Source:
    return SOURCES[runs[0].config.get("source", "ham10000")]  # older records name none


def _member(run: Run) -> dict[str, Any]:
    epochs, minutes = run.whole_cost
    cost = {"epochs": epochs, "minutes": minutes, "budget_minutes": run.config["budget_minutes"]}
    went_on = {"went_on": True} if run.config.get("start") else {}
    taught = run.config.get("distillation", {})
    taught_by = {"taught_by": f"{len(names)} {taught['how']}"} if (names := taught.get("teachers")) else {}
    made = {"widths": run.config["network"]["widths"], "blocks": run.config["network"]["blocks"]}
    joined = {"generated": found} if (found := run.config.get("generated")) else {}
    return {"seed": run.config["seed"], **made, **cost, **went_on, **taught_by, **joined}


def _thresholds(fitted: Fitted, test: Answers, name: str, scheme: str, bootstrap: int) -> dict[str, Any]:
    grid = (0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    return {
        "split": f"{name} test side, {scheme}; the flag threshold was chosen on the validation side",
        "n_images": len(test.target),
        "malignancy": _operating_point(test, fitted.threshold, bootstrap),
        # A clinic refuses a bundle that does not state it, so it is left out where there was no melanoma to find.
        **_melanoma_sensitivity(test, fitted.threshold, bootstrap),
        "operating_points": [_operating_point(test, threshold, bootstrap) for threshold in grid],
        "max_set_size": MAX_SET_SIZE,
    }


def _melanoma_sensitivity(test: Answers, threshold: float, bootstrap: int) -> dict[str, Any]:
    if not test.melanoma.any():
        return {}
    flagged = test.malignancy[test.melanoma] >= threshold
    return {"melanoma_sensitivity": asdict(rate(flagged, test.lesion[test.melanoma], bootstrap=bootstrap))}


def _operating_point(test: Answers, threshold: float, bootstrap: int) -> dict[str, Any]:
    flagged, sick = test.malignancy >= threshold, test.malignant
    return {
        "threshold": threshold,
        "sensitivity": asdict(rate(flagged[sick], test.lesion[sick], bootstrap=bootstrap)),
        "specificity": asdict(rate(~flagged[~sick], test.lesion[~sick], bootstrap=bootstrap)),
    }


def _by_code(values: NDArray[np.float64]) -> dict[str, float]:
    return {code: float(value) for code, value in zip(DIAGNOSES, values, strict=True)}


def self_check(model: bytes, head: Head, encoding: MetadataEncoding) -> list[dict[str, Any]]:
    """The manifest's stored answers, of pictures that are made from a seed."""
    wanted = [(1, {}), (2, {"age": 70.0, "sex": "male", "localization": "back"})]
    return [
        {"seed": seed, "metadata": known, "logits": seeded_logits(model, head, seed, known, encoding=encoding)}
        for seed, known in wanted
    ]
