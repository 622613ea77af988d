"""Hair, ruler and ink, drawn where they are known to lie."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inference.artefacts import Artefacts, find_artefacts, lab
from inference.preprocessing import Geometry, Prepared
from inference.quality import assess
from tests.inference.pictures import lesion

SIZE = (192, 144)


def skin(*, tone: float = 1.0) -> Image.Image:
    return lesion(*SIZE).point(lambda level: level * tone)


def pixels_of(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image, dtype=np.uint8)


def reasons(image: Image.Image) -> tuple[str, ...]:
    prepared = Prepared(pixels_of(image), np.zeros((1, 3, 144, 192), np.float32), Geometry(*SIZE, False, (0, 0, *SIZE)))
    return assess(prepared).reasons


def with_hair(image: Image.Image, hairs: int, *, seed: int = 0) -> tuple[Image.Image, NDArray[np.bool_]]:
    """Straight dark hairs of two pixels from side to side, and where they lie."""
    rng = np.random.default_rng(seed)
    hairy, where = image.copy(), Image.new("L", SIZE)
    for _ in range(hairs):
        ends = [(0, int(rng.integers(SIZE[1]))), (SIZE[0], int(rng.integers(SIZE[1])))]
        ImageDraw.Draw(hairy).line(ends, fill=tuple(int(level * 0.25) for level in image.getpixel((2, 2))), width=2)
        ImageDraw.Draw(where).line(ends, fill=255, width=2)
    return hairy, np.asarray(where) > 0


def ticked(image: Image.Image, *, uneven: bool = False) -> Image.Image:
    ruler = image.copy()
    places = [8 + 9 * k + (7 * (k % 3) if uneven else 0) for k in range(18)]
    for x in places:
        ImageDraw.Draw(ruler).line([(x, 0), (x, 12)], fill=(15, 15, 15), width=2)
    return ruler


def inked(image: Image.Image) -> Image.Image:
    marked = image.copy()
    ImageDraw.Draw(marked).line([(10, 20), (60, 12), (110, 24)], fill=(70, 50, 150), width=8)
    return marked


def test_bare_skin_with_a_lesion_has_none() -> None:
    found = find_artefacts(pixels_of(skin()))
    assert found.share < 0.01


@pytest.mark.parametrize("tone", [1.0, 0.6, 0.35])
def test_hair_is_found_where_it_was_drawn_on_any_skin(tone: float) -> None:
    hairy, where = with_hair(skin(tone=tone), 12)
    found = find_artefacts(pixels_of(hairy))
    assert found.hair[where].mean() > 0.6
    assert (found.hair & ~where).mean() < 0.12
    assert not found.ink.any()


def test_a_ruler_is_found_by_its_even_ticks() -> None:
    found = find_artefacts(pixels_of(ticked(skin())))
    assert found.ruler[2:10, 8:160].mean() > 0.15
    assert not found.ruler[20:].any()
    turned = find_artefacts(pixels_of(ticked(skin()).transpose(Image.Transpose.ROTATE_180)))
    assert turned.ruler[-10:].any()
    assert not find_artefacts(pixels_of(ticked(skin(), uneven=True))).ruler.any()


def test_a_marker_is_ink_and_a_bluish_grey_lesion_is_not() -> None:
    found = find_artefacts(pixels_of(inked(skin())))
    assert found.ink.mean() > 0.02
    assert not found.ink[40:].any()
    veil = skin()
    ImageDraw.Draw(veil).ellipse([70, 50, 120, 90], fill=(98, 98, 106))
    assert not find_artefacts(pixels_of(veil)).ink.any()


def test_a_picture_full_of_hair_is_occluded_and_a_few_hairs_are_not() -> None:
    assert "occluded" in reasons(with_hair(skin(), 70)[0])
    assert "occluded" not in reasons(with_hair(skin(), 6)[0])


def test_any_of_the_three_counts_once() -> None:
    hair, ruler, ink = (np.zeros((2, 2), bool) for _ in range(3))
    hair[0, 0] = ruler[0, 0] = ink[1, 1] = True
    found = Artefacts(hair, ruler, ink)
    assert found.share == 0.5
    assert found.anywhere.tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [((255, 255, 255), (100, 0, 0)), ((0, 0, 0), (0, 0, 0)), ((255, 0, 0), (53.24, 80.09, 67.2))],
)
def test_colours_are_those_of_the_standard(rgb: tuple[int, int, int], expected: tuple[float, float, float]) -> None:
    assert lab(np.array([[rgb]], np.uint8))[0, 0] == pytest.approx(expected, abs=0.05)
