"""Sanity of an explanation (Adebayo et al. 2018): with the weights shuffled, the heat must become another.

Each weight tensor keeps its values and loses their order: what was learned is gone, and nothing overflows. Maps are
compared before Grad-CAM's ReLU: a shuffled head, whose mean weight is negative, has no heat left to compare behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from scipy.stats import spearmanr
from tqdm import tqdm

from inference.bundle import Bundle
from inference.head import Head
from inference.preprocessing import prepare
from inference.runtime import Runtime
from training.data.pictures import read_picture
from training.data.records import Record

_OF_WEIGHTS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT8, TensorProto.INT32)  # no shapes: INT64
STAGES = ("head", "all weights")


def correlations(bundle: Bundle, records: Sequence[Record], *, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """Spearman's rank correlation (N,) of each picture's heat before and after, with the head or all weights shuffled.

    The class is the one that the picture alone makes likeliest before; a flat map has no order and counts as 0.
    """
    rng = np.random.default_rng(seed)
    shuffled = shuffled_graph(bundle.model, rng)
    before, after = Runtime(lambda: bundle.model), Runtime(lambda: shuffled)
    head = shuffled_head(bundle.head, rng)
    found: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for record in tqdm(records, desc="shuffled weights", unit="image"):
        tensor = prepare(read_picture(record.image), bundle.manifest.input).tensor
        learned, other = before.run(tensor)[0], after.run(tensor)[0]
        code = int(bundle.head.image_logits(learned.mean(axis=(1, 2), dtype=np.float32)).argmax())
        map_before = signed_map(bundle.head.W[code], learned)
        found["head"].append(rank_correlation(map_before, signed_map(head.W[code], learned)))
        found["all weights"].append(rank_correlation(map_before, signed_map(head.W[code], other)))
    return {stage: np.array(values) for stage, values in found.items()}


def signed_map(weights: NDArray[np.floating], features: NDArray[np.float32]) -> NDArray[np.float32]:
    """(C,) and (C,h,w) → (h,w): Grad-CAM before its ReLU, up to a factor."""
    return np.asarray(np.tensordot(weights, features, axes=1), dtype=np.float32)


def shuffled_graph(model: bytes, rng: np.random.Generator) -> bytes:
    """The graph with the values of each weight tensor in another order, quantised ones included."""
    graph = onnx.load_from_string(model)
    for tensor in graph.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type in _OF_WEIGHTS and values.size > 1:
            tensor.CopyFrom(numpy_helper.from_array(_shuffled(values, rng), tensor.name))
    return bytes(graph.SerializeToString())


def shuffled_head(head: Head, rng: np.random.Generator) -> Head:
    """The image head with its weights in another order."""
    return replace(head, W=_shuffled(head.W, rng))


def rank_correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Spearman's rho of two maps of one shape; 0 where one of them is flat."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(spearmanr(first.ravel(), second.ravel()).statistic)


def _shuffled(values: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.floating]:
    return rng.permutation(values.ravel()).reshape(values.shape)
