"""How large a network is and how long it takes on this machine's processor, one picture at a time, one thread."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from inference.metadata import MetadataEncoding
from inference.overlay import overlay_png
from inference.predictor import Predictor
from training.data.pictures import VIEWED
from training.data.records import Record
from training.networks.network import Network, NetworkConfig

STAGES = ("decode", "quality", "network", "gradcam", "write", "total")


@dataclass(frozen=True)
class Cost:
    """Parameters, and milliseconds of one pass: median and 95th percentile."""

    parameters: int
    p50: float
    p95: float


def cost(config: NetworkConfig, *, repeats: int) -> Cost:
    """Build the network of ``config`` and time it by torch; its weights do not change how long it takes."""
    network = config.build().eval()
    size = config.input_size or VIEWED
    picture, metadata = torch.zeros(1, 3, *size), torch.zeros(1, MetadataEncoding().size)
    laps = []
    with one_thread(), torch.inference_mode():
        for _ in range(3 + repeats):
            start = time.perf_counter()
            network(picture, metadata)
            laps.append((time.perf_counter() - start) * 1000)
    p50, p95 = np.percentile(laps[3:], [50, 95])  # the first passes fill caches
    return Cost(parameters(network), float(p50), float(p95))


def parameters(network: Network) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@contextmanager
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def stages(predictor: Predictor, records: Sequence[Record]) -> dict[str, tuple[float, float]]:
    """Milliseconds (median, 95th percentile) of each stage of the served runtime over the pictures of ``records``.

    ``write`` makes the PNG of the likeliest class's heat, as a worker does before it stores an answer.
    """
    laps: dict[str, list[float]] = {stage: [] for stage in STAGES}
    predictor.predict(records[0].image.read_bytes(), records[0].metadata)  # opens the runtime
    for record in records:
        result = predictor.predict(record.image.read_bytes(), record.metadata)
        start = time.perf_counter()
        overlay_png(result.heatmap(result.likeliest), result.geometry)
        write = (time.perf_counter() - start) * 1000
        for stage, lap in {**result.timings, "write": write, "total": result.timings["total"] + write}.items():
            laps[stage].append(lap)
    return {stage: (float(np.median(lap)), float(np.percentile(lap, 95))) for stage, lap in laps.items()}
