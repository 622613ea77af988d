"""Worker processes: how long one takes to be ready, what it holds, and how much two do beside one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 5.0


class Worker:
    """A process of ``tests.load.worker`` that is ready when this returns."""

    def __init__(self, kind: str, models: Path, runtime: str) -> None:
        start = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.load.worker", kind, str(models), runtime],
            cwd=REPOSITORY,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "skinclinic.settings.development"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._hear()
        self.ready_s = round(time.perf_counter() - start, 2)

    def ask(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()

    def answer(self, order: str) -> Any:
        self.ask(order)
        return self._hear()

    def _hear(self) -> Any:
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if not said:
            raise RuntimeError("A measured process ended; its message stands above.")
        return json.loads(said)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)


def footprint(kind: str, models: Path, runtime: str, starts: int = 3) -> dict[str, Any]:
    """Seconds until ready (median of some starts) and MB of resident memory, ready and after 20 pictures."""
    ready, found = [], {}
    for _ in range(starts):
        worker = Worker(kind, models, runtime)
        ready.append(worker.ready_s)
        found = worker.answer("work 20")
        worker.close()
    return {"cold_start_s": median(ready), "rss_mb": found["rss_mb"], "torch": found["torch"]}


def throughput(models: Path, runtime: str, rounds: int = 3) -> dict[str, float]:
    """Pictures a second by one process and by two, in turns; the ratio is the median over the rounds.

    ``processor_share``: what part of a core each of the two had. Well below 1 other work ran beside, or the machine has
    fewer cores than it names: the ratio then says how busy it was, and nothing of two workers.
    """
    pair = [Worker("clinic", models, runtime) for _ in range(2)]
    one, two, shares = [], [], []
    for _ in range(rounds):
        one.append(_rates(pair[:1])[0])
        both, share = _rates(pair)
        two.append(both)
        shares.append(share)
    for worker in pair:
        worker.close()
    ratio = median(b / a for a, b in zip(one, two, strict=True))
    return {
        "one": round(median(one), 2),
        "two": round(median(two), 2),
        "two_over_one": round(ratio, 2),
        "processor_share": round(median(shares), 2),
    }


def _rates(workers: list[Worker]) -> tuple[float, float]:
    """Pictures a second of all together, and the mean share of a core that each had."""
    for worker in workers:
        worker.ask(f"for {SECONDS}")
    told = [worker._hear() for worker in workers]
    return sum(one["rate"] for one in told), sum(one["processor_share"] for one in told) / len(told)
