import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from inference.bundle import Bundle
from inference.manifest import InputSpec
from tests.bundles import build_tiny_bundle
from training.__main__ import main
from training.data.records import DataError, Record
from training.data.splits import Split
from training.studies import heat, randomised

SPEC = InputSpec(144, 192, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2), "bilinear", ("dermoscopic",))


def disc(x: float, y: float, radius: float, shape: tuple[int, int] = (150, 200)) -> heat.Mask:
    down, across = np.indices(shape)
    return np.asarray(np.hypot(across - x, down - y) < radius)


def test_energy_is_the_share_of_heat_inside() -> None:
    assert heat.energy(np.array([[1.0, 3.0], [0.0, 4.0]]), np.array([[False, True], [True, False]])) == 3 / 8
    assert heat.energy(np.zeros((2, 2)), np.ones((2, 2), bool)) == 0


def test_overlap_and_dice_of_two_halves_that_share_a_quarter() -> None:
    first, second = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    first[:2], second[:, :2] = True, True
    assert (heat.overlap(first, second), heat.dice(first, second)) == (4 / 12, 0.5)
    empty = np.zeros((4, 4), bool)
    assert (heat.overlap(empty, empty), heat.dice(empty, empty), heat.overlap(first, empty)) == (1, 1, 0)


def test_pointing_takes_the_hottest_point_and_shares_ties() -> None:
    mask = np.array([[True, True], [False, True]])
    assert heat.pointing(np.array([[0.1, 0.2], [0.9, 0.3]]), mask) == 0
    assert heat.pointing(np.array([[0.1, 0.2], [0.3, 0.9]]), mask) == 1
    assert heat.pointing(np.ones((2, 2)), mask) == 0.75
    assert heat.pointing(np.zeros((2, 2)), mask) == 0


@pytest.mark.parametrize("name", ["ISIC_1", "ISIC_2", "ISIC_3"])
def test_a_crop_keeps_half_the_lesion_off_its_middle_and_is_always_the_same(name: str) -> None:
    mask = disc(100, 75, 30)
    box = heat.off_centre(mask, name)
    assert box == heat.off_centre(mask, name) is not None
    left, top, right, bottom = box
    assert (right - left, bottom - top) == (120, 90)
    inside = mask[top:bottom, left:right]
    assert inside.sum() >= 0.5 * mask.sum()
    y, x = (place.mean() for place in np.nonzero(mask))
    off = np.hypot(((left + right) / 2 - x) / 120, ((top + bottom) / 2 - y) / 90)
    assert off >= 0.34


def test_other_names_get_other_crops_and_a_picture_full_of_lesion_none() -> None:
    mask = disc(100, 75, 30)
    assert len({heat.off_centre(mask, f"ISIC_{i}") for i in range(10)}) > 5
    assert heat.off_centre(np.ones((150, 200), bool), "ISIC_1") is None
    assert heat.off_centre(np.zeros((150, 200), bool), "ISIC_1") is None


def test_the_threshold_is_where_the_overlap_is_best() -> None:
    mask = disc(96, 72, 40, (144, 192))
    grid = np.zeros((9, 12), np.uint8)
    grid[2:7, 4:8] = 255
    hill = np.clip(1 - np.hypot(*(np.indices((144, 192)) - np.array([[[72]], [[96]]]))) / 80, 0, 1)
    blind = {heat.UNIFORM: np.ones((144, 192)), heat.GAUSSIAN: hill, heat.FIXED: mask.astype(float)}
    best = heat.best_thresholds({"ISIC_1": heat.Looked(grid, mask, mask, grid > 0)}, blind)
    assert best[heat.GAUSSIAN] == pytest.approx(0.5)
    assert heat.overlap(blind[heat.GAUSSIAN] >= best[heat.GAUSSIAN], mask) > 0.95


def test_the_blind_maps_see_the_training_masks_alone(records: list[Record]) -> None:
    spec = SPEC
    first, second = heat.trivial(records[:4], spec), heat.trivial(records[4:8], spec)
    assert np.ptp(first[heat.UNIFORM]) == 0
    np.testing.assert_array_equal(first[heat.GAUSSIAN], second[heat.GAUSSIAN])
    assert (first[heat.FIXED] != second[heat.FIXED]).any()
    assert first[heat.FIXED].max() == 1


def test_a_photograph_without_a_mask_is_refused(records: list[Record]) -> None:
    with pytest.raises(DataError, match="has no drawn mask"):
        heat.trivial([replace(records[0], mask=None)], SPEC)


def test_shuffled_weights_keep_their_values_and_lose_their_order(tmp_path: Path) -> None:
    bundle = build_tiny_bundle(tmp_path / "bundle")
    graph = randomised.shuffled_graph(bundle.model, np.random.default_rng(0))
    picture = np.random.default_rng(1).normal(size=(1, 3, 144, 192)).astype(np.float32)
    answers = [onnxruntime.InferenceSession(m).run(["features"], {"image": picture})[0] for m in (bundle.model, graph)]
    assert np.abs(answers[0] - answers[1]).max() > 0.1
    head = randomised.shuffled_head(bundle.head, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(head.W, axis=None), np.sort(bundle.head.W, axis=None))
    assert (head.W != bundle.head.W).any()


def test_shuffled_weights_leave_a_map_that_can_be_compared(tmp_path: Path, records: list[Record]) -> None:
    bundle = build_tiny_bundle(tmp_path / "bundle")
    # Weights below zero leave no heat behind the ReLU; the map before it still has an order.
    sunk = replace(bundle, head=replace(bundle.head, W=bundle.head.W - np.float32(5)))
    found = randomised.correlations(sunk, records[:3])
    assert all(values.all() for values in found.values())


def test_ranks_and_not_values_are_compared() -> None:
    heated = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert randomised.rank_correlation(heated, heated**3) == pytest.approx(1)
    assert randomised.rank_correlation(heated, -heated) == pytest.approx(-1)
    assert randomised.rank_correlation(heated, np.zeros((3, 4), np.float32)) == 0


def test_the_command_writes_every_figure_beside_the_blind_maps(drawn: Path, tmp_path: Path) -> None:
    data = ["--data", str(drawn), "--partial"]
    main(["split", *data, "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "split.json")])
    made_on = {"name": "drawn", "citation": "none", "licence": "CC0", "split": "by lesion", "n": 1}
    made_on["split_sha256"] = Split.load(tmp_path / "split.json").digest()
    bundle: Bundle = build_tiny_bundle(tmp_path / "bundle", changes={"training_data": made_on})
    words = ["heat", *data, "--bundle", str(bundle.path), "--split", str(tmp_path / "split.json"), "--shuffled", "3"]
    printed = main([*words, "--out", str(tmp_path / "report"), "--bootstrap", "20"])
    assert "rank correlation" in printed
    with (tmp_path / "report" / "figures.csv").open(newline="") as file:
        rows = {row["map"]: row for row in csv.DictReader(file)}
    assert set(rows) == {*heat.MAPS, "floor"}
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    areas = report["figures"]["uniform"]
    assert areas["energy inside"]["value"] == pytest.approx(areas["IoU with the mask"]["value"])  # both: area share
    assert report["shuffled"]["all weights"]["n"] == 3
    assert 0 <= report["outline"]["IoU"]["value"] <= report["outline"]["Dice"]["value"] <= 1
    assert (tmp_path / "report" / "maps.png").read_bytes().startswith(b"\x89PNG")
