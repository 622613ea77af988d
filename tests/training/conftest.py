"""Training tests need torch; where it is not installed they are skipped by name, never counted as passed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the training requirements (torch) are not installed")

from tests import ham10000 as release  # noqa: E402
from tests.training.drawn_ham10000 import draw_ham10000  # noqa: E402
from training.data import ham10000  # noqa: E402
from training.data.ham10000 import Record  # noqa: E402
from training.data.pictures import Pictures, load_pictures  # noqa: E402
from training.data.splits import split_by_lesion  # noqa: E402
from training.fitting.engine import fit  # noqa: E402
from training.fitting.runs import Run, load_run  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)  # sums in one order, so equal runs are equal to the bit


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_ham10000(tmp_path_factory.mktemp("ham") / "data")


@pytest.fixture(scope="session")
def records(drawn: Path) -> list[Record]:
    return ham10000.load(drawn, expect_full=False)


@pytest.fixture(scope="session")
def pictures(records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    return load_pictures(records, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def trained_run(records: list[Record], pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of one epoch, for those who ask it and change nothing in it."""
    from tests.training.fitting.test_engine import TINY

    out = tmp_path_factory.mktemp("run")
    fit(records, pictures, split_by_lesion(records, []), replace(TINY, epochs=1), out)
    return load_run(out)


@pytest.fixture(scope="session")
def ham10000_dir() -> Path:
    """The real release, where it is; it is never part of the repository."""
    if not release.is_there():
        pytest.skip(release.MISSING)
    return release.folder()
