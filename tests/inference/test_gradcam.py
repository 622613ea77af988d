import numpy as np
import pytest

from inference.gradcam import as_bytes, border, class_heat, peaks, share_inside, share_on
from inference.head import Floats, Head


def drawn() -> tuple[Head, Floats]:
    rng = np.random.default_rng(5)
    head = Head(rng.normal(size=(7, 16)).astype(np.float32), rng.normal(size=7).astype(np.float32), ())
    features = np.maximum(rng.normal(size=(16, 9, 12)), 0).astype(np.float32)
    return head, features


def test_the_closed_form_equals_the_measured_gradient() -> None:
    head, features = drawn()
    heat = class_heat(head.W, features)

    def logits(values: Floats) -> Floats:
        return head.image_logits(values.mean(axis=(1, 2), dtype=np.float32))

    gradient = np.empty((7, 16, 9, 12))
    step = np.float32(64)  # the head is linear: a large step is exact, a small one drowns in rounding
    for place in np.ndindex(16, 9, 12):
        moved = features.copy()
        moved[place] += step
        gradient[(slice(None), *place)] = (logits(moved) - logits(features)) / step
    alpha = gradient.mean(axis=(2, 3))  # (7, 16)
    reference = np.maximum(np.einsum("ck,khw->chw", alpha, features), 0)
    np.testing.assert_allclose(heat, reference, atol=1e-5 * reference.max())


def test_before_the_relu_the_heat_sums_to_the_pictures_logit() -> None:
    head, features = drawn()
    positive = Head(np.abs(head.W), head.b, ())
    sums = class_heat(positive.W, features).sum(axis=(1, 2))
    embedding = features.mean(axis=(1, 2), dtype=np.float32)
    np.testing.assert_allclose(sums, positive.image_logits(embedding) - positive.b, rtol=1e-5)


def test_each_map_is_scaled_to_its_own_maximum() -> None:
    heat = np.zeros((2, 3, 4), np.float32)
    heat[0, 1, 2], heat[0, 0, 0] = 0.002, 0.001
    grid = as_bytes(heat)
    assert grid.dtype == np.uint8
    assert (grid[0, 1, 2], grid[0, 0, 0], grid[0, 2, 3]) == (255, 128, 0)
    assert not grid[1].any()
    np.testing.assert_array_equal(peaks(heat), np.float32([0.002, 0]))


def test_the_share_inside_a_region() -> None:
    heat = np.float32([[1, 3], [0, 4]])
    assert share_inside(heat, np.array([[False, True], [True, False]])) == pytest.approx(3 / 8)
    assert share_inside(np.zeros_like(heat), np.ones((2, 2), bool)) is None


def test_the_share_on_pixels_of_a_finer_grid() -> None:
    heat = np.float32([[1, 3], [0, 4]])
    pixels = np.zeros((4, 6), bool)
    pixels[0, 3] = pixels[3, 5] = pixels[3, 0] = True  # one of six pixels of the cells with 3, 4 and 0
    assert share_on(heat, pixels) == pytest.approx((3 / 6 + 4 / 6) / 8)
    assert share_on(heat, np.ones((5, 7), bool)) == pytest.approx(1)
    assert share_on(np.zeros_like(heat), pixels) is None


def test_the_border_is_one_cell_wide() -> None:
    ring = border(9, 12)
    assert ring.sum() == 9 * 12 - 7 * 10
    assert not ring[1:-1, 1:-1].any()
