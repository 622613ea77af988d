"""A picture as a trained network sees it: the pooled features before its head."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from training.data.pictures import Pictures
from training.data.presets import Recipe
from training.data.records import Record
from training.data.resizing import resized
from training.fitting.runs import Run
from training.fitting.sampling import encode


def embed(
    run: Run, records: list[Record], pictures: Pictures, rows: list[int], *, batch: int = 32
) -> NDArray[np.float64]:
    """Mean over cells of the last feature map (len(rows),C) of ``rows``, positions in ``records`` and ``pictures``.

    Metadata have no part in it. Raises ``ValueError`` for a network without a feature map.
    """
    pictures.require(Recipe.of(run.config))
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (run.priors.mean, run.priors.std))
    metadata = torch.zeros_like(encode(records[:1], run.priors.encoding))
    parts = []
    with torch.inference_mode():
        for start in tqdm(range(0, len(rows), batch), desc="embedding", unit="batch"):
            chosen = rows[start : start + batch]
            viewed = torch.from_numpy(pictures.viewed[chosen]).permute(0, 3, 1, 2)
            pixels = resized(viewed, run.network_config.input_size).float() / 255
            features = run.network((pixels - mean) / std, metadata.expand(len(chosen), -1)).features
            if features is None:
                raise ValueError(f"The network of {run.path} shows no feature map to embed pictures with.")
            parts.append(features.mean(dim=(2, 3)).double().numpy())
    return np.concatenate(parts)
