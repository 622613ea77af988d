"""What the statistics notice, each on a picture made for it."""

from __future__ import annotations

import numpy as np

from training.data.appearance import HUES, appearance, appearances
from training.data.pictures import Pictures


def test_every_picture_has_the_same_finite_numbers(pictures: Pictures) -> None:
    found = appearances(np.concatenate([pictures.stored[:5], np.zeros((1, 150, 200, 3), np.uint8)]))
    assert found.shape == (6, 35)
    assert np.isfinite(found).all()


def test_a_mirror_changes_nothing_but_blur_and_colour_do(pictures: Pictures) -> None:
    image = pictures.stored[3]
    np.testing.assert_allclose(appearance(image[:, ::-1]), appearance(image), atol=0.5)
    blurred = np.asarray(
        np.stack([np.roll(image, (i, j), (0, 1)) for i in range(3) for j in range(3)]).mean(0), np.uint8
    )
    assert appearance(blurred)[27] < appearance(image)[27] - 0.3  # finest detail
    blue = appearance(image[..., ::-1])[12 : 12 + HUES]
    assert np.argmax(blue) != np.argmax(appearance(image)[12 : 12 + HUES])


def test_black_white_and_repeated_pixels_are_shares() -> None:
    image = np.full((100, 100, 3), 128, np.uint8)
    image[:50] = 0
    image[90:] = 255
    black, white, repeated, entropy = appearance(image)[-4:]
    assert (black, white, repeated) == (0.5, 0.1, 1.0)
    assert 0 < entropy < 0.3
