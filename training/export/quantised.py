"""A bundle in eight bits: the graph rounded, all that validation decides fitted anew, the test side measured anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle, write_bundle
from inference.vocabulary import DIAGNOSES
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.sources import limits_of, named
from training.data.splits import Split
from training.evaluation.fitted import PATHS, Fitted, fit
from training.evaluation.judged import Judged
from training.evaluation.side import report
from training.export.bundle import decisions, self_check
from training.export.eight_bits import quantised
from training.export.judging import judge
from training.export.model_card import render
from training.fitting.config import Priors

_WRITTEN_ANEW = ("schema_version", "card", "files", "scope", "weights_of")


@dataclass(frozen=True)
class Held:
    """One graph's scores of the test side, and what its scores of the validation side decide."""

    fitted: Fitted
    test: Judged


def rounded(bundle: Bundle, viewed: NDArray[np.uint8], rows: Sequence[int] | NDArray[np.int64]) -> bytes:
    """The bundle's graph in eight bits; ``rows`` of ``viewed`` (N,H,W,3), training pictures, show each range."""
    mean, std = (np.array(getattr(bundle.manifest.input, key), np.float32) for key in ("mean", "std"))
    standardised = ((viewed[row].astype(np.float32) / 255 - mean) / std for row in rows)
    return quantised(bundle.model, (np.ascontiguousarray(one.transpose(2, 0, 1)[None]) for one in standardised))


def judge_sides(
    bundle: Bundle, model: bytes, records: list[Record], pictures: Pictures, rows: dict[str, list[int]]
) -> Held:
    """Run ``model`` with the bundle's heads over both held-out sides."""
    priors = priors_of(bundle)
    held = {
        side: judge(model, bundle.head, records=records, pictures=pictures, rows=rows[side], priors=priors)
        for side in ("validation", "test")
    }
    return Held(fit(held["validation"], np.array(priors.true)), held["test"])


def write_rounded(
    bundle: Bundle,
    model: bytes,
    held: Held,
    out: Path,
    *,
    version: str,
    pictures: int,
    records: list[Record],
    split: Split,
    bootstrap: int,
) -> Bundle:
    """Write ``out``: ``model`` and the bundle's heads, with what ``held`` says of them. It knows no scope yet.

    ``pictures`` is how many showed the ranges, as the manifest and the card state.
    """
    answers = {path: held.fitted.answers(held.test, path) for path in PATHS}
    measured = {
        path: report(answers[path], held.fitted.sets(answers[path], path), bootstrap=bootstrap) for path in PATHS
    }
    document = {key: value for key, value in bundle.manifest.document.items() if key not in _WRITTEN_ANEW}
    source = named(document["training_data"]["name"])
    if source is None:
        raise DataError(
            f"{bundle.path} learned from data that this version does not read; nothing can be said of them."
        )
    document |= {
        "version": version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "quantised_from": {"version": bundle.manifest.version, "sha256": bundle.sha256},
        "storage": {"convolution_kernels": "int8", "computed_in": "int8", "ranges_from_pictures": pictures},
        "self_check": self_check(model, bundle.head, bundle.manifest.metadata_encoding),
        **decisions(held.fitted, answers["fused"], source.name, split.scheme, bootstrap=bootstrap),
    }
    card = render(document, measured, runs=document["members"], limits=limits_of(source, records))
    return write_bundle(out, manifest=document, model=model, head=bundle.head, card=card)


def priors_of(bundle: Bundle) -> Priors:
    """What judging needs of a run's priors: the draw plays no part."""
    manifest = bundle.manifest
    true = tuple(manifest.calibration.log_prior[code] for code in DIAGNOSES)
    return Priors(
        mean=manifest.input.mean,
        std=manifest.input.std,
        drawn=true,
        true=true,
        age_center=manifest.metadata_encoding.age_center,
    )
