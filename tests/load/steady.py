"""`make bench CALLS=10000`: does memory drift over many calls, and do eight threads say what one says?

The calls go to the tiny bundle of the tests, whose network takes no time; everything else is what the clinic runs. The
shipped network gets 500 of them.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from inference.bundle import Bundle, newest_bundle
from inference.metadata import Metadata
from inference.predictor import Predictor
from inference.result import Result
from tests.bundles import build_tiny_bundle
from tests.drawings import jpeg
from tests.load.ours import KNOWN, SIZE
from tests.load.worker import rss_mb
from tests.load.workers import REPOSITORY

WARM = 200  # calls until the allocator has what it needs
THREADS, EACH = 8, 1000
PICTURES = 10


def main() -> list[str]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=REPOSITORY / "models", help="the folder of bundles")
    parser.add_argument("--calls", type=int, default=10_000)
    arguments = parser.parse_args()
    said = []
    for line in measured(arguments.models, arguments.calls):
        print(line, flush=True)
        said.append(line)
    return said


def measured(models: Path, calls: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        tiny = build_tiny_bundle(Path(folder) / "tiny")
        yield f"tiny network, {calls} calls: {drift(Predictor(tiny), calls):+.1f} MB"
        yield f"{THREADS} threads × {EACH} mixed requests: {differing(tiny)} differ from one thread's"
    shipped = Bundle.load(newest_bundle(models))
    calls = min(calls, 500)
    yield f"{shipped.manifest.name} {shipped.manifest.version}, {calls} calls: {drift(Predictor(shipped), calls):+.1f} MB"


def drift(predictor: Predictor, calls: int) -> float:
    """MB of resident memory that ``calls`` predictions add, after some to warm up."""
    for number in range(WARM):
        mixed(predictor, number)
    before = rss_mb()
    for number in range(calls):
        mixed(predictor, number)
    return rss_mb() - before


def differing(bundle: Bundle) -> int:
    """How many answers of threads that share a predictor differ in any bit from those of a single one."""
    shared, own = Predictor(bundle), Predictor(bundle)
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda number: bits(mixed(shared, number)), range(THREADS * EACH)))
    alone = [bits(mixed(own, number)) for number in range(PICTURES * 6)]
    return sum(answer != alone[number % len(alone)] for number, answer in enumerate(together))


def mixed(predictor: Predictor, number: int) -> Result:
    """One of 60 requests: pictures of two kinds, with all, some or no metadata."""
    known = (KNOWN, Metadata(), Metadata(sex="male"))[number % 3]
    kind = "dermoscopic" if number % 2 else "clinical: close-up"
    return predictor.predict(jpeg(number % PICTURES, SIZE), known, image_type=kind)


def bits(result: Result) -> tuple[object, ...]:
    return (
        tuple(result.logits.items()),
        tuple(result.probabilities.items()),
        result.prediction_set,
        result.abstain_reason,
        result.heatmaps.tobytes(),
        result.embedding.tobytes(),
        result.quality,
    )


if __name__ == "__main__":
    main()
