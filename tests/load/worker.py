"""One measured process; it says on a line when it is ready and answers each order on stdin with a line of JSON.

clinic: what a worker of the clinic loads, Django included, and the network. torch: the same network in torch eager.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from inference.bundle import Bundle, newest_bundle
from inference.engines import Choice
from inference.predictor import Predictor
from tests.drawings import jpeg
from tests.load.ours import KNOWN, SIZE


def clinic(bundle: Bundle, runtime: Choice) -> Callable[[bytes], object]:
    import django

    django.setup()
    from importlib import import_module

    import_module("skinclinic.celery")
    import_module("cases.tasks")
    predictor = Predictor(bundle, runtime=runtime)
    predictor.warm_up()
    return lambda data: predictor.predict(data, KNOWN)


def in_torch(bundle: Bundle, models: Path) -> Callable[[bytes], object]:
    import torch

    from inference.decoding import decode
    from inference.preprocessing import prepare
    from tests.load.rebuilt import Rebuilt, original

    torch.set_num_threads(1)
    network = Rebuilt(original(bundle, models))

    def predict(data: bytes) -> object:
        with torch.no_grad():
            return network(torch.tensor(prepare(decode(data), bundle.manifest.input).tensor))

    predict(jpeg(0, SIZE))
    return predict


def rss_mb() -> float:
    """Resident memory in MB (10^6 bytes)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


def main(kind: str, models: str, runtime: Choice) -> None:
    bundle = Bundle.load(newest_bundle(models))
    predict = clinic(bundle, runtime) if kind == "clinic" else in_torch(bundle, Path(models))
    say({"ready": True})
    for line in sys.stdin:
        order, amount = line.split()  # "work 20" pictures, or "for 5.0" seconds
        start, worked, done = time.perf_counter(), time.process_time(), 0
        while (done if order == "work" else time.perf_counter() - start) < float(amount):
            predict(jpeg(done % 20, SIZE))
            done += 1
        passed = time.perf_counter() - start
        share = (time.process_time() - worked) / passed
        say(
            {
                "rate": done / passed,
                "processor_share": share,
                "rss_mb": round(rss_mb(), 1),
                "torch": "torch" in sys.modules,
            }
        )


def say(answer: dict[str, object]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
