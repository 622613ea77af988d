"""Ten foreigners among five hundred lesions are found, whether the lesions are drawn or real."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.drawn_ham10000 import draw_ham10000
from tests.training.foreigners import foreigners
from training.data import ham10000
from training.data.appearance import appearances
from training.data.pictures import Bytes
from training.data.records import Record
from training.evaluation.outliers import Strangeness, strangeness


def _found_of_ten(lesions: Bytes) -> tuple[int, Strangeness]:
    strange = strangeness(appearances(np.concatenate([lesions, foreigners()])))
    return int((strange.rank[len(lesions) :] <= 20).sum()), strange


def _read(records: list[Record]) -> Bytes:
    return np.stack([np.asarray(Image.open(record.image).convert("RGB").resize((200, 150))) for record in records])


def test_foreigners_among_drawn_lesions_are_found(tmp_path: Path) -> None:
    drawn = draw_ham10000(tmp_path / "data", lesions_per_class=54, seed=1)
    lesions = _read(ham10000.load(drawn, expect_full=False)[:500])
    found, strange = _found_of_ten(lesions)
    assert len(lesions) == 500
    assert found >= 9
    assert strange.noise[500:].sum() >= 9
    assert strange.noise[:500].mean() < 0.1


@pytest.mark.ham10000
@pytest.mark.parametrize("seed", [0, 1])
def test_foreigners_among_real_lesions_are_found(ham10000_dir: Path, seed: int) -> None:
    records = ham10000.load(ham10000_dir)
    chosen = np.random.default_rng(seed).choice(len(records), 500, replace=False)
    found, _ = _found_of_ten(_read([records[i] for i in chosen]))
    assert found >= 9


@pytest.fixture
def blobs() -> np.ndarray:
    """Two dense groups of 100, in units that differ a thousandfold, and three points apart at the end."""
    rng = np.random.default_rng(0)
    groups = [rng.normal(centre, 1, (100, 4)) for centre in (0, 12)]
    apart = np.array([[60, 0, 0, 0], [0, 60, 0, 0], [6, 6, 40, -40]])
    return np.concatenate([*groups, apart]) * [1, 1000, 1, 1]


def test_both_ways_see_what_lies_apart(blobs: np.ndarray) -> None:
    strange = strangeness(blobs)
    assert set(np.argsort(-strange.by_means)[:3]) == set(np.argsort(-strange.by_density)[:3]) == {200, 201, 202}
    assert sorted(strange.rank[200:]) == [1, 2, 3]
    assert strange.noise[200:].all()
    assert (strange.by_density[~strange.noise] <= 1).all()


def test_a_few_strangers_of_one_kind_make_no_home(blobs: np.ndarray) -> None:
    """Six copies are dense and have a cluster of their own; they are strangers all the same."""
    copies = np.tile(blobs[200], (6, 1)) + np.random.default_rng(1).normal(0, 0.01, (6, 4)) * [1, 1000, 1, 1]
    many = np.concatenate([np.repeat(blobs[:200], 2, axis=0), copies])
    assert set(np.argsort(strangeness(many).rank)[:6]) == set(range(400, 406))


def test_the_same_pictures_give_the_same_ranks(blobs: np.ndarray) -> None:
    np.testing.assert_array_equal(strangeness(blobs).rank, strangeness(blobs).rank)
    assert sorted(strangeness(blobs).rank) == list(range(1, 204))


def test_too_few_pictures_are_refused(blobs: np.ndarray) -> None:
    with pytest.raises(ValueError, match="at least 80 pictures; here are 79"):
        strangeness(blobs[:79])
