"""`make bench CALLS=10000`: does memory drift over many calls, and do eight threads say what one says?

Both are asked of the shipped network, and first of the tests' tiny one, whose answers come so fast that a fault shows
soon. Any difference in any part of an answer, or more than 5 MB of drift, ends it with 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from inference.bundle import Bundle, newest_bundle
from inference.metadata import Metadata
from inference.predictor import Predictor
from inference.result import Result
from inference.scope import FeatureSpace
from tests.bundles import CHANNELS, build_tiny_bundle
from tests.drawings import jpeg
from tests.exactness import bits
from tests.load.ours import KNOWN, SIZE
from tests.load.worker import rss_mb
from tests.load.workers import REPOSITORY

WARM = 200  # calls until the allocator has what it needs
THREADS, EACH = 8, 1000
PICTURES = 10
MOST_DRIFT_MB = 5


def main(words: Sequence[str] | None = None) -> int:
    """0 where nothing drifts and all agree, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=REPOSITORY / "models", help="the folder of bundles")
    parser.add_argument("--calls", type=int, default=10_000)
    arguments = parser.parse_args(words)
    steady = True
    for line, passed in measured(arguments.models, arguments.calls):
        print(line if passed else f"{line}: FAILED", flush=True)
        steady &= passed
    return 0 if steady else 1


def measured(models: Path, calls: int) -> Iterator[tuple[str, bool]]:
    """Lines to print, and whether each is as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _asked(tiny_with_scope(Path(folder) / "tiny"), calls)
    yield from _asked(Bundle.load(newest_bundle(models)), calls)


def _asked(bundle: Bundle, calls: int) -> Iterator[tuple[str, bool]]:
    name = f"{bundle.manifest.name} {bundle.manifest.version}"
    yield grown(f"{name}, {calls} calls", drift(Predictor(bundle), calls))
    different = differing(bundle)
    yield f"{name}, {THREADS} threads × {EACH} mixed requests: {different} differ from one thread's", different == 0


def grown(what: str, megabytes: float) -> tuple[str, bool]:
    return f"{what}: {megabytes:+.1f} MB (at most {MOST_DRIFT_MB})", megabytes <= MOST_DRIFT_MB


def tiny_with_scope(path: Path) -> Bundle:
    """The tests' bundle with a scope, so that this part of an answer is compared too."""
    spread = {"mean": 0.0, "deviation": 1.0}
    one = np.ones(1, np.float32)
    space = FeatureSpace(np.zeros(CHANNELS, np.float32), np.eye(1, CHANNELS, dtype=np.float32), one, one)
    return build_tiny_bundle(
        path, changes={"scope": {"limit": 6.0, "log_distance": spread, "energy": spread}}, space=space
    )


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


if __name__ == "__main__":
    sys.exit(main())
