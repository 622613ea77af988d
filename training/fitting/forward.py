"""A finished network asked picture by picture, in batches: its scores, and its features before the head."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from training.data.pictures import Pictures
from training.data.presets import Recipe
from training.data.records import DataError, Record
from training.data.resizing import resized
from training.fitting.runs import Run
from training.fitting.sampling import encode
from training.networks.scores import Scores


def scored(
    run: Run, records: list[Record], pictures: Pictures, rows: list[int], *, batch: int = 32, what: str = "scoring"
) -> Iterator[Scores]:
    """What the averaged weights of ``run`` say of ``rows`` (positions in ``records`` and ``pictures``), a batch a time.

    Raises ``ValueError`` where the pictures were made in another way than those that it learned from.
    """
    pictures.require(Recipe.of(run.config))
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (run.priors.mean, run.priors.std))
    metadata = encode(records, run.priors.encoding)
    with torch.inference_mode():
        for start in tqdm(range(0, len(rows), batch), desc=what, unit="batch"):
            chosen = rows[start : start + batch]
            viewed = torch.from_numpy(pictures.viewed[chosen]).permute(0, 3, 1, 2)
            pixels = resized(viewed, run.network_config.input_size).float() / 255
            yield run.network((pixels - mean) / std, metadata[chosen])


def embed(
    run: Run, records: list[Record], pictures: Pictures, rows: list[int], *, batch: int = 32
) -> NDArray[np.float64]:
    """Mean over cells of the last feature map (len(rows),C) of ``rows``; metadata have no part in it.

    Raises ``DataError`` for a network without a feature map.
    """
    parts = []
    for scores in scored(run, records, pictures, rows, batch=batch, what="embedding"):
        if scores.features is None:
            raise DataError(f"The network of {run.path} shows no feature map; choose a run of another network.")
        parts.append(scores.features.mean(dim=(2, 3)).double().numpy())
    return np.concatenate(parts)
