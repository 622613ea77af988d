"""Measure a bundle as it is served: file by file, through the very runtime that a clinic's worker uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from inference.bundle import Bundle
from inference.engines import Choice
from inference.predictor import Predictor
from inference.result import Result
from inference.vocabulary import DIAGNOSES
from training.data.records import DataError, Record
from training.evaluation.calibration import probabilities
from training.evaluation.metadata import alter, path_name
from training.evaluation.predicted import Predicted, numbered
from training.metrics import Answers


def predict_served(
    bundle: Bundle,
    records: list[Record],
    images: Iterable[str],
    *,
    metadata: str = "kept",
    runtime: Choice = "auto",
) -> tuple[dict[str, Predicted], dict[str, dict[str, Any]]]:
    """Predict each of ``images`` twice, with its metadata (kept, withheld or shuffled) and from the picture alone.

    Returns the answers by path, and by path what only the runtime knows: how often it abstains and why, the share of
    heat inside the lesion that it saw, its median time, and the engine. Every picture counts in the figures, also
    those from which the bundle abstains. Raises ``DataError`` when an image is not among ``records``, or when the
    engine that ``runtime`` asks for does not answer.
    """
    wanted = set(images)
    chosen = [record for record in records if record.image_id in wanted]
    if len(chosen) != len(wanted):
        lost = sorted(wanted - {record.image_id for record in chosen})
        raise DataError(f"{len(lost)} photographs of the split are not in these data: {', '.join(lost[:3])}.")
    predictor = _opened(bundle, runtime)
    paths: dict[str, Predicted] = {}
    extras: dict[str, dict[str, Any]] = {}
    for name, how in ((path_name(metadata), metadata), ("image", "withheld")):
        results = ask(predictor, alter(chosen, how), what=name)
        paths[name] = _predicted(bundle, chosen, results)
        extras[name] = {"runtime": predictor.runtime, **_extras(results)}
    return paths, extras


def _opened(bundle: Bundle, runtime: Choice) -> Predictor:
    """Ready, on the very engine that was asked for: a worker would pass over one that does not conform."""
    predictor = Predictor(bundle, runtime=runtime)
    if runtime != "auto" and not predictor.runtime.startswith(runtime):
        raise DataError(
            f"{predictor.runtime} would answer in place of {runtime}, which is not installed (requirements/"
            f"{runtime}.txt) or does not give the answers that the bundle stores; the log says which."
        )
    return predictor


Send = Callable[[Record], bytes | Image.Image]


def whole_file(record: Record) -> bytes:
    return record.image.read_bytes()


def ask(predictor: Predictor, records: Sequence[Record], *, what: str, send: Send = whole_file) -> list[Result]:
    """A result for each record as a clinic's worker asks for it; ``send`` gives what is sent of its photograph."""
    return [predictor.predict(send(record), record.metadata) for record in tqdm(records, desc=what, unit="image")]


def answers(results: Sequence[Result], records: Sequence[Record]) -> Answers:
    """Prior-free scores and calibrated p of ``results``, in the order of ``records``."""
    return Answers(
        scores=np.array([[result.logits[code] for code in DIAGNOSES] for result in results]),
        p=np.array([[result.probabilities[code] for code in DIAGNOSES] for result in results]),
        target=np.array([DIAGNOSES.index(record.diagnosis) for record in records]),
        lesion=numbered([record.lesion_id for record in records]),
    )


def _predicted(bundle: Bundle, records: list[Record], results: list[Result]) -> Predicted:
    found = answers(results, records)
    log_prior = bundle.manifest.calibration.log_prior
    return Predicted(
        images=tuple(record.image_id for record in records),
        lesions=tuple(record.lesion_id for record in records),
        answers=found,
        uncalibrated=probabilities(found.scores, 1.0, np.array([log_prior[code] for code in DIAGNOSES])),
        sets=np.array([[code in result.prediction_set for code in DIAGNOSES] for result in results]),
        flagged=found.malignancy >= bundle.manifest.thresholds.malignancy.threshold,
        reasons=tuple(str(result.abstain_reason or "") for result in results),
    )


def _extras(results: list[Result]) -> dict[str, Any]:
    inside = [result.heat_inside_lesion for result in results if result.heat_inside_lesion is not None]
    return {
        "abstained": dict(Counter(str(result.abstain_reason) for result in results if result.abstain_reason)),
        "heat_inside_own_mask": float(np.mean(inside)) if inside else None,
        "milliseconds_median": float(np.median([result.timings["total"] for result in results])),
    }
