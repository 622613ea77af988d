"""A scope is fitted on embeddings and travels with the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.bundle import Bundle
from tests.bundles import CHANNELS, build_tiny_bundle
from training.export.scope import fit_section, fit_space, judged, with_scope

MEASURED = {
    "limit": 1.0,
    "fitted_on": "drawn numbers",
    "weights_of": "0.0",
    "chosen": ["Chosen with eyes open."],
    "auroc": 0.99,
    "test": {"n": 10, "out_of_scope": 0.01, "low_quality": 0.02, "refused": 0.03},
    "probes": {"noise": {"n": 5, "refused": 1.0}},
    "selective_risk": [{"coverage": 1.0, "risk": 0.2}],
}


def drawn(rows: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    mixing = np.random.default_rng(0).normal(size=(3, CHANNELS))
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(rows, 3)) @ mixing + rng.normal(0, 0.05, (rows, CHANNELS)) + 2).astype(np.float32)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny-0.0")


def test_the_limit_gives_up_the_stated_share_of_the_validation_side_and_finds_what_lies_elsewhere(
    plain: Bundle,
) -> None:
    space, held_out = fit_space(drawn(400, 1), axes=3), drawn(200, 2)
    section = fit_section(space, plain.head, held_out, refused=0.05)
    outside = [not report.inside for report in judged(space, section, plain.head, held_out)]
    assert sum(outside) == 10
    far = drawn(50, 3) + np.random.default_rng(4).normal(0, 3, (50, CHANNELS)).astype(np.float32)
    assert np.mean([not report.inside for report in judged(space, section, plain.head, far)]) > 0.9


def test_the_new_bundle_has_the_same_weights_and_a_card_that_says_what_was_measured(
    plain: Bundle, tmp_path: Path
) -> None:
    space = fit_space(drawn(400, 1), axes=3)
    section = fit_section(space, plain.head, drawn(200, 2))
    card = plain.path / plain.manifest.card
    assert "## Out of scope" not in card.read_text()
    made = with_scope(plain, tmp_path / "new", version="0.9", space=space, section=section, measured=MEASURED)
    assert made.model == plain.model
    assert made.manifest.files["head.npz"] == plain.manifest.files["head.npz"]
    assert (made.manifest.version, made.manifest.document["weights_of"]["version"]) == ("0.9", "0.0")
    assert made.manifest.scope == section
