"""Pictures that the network in use gives an answer about: real ones where they are, drawn ones elsewhere."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from inference.bundle import Bundle
from inference.metadata import Metadata
from inference.predictor import Predictor
from tests import ham10000
from tests.drawings import jpeg

MOST_TRIED = 40
_KNOWN = Metadata(age=69.0, sex="female", localization="back")  # about what the cases here say of themselves


def answered_pictures(bundle: Path) -> Iterator[bytes]:
    """Each a different one; the tests are about the clinic, so what the network abstains from is passed over."""
    predictor = Predictor(Bundle.load(bundle))
    candidates = itertools.chain(_real_pictures(), map(jpeg, itertools.count(100)))
    for picture in itertools.islice(candidates, MOST_TRIED):
        if predictor.predict(picture, _KNOWN).abstain_reason is None:
            yield picture


def _real_pictures() -> Iterator[bytes]:
    paths = sorted(ham10000.folder().glob("HAM10000_images_part_1/ISIC_*.jpg"))[: MOST_TRIED // 2]
    return (path.read_bytes() for path in paths)
