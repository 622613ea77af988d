import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inference.lesion import lesion_mask

Mask = NDArray[np.bool_]
SKIN, BROWN = (205, 160, 140), (110, 70, 50)


def drawn(seed: int) -> tuple[NDArray[np.uint8], Mask]:
    """A noisy brown ellipse on noisy skin, 144 by 192, and where it is."""
    rng = np.random.default_rng(seed)
    silhouette = Image.new("1", (192, 144))
    x, y, a, b = rng.integers(70, 120), rng.integers(55, 90), rng.integers(20, 45), rng.integers(20, 45)
    ImageDraw.Draw(silhouette).ellipse((x - a, y - b, x + a, y + b), fill=1)
    mask = np.asarray(silhouette)
    pixels = np.where(mask[..., np.newaxis], BROWN, SKIN) + rng.normal(0, 12, (144, 192, 1))
    return pixels.clip(0, 255).astype(np.uint8), mask


def coarse(mask: Mask) -> NDArray[np.float32]:
    """The mask as a network would see it: the share of each of 9 by 12 cells, as logits."""
    share = mask.reshape(9, 16, 12, 16).mean(axis=(1, 3))
    return np.asarray(6 * (share - 0.5), np.float32)


def jaccard(first: Mask, second: Mask) -> float:
    return float((first & second).sum() / (first | second).sum())


@pytest.mark.parametrize("seed", range(6))
def test_colour_sharpens_what_cells_of_sixteen_pixels_blur(seed: int) -> None:
    pixels, mask = drawn(seed)
    cells = np.kron(coarse(mask) > 0, np.ones((16, 16), bool))
    refined = lesion_mask(pixels, coarse(mask))
    assert refined.shape == mask.shape
    assert jaccard(refined, mask) > 0.95 > jaccard(cells, mask)


def test_a_turned_picture_has_the_turned_outline() -> None:
    pixels, mask = drawn(0)
    upright = lesion_mask(pixels, coarse(mask))
    for turns in (1, 2, 3):
        turned = lesion_mask(np.rot90(pixels, turns), np.rot90(coarse(mask), turns))
        assert jaccard(np.rot90(turned, -turns), upright) > 0.999


def test_without_a_coarse_lesion_there_is_none() -> None:
    pixels, _ = drawn(0)
    assert not lesion_mask(pixels, np.full((9, 12), -3, np.float32)).any()


def test_a_picture_full_of_lesion_stays_full() -> None:
    pixels, _ = drawn(0)
    assert lesion_mask(pixels, np.full((9, 12), 3, np.float32)).all()


def test_without_colours_to_go_by_the_mask_is_the_networks_own() -> None:
    _, mask = drawn(0)
    refined = lesion_mask(np.full((144, 192, 3), 128, np.uint8), coarse(mask))
    assert jaccard(refined, mask) > 0.85
