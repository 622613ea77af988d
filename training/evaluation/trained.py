"""Scores of a finished run by torch itself: for networks that are compared but never served."""

from __future__ import annotations

import numpy as np
import torch
from tqdm import tqdm

from training.data.pictures import Pictures
from training.data.presets import Recipe
from training.data.records import Record
from training.data.resizing import resized
from training.evaluation.judged import Judged, judged_rows
from training.fitting.runs import Run
from training.fitting.sampling import encode


def score_run(run: Run, records: list[Record], pictures: Pictures, rows: list[int], *, batch: int = 32) -> Judged:
    """Prior-free scores of ``rows`` (positions in ``records`` and ``pictures``) by the averaged weights of ``run``."""
    pictures.require(Recipe.of(run.config))
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (run.priors.mean, run.priors.std))
    metadata = encode(records)
    image_parts, metadata_parts = [], []
    with torch.inference_mode():
        for start in tqdm(range(0, len(rows), batch), desc="scoring", unit="batch"):
            chosen = rows[start : start + batch]
            viewed = torch.from_numpy(pictures.viewed[chosen]).permute(0, 3, 1, 2)
            pixels = resized(viewed, run.network_config.input_size).float() / 255
            scores = run.network((pixels - mean) / std, metadata[chosen])
            image_parts.append(scores.image.double().numpy())
            metadata_parts.append(scores.metadata.double().numpy())
    return judged_rows(
        image=np.concatenate(image_parts),
        metadata=np.concatenate(metadata_parts),
        records=[records[row] for row in rows],
    )
