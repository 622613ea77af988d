"""Scores of a finished run by torch itself: for networks that are compared but never served."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.sides import rows_of
from training.evaluation.calibration import probabilities
from training.evaluation.fitted import Fitted, fit
from training.evaluation.judged import Judged, judged_rows
from training.evaluation.metadata import alter, path_name
from training.evaluation.predicted import Predicted, numbered
from training.fitting.forward import scored
from training.fitting.runs import Run


def score_run(run: Run, records: list[Record], pictures: Pictures, rows: list[int], *, batch: int = 32) -> Judged:
    """Prior-free scores of ``rows`` (positions in ``records`` and ``pictures``) by the averaged weights of ``run``."""
    image_parts, metadata_parts = [], []
    for scores in scored(run, records, pictures, rows, batch=batch):
        image_parts.append(scores.image.double().numpy())
        metadata_parts.append(scores.metadata.double().numpy())
    return judged_rows(
        image=np.concatenate(image_parts),
        metadata=np.concatenate(metadata_parts),
        records=[records[row] for row in rows],
    )


def calibrate(run: Run, validation: Judged) -> Fitted:
    """What the run's ``validation`` side decides, under the class frequencies of its training side."""
    return fit(validation, np.array(run.priors.true))


def predict_run(
    run: Run, records: list[Record], pictures: Pictures, *, side: str = "test", metadata: str = "kept"
) -> dict[str, Predicted]:
    """Answers of ``run`` on one side of its split by path, with all that its validation side decides.

    ``metadata`` is 'kept', 'withheld' or 'shuffled' (see ``training.evaluation.metadata``). A network without a
    metadata branch has the path 'image' alone. Raises ``DataError`` when its metadata are to be altered all the same,
    or when the split names a photograph that is not among ``records``.
    """
    validation = score_run(run, records, pictures, rows_of(run.split, records, "validation"))
    fitted = calibrate(run, validation)
    rows = rows_of(run.split, records, side)
    seen = list(records)
    for row, record in zip(rows, alter([records[row] for row in rows], metadata), strict=True):
        seen[row] = record
    judged, asked = score_run(run, seen, pictures, rows), [records[row] for row in rows]
    paths = {"image": _predicted(fitted, judged, asked, "image")}
    if not validation.image.any():
        paths = {}  # a network of metadata alone: it says nothing of the picture
    elif np.array_equal(validation.fused, validation.image):
        if metadata != "kept":
            raise DataError(f"The network of {run.path} takes no metadata: nothing can be {metadata}.")
        return paths
    # With metadata withheld a served bundle answers by the image path's temperature and sets; so does this.
    bare = Judged(fused=judged.fused, image=judged.fused, target=judged.target, lesion=judged.lesion)
    fused = _predicted(fitted, bare, asked, "image" if metadata == "withheld" else "fused")
    return {path_name(metadata): fused, **paths}


def _predicted(fitted: Fitted, judged: Judged, records: list[Record], path: str) -> Predicted:
    answers = fitted.answers(judged, path)
    return Predicted(
        images=tuple(record.image_id for record in records),
        lesions=tuple(record.lesion_id for record in records),
        answers=replace(answers, lesion=numbered([record.lesion_id for record in records])),
        uncalibrated=probabilities(answers.scores, 1.0, fitted.log_prior),
        sets=fitted.sets(answers, path),
        flagged=answers.malignancy >= fitted.threshold,
        reasons=("",) * len(records),
    )
