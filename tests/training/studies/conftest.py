"""Two finished tiny runs on drawn lesions, made once for all tests of this folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.fitting.test_engine import TINY
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import split_by_lesion
from training.data.twins import all_duplicates
from training.fitting.engine import fit


@pytest.fixture(scope="session")
def tiny_runs(records: list[Record], pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("runs")
    split = split_by_lesion(records, all_duplicates(pictures.stored))
    for seed in (1, 2):
        fit(records, pictures, split, replace(TINY, seed=seed, epochs=1), root / f"seed-{seed}")
    return [root / "seed-1", root / "seed-2"]
