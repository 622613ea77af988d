"""Scores of held-out pictures by the exported graph and head, in batches: what calibration is fitted on."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tqdm import tqdm

from inference.head import Head
from training.data.pictures import Pictures
from training.data.records import Record
from training.evaluation.judged import Judged, judged_rows
from training.fitting.config import Priors
from training.fitting.sampling import encode


def judge(
    model: bytes, head: Head, *, records: list[Record], pictures: Pictures, rows: list[int], priors: Priors
) -> Judged:
    """Run the exported graph over ``rows``; metadata scores come from the head in closed form."""
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    mean, std = (np.array(values, np.float32).reshape(1, 3, 1, 1) for values in (priors.mean, priors.std))
    image: list[NDArray[np.float32]] = []
    for start in tqdm(range(0, len(rows), 16), desc="judging", unit="batch"):
        pixels = pictures.viewed[rows[start : start + 16]].transpose(0, 3, 1, 2).astype(np.float32) / 255
        features = session.run(["features"], {"image": (pixels - mean) / std})[0]
        image += [head.image_logits(row) for row in features.mean(axis=(2, 3))]
    encoded = encode(records, priors.encoding)[rows].numpy()
    metadata = np.stack([head.metadata_logits(row) for row in encoded])
    return judged_rows(
        image=np.stack(image).astype(np.float64),
        metadata=metadata.astype(np.float64),
        records=[records[row] for row in rows],
    )
