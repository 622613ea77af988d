"""A copy in other colours is found, and another lesion in the same light is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.pictures import Pictures
from training.data.splits import near_duplicates
from training.data.twins import all_duplicates, identical, recoloured_duplicates

POSES = {
    "upright": lambda image: image,
    "mirrored": lambda image: image[:, ::-1],
    "upside down": lambda image: image[::-1],
    "turned": lambda image: image[::-1, ::-1],
}


def _recoloured(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray((image * np.array([1.1, 0.85, 0.6]) + [5, 0, 12]).clip(0, 255), dtype=np.uint8)


@pytest.mark.parametrize("pose", POSES)
def test_a_copy_in_other_colours_is_found_in_each_pose(pictures: Pictures, pose: str) -> None:
    copy = _recoloured(POSES[pose](pictures.stored[7]))
    planted = np.concatenate([pictures.stored[:40], copy[None]])
    assert recoloured_duplicates(planted) == [(7, 40)]
    assert near_duplicates(planted) == []  # why there are two
    assert all_duplicates(planted) == [(7, 40)]


def test_no_drawing_passes_for_another(pictures: Pictures) -> None:
    assert recoloured_duplicates(pictures.stored) == []


def test_a_flat_picture_is_no_twin_of_anything(pictures: Pictures) -> None:
    flat = np.full_like(pictures.stored[:2], 90)
    assert recoloured_duplicates(np.concatenate([pictures.stored[:5], flat])) == []


def test_the_same_pixels_twice_are_identical_and_a_changed_one_is_not(pictures: Pictures) -> None:
    copies = np.concatenate([pictures.stored[:3], pictures.stored[1:2], pictures.stored[1:3]])
    copies[5, 0, 0, 0] ^= 1
    assert identical(copies) == [(1, 3), (1, 4)]
