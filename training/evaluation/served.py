"""Measure a bundle as it is served: file by file, through the very runtime that a clinic's worker uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from inference.bundle import Bundle
from inference.metadata import Metadata
from inference.predictor import Predictor
from inference.result import Result
from inference.vocabulary import DIAGNOSES
from training.data.records import Record
from training.evaluation.side import report, write_report
from training.metrics import Answers

HEADER = ("image", "lesion", "path", "truth", "abstain_reason", "malignancy", *DIAGNOSES)


def evaluate_served(
    path: Path, records: list[Record], images: Iterable[str], out: Path, *, bootstrap: int = 1000
) -> dict[str, Any]:
    """Predict each of ``images`` twice, with and without its metadata, and write the report of both paths to ``out``.

    Every picture counts in the figures, also those from which the bundle abstains; how many that are stands beside
    them, by reason.
    """
    wanted = set(images)
    chosen = [record for record in records if record.image_id in wanted]
    predictor = Predictor(Bundle.load(path))
    measured: dict[str, Any] = {}
    rows: list[tuple[object, ...]] = [HEADER]
    for name in ("fused", "image"):
        seen = [record if name == "fused" else replace(record, metadata=Metadata()) for record in chosen]
        results = [predictor.predict(r.image.read_bytes(), r.metadata) for r in tqdm(seen, desc=name, unit="image")]
        measured[name] = _measure(chosen, results, bootstrap)
        rows += [_row(record, name, result) for record, result in zip(chosen, results, strict=True)]
    measured["bundle"] = {"name": predictor.bundle.manifest.name, "sha256": predictor.bundle.sha256}
    write_report(out, measured, rows)
    return measured


def _measure(records: list[Record], results: list[Result], bootstrap: int) -> dict[str, Any]:
    names = {lesion: i for i, lesion in enumerate(sorted({record.lesion_id for record in records}))}
    answers = Answers(
        scores=np.array([[result.logits[code] for code in DIAGNOSES] for result in results]),
        p=np.array([[result.probabilities[code] for code in DIAGNOSES] for result in results]),
        target=np.array([DIAGNOSES.index(record.diagnosis) for record in records]),
        lesion=np.array([names[record.lesion_id] for record in records]),
    )
    sets = np.array([[code in result.prediction_set for code in DIAGNOSES] for result in results])
    inside = [result.heat_inside_lesion for result in results if result.heat_inside_lesion is not None]
    return {
        **report(answers, sets, bootstrap=bootstrap),
        "abstained": dict(Counter(str(result.abstain_reason) for result in results if result.abstain_reason)),
        "heat_inside_own_mask": float(np.mean(inside)) if inside else None,
        "milliseconds_median": float(np.median([result.timings["total"] for result in results])),
    }


def _row(record: Record, path: str, result: Result) -> tuple[object, ...]:
    p = (f"{result.probabilities[code]:.6f}" for code in DIAGNOSES)
    reason = result.abstain_reason or ""
    return (record.image_id, record.lesion_id, path, record.diagnosis, reason, f"{result.malignancy:.6f}", *p)
