"""On the real pictures, where they are at hand."""

import pytest

from inference.bundle import Bundle
from inference.decoding import decode, perceptual_hash, reencode_clean
from inference.preprocessing import prepare
from inference.quality import assess
from tests import ham10000

EVERY = 80

pytestmark = [
    pytest.mark.ham10000,
    pytest.mark.skipif(not ham10000.is_there(), reason=ham10000.MISSING),
]


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    files = sorted(ham10000.folder().glob("HAM10000_images_part_*/*.jpg"))
    return [file.read_bytes() for file in files[::EVERY]]


def test_real_pictures_are_decoded_and_hardly_one_is_called_unfit(pictures: list[bytes], bundle: Bundle) -> None:
    assert len(pictures) > 100
    reports = [assess(prepare(decode(data), bundle.manifest.input)) for data in pictures]
    unfit = [report.reasons for report in reports if not report.acceptable]
    assert len(unfit) <= 0.03 * len(pictures), unfit


def test_cleaning_keeps_a_pictures_perceptual_hash(pictures: list[bytes]) -> None:
    for data in pictures[:40]:
        before, after = perceptual_hash(decode(data)), perceptual_hash(decode(reencode_clean(data).bytes))
        assert (int(before, 16) ^ int(after, 16)).bit_count() <= 4


def test_different_pictures_have_different_hashes(pictures: list[bytes]) -> None:
    hashes = {perceptual_hash(decode(data)) for data in pictures}
    assert len(hashes) > 0.95 * len(pictures)
