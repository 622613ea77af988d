from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from training.data.pictures import Pictures
from training.data.records import Record
from training.synthesis.copies import Prints, is_copy, limits_from, nearest, perceptual_hash, prints_of


def _embedded(images: list[np.ndarray]) -> np.ndarray:
    """Stands for a network: colours of a coarse grid."""
    return np.stack([np.asarray(Image.fromarray(i).resize((4, 3))).ravel() / 255.0 for i in images])


@pytest.fixture(scope="module")
def known(pictures: Pictures) -> list[np.ndarray]:
    return [np.array(image) for image in pictures.stored]


@pytest.fixture(scope="module")
def prints(known: list[np.ndarray]) -> Prints:
    return prints_of(known, _embedded(known))


def test_a_copy_is_found_whatever_was_done_to_it(
    known: list[np.ndarray], prints: Prints, records: list[Record]
) -> None:
    limits = limits_from(prints, [record.lesion_id for record in records])
    original = Image.fromarray(known[5])
    small = original.resize((64, 48), Image.Resampling.BILINEAR)
    copies = [
        original,
        original.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        original.transpose(Image.Transpose.ROTATE_180),
        ImageEnhance.Brightness(original).enhance(1.1),
        small,
    ]
    arrays = [np.asarray(copy) for copy in copies]
    found = nearest(prints_of(arrays, _embedded(arrays)), prints)
    assert found["pixel"][1].tolist() == [5] * 5
    assert is_copy({way: distance for way, (distance, _) in found.items()}, limits).all()


def test_a_picture_of_another_lesion_is_no_copy(known: list[np.ndarray], prints: Prints, records: list[Record]) -> None:
    """By its own threshold: about a hundredth of the real pictures is nearer to another lesion than it allows."""
    lesions = [record.lesion_id for record in records]
    limits = limits_from(prints, lesions)
    alone = [i for i, lesion in enumerate(lesions) if lesions.count(lesion) == 1]
    flagged = []
    for i in alone:
        others = prints.rows([j for j in range(len(known)) if j != i])
        found = nearest(prints.rows([i]), others)
        flagged.append(bool(is_copy({way: distance for way, (distance, _) in found.items()}, limits)[0]))
    assert np.mean(flagged) < 0.1


def test_what_a_picture_was_edited_of_is_left_out(prints: Prints) -> None:
    found = nearest(prints.rows([5, 6]), prints, without=[[5], []], block=1)
    for _, which in found.values():
        assert which[0] != 5
        assert which[1] == 6


def test_distances_do_not_depend_on_the_block(prints: Prints) -> None:
    whole, parts = nearest(prints, prints, block=1000), nearest(prints, prints, block=7)
    for way in whole:
        np.testing.assert_allclose(whole[way][0], parts[way][0], atol=1e-6)


def test_the_hash_is_that_of_the_picture_not_of_its_brightness(known: list[np.ndarray]) -> None:
    darker = (known[0] * 0.8).astype(np.uint8)
    assert (perceptual_hash(known[0]) != perceptual_hash(darker)).sum() <= 3
    assert (perceptual_hash(known[0]) != perceptual_hash(known[40])).sum() > 10


def test_one_lesion_alone_gives_no_limits(prints: Prints) -> None:
    with pytest.raises(ValueError, match="one lesion alone"):
        limits_from(prints.rows([0, 1]), ["a", "a"])
