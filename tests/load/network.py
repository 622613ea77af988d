"""`make bench`: milliseconds of each stage of the network on this machine, one thread, one picture at a time."""

import argparse
import sys
from pathlib import Path

from inference.bundle import Bundle, newest_bundle
from inference.errors import BundleError
from inference.metadata import Metadata
from inference.predictor import Predictor
from tests.drawings import jpeg
from tests.load.figures import line

REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> dict[str, list[float]] | None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=REPOSITORY / "models", help="the folder of bundles")
    parser.add_argument("--pictures", type=int, default=50)
    arguments = parser.parse_args()
    try:
        bundle = Bundle.load(newest_bundle(arguments.models))
    except BundleError as error:
        print(error)
        return None
    print(f"{bundle.manifest.name} {bundle.manifest.version}, {arguments.pictures} drawn pictures of 600×450")
    stages = measure(Predictor(bundle), arguments.pictures)
    for name, values in stages.items():
        print(line(name, values, "ms"))
    print(f"{1000 * arguments.pictures / sum(stages['total']):.1f} pictures a second")
    return stages


def measure(predictor: Predictor, pictures: int) -> dict[str, list[float]]:
    """Stage → milliseconds of each picture; the runtime is opened before the clock starts."""
    known = Metadata(age=60, sex="female", localization="back")
    predictor.predict(jpeg(0, (600, 450)), known)
    stages: dict[str, list[float]] = {}
    for seed in range(pictures):
        for name, ms in predictor.predict(jpeg(seed, (600, 450)), known).timings.items():
            stages.setdefault(name, []).append(ms)
    return stages


if __name__ == "__main__":
    sys.exit(main() is None)
