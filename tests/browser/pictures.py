"""Pictures that the network in use gives an answer about: real ones where they are, drawn ones elsewhere."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from inference.bundle import Bundle
from inference.metadata import Metadata
from inference.predictor import Predictor
from tests import ham10000
from tests.drawings import jpeg

REAL = 20
MOST_REFUSED = 10  # one after another
_KNOWN = Metadata(age=69.0, sex="female", localization="back")  # about what the cases here say of themselves


def answered_pictures(bundle: Path) -> Iterator[bytes]:
    """Each a different one, without end; the tests are about the clinic, so what the network abstains from is passed over.

    Raises ``AssertionError`` where it abstains from ten in a row: it then answers nothing that can be drawn here.
    """
    predictor = Predictor(Bundle.load(bundle))
    reasons: list[str] = []
    for picture in itertools.chain(_real_pictures(), map(jpeg, itertools.count(100))):
        reason = predictor.predict(picture, _KNOWN).abstain_reason
        if reason is None:
            reasons.clear()
            yield picture
        else:
            reasons.append(reason)
            assert len(reasons) < MOST_REFUSED, f"{bundle.name} answers no picture of ours: {reasons}"


def _real_pictures() -> Iterator[bytes]:
    paths = sorted(ham10000.folder().glob("HAM10000_images_part_1/ISIC_*.jpg"))[:REAL]
    return (path.read_bytes() for path in paths)
