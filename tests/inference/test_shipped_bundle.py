"""The bundle that the repository ships, as a clinic would meet it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from inference.bundle import Bundle, newest_bundle
from inference.conformance import check_bundle, seeded_input
from tests.inference.tampering import rewrite

SHIPPED = Path(__file__).resolve().parents[2] / "models"
MEGABYTE = 1_000_000


ALL = sorted(folder.parent for folder in SHIPPED.glob("*/manifest.json"))


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return Bundle.load(newest_bundle(SHIPPED))


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_each_answers_as_it_was_exported(path: Path) -> None:
    assert check_bundle(path) == []


@pytest.mark.parametrize(("precision", "beside"), [("float32", 0.002), ("int8", 0.03)])
def test_an_answer_beside_the_stored_one_is_refused_as_narrowly_as_the_precision_allows(
    precision: str, beside: float, tmp_path: Path
) -> None:
    """What lies .03 logits beside the rounded network is the network before it was rounded: another model."""
    (path,) = (path for path in ALL if Bundle.load(path).manifest.document["storage"]["computed_in"] == precision)
    moved = shutil.copytree(path, tmp_path / path.name)
    rewrite(moved, lambda document: _move(document["self_check"][0]["logits"], beside))
    assert any("is not the one that was exported" in problem for problem in check_bundle(moved))


def _move(logits: dict[str, float], beside: float) -> None:
    logits["mel"] += beside


def test_it_fits_into_the_repository(shipped: Bundle) -> None:
    assert sum(file.stat().st_size for file in shipped.path.iterdir()) <= 40 * MEGABYTE


def test_its_card_carries_attribution_and_licence(shipped: Bundle) -> None:
    card = (shipped.path / shipped.manifest.card).read_text()
    assert "Tschandl" in card
    assert "CC BY-NC 4.0" in card
    assert "non-commercial" in card


def test_a_picture_has_one_answer_alone_and_in_any_batch(shipped: Bundle) -> None:
    size = (shipped.manifest.input.height, shipped.manifest.input.width)
    pictures = np.concatenate([seeded_input(seed, *size) for seed in range(7)])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(shipped.model, options, providers=["CPUExecutionProvider"])
    alone = [session.run(["features"], {"image": pictures[i : i + 1]})[0][0] for i in range(len(pictures))]
    for rows in ([0, 1], [6, 5, 4, 3, 2, 1, 0], [3, 3, 0, 6, 2]):
        together = session.run(["features"], {"image": pictures[rows]})[0]
        assert all(np.array_equal(found, alone[row]) for found, row in zip(together, rows, strict=True))


def test_it_flags_enough_to_be_activated_where_the_floors_are_as_delivered(shipped: Bundle) -> None:
    thresholds = shipped.manifest.thresholds
    assert thresholds.melanoma_sensitivity is not None
    assert thresholds.melanoma_sensitivity.value >= 0.8
    assert thresholds.malignancy.sensitivity.value >= 0.8
