"""Two windows that send one file at the same time: each byte counts once, and one image comes of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from cases.errors import OffsetMismatch
from cases.models import LesionImage, Upload
from cases.pictures import sha256
from cases.services import uploads
from tests.drawings import jpeg
from tests.factories import CaseFactory, LesionFactory

pytestmark = pytest.mark.django_db(transaction=True)
FILE = jpeg(1)
WINDOWS = 4


def at_once(act):
    def window(_):
        try:
            return act()
        except OffsetMismatch as mismatch:
            return mismatch.offset
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WINDOWS) as pool:
        return list(pool.map(window, range(WINDOWS)))


def test_each_byte_counts_once_and_one_image_comes_of_it(north):
    case = CaseFactory(patient__clinic=north.clinic)
    announced = {"byte_size": len(FILE), "sha256": sha256(FILE), "image_type": "dermoscopic"}
    whose = {"actor": north.staff, "case": case, "lesion": LesionFactory(patient=case.patient)}
    begun = at_once(lambda: uploads.start_upload(**whose, **announced).pk)
    assert len(set(begun)) == 1
    upload = Upload.objects.get()
    sent = at_once(lambda: uploads.receive_part(actor=north.staff, upload=upload, offset=0, part=FILE))
    assert sorted(each == len(FILE) for each in sent) == [False, True, True, True]  # one was taken, three were told
    images = at_once(lambda: uploads.complete_upload(actor=north.staff, upload=upload).pk)
    assert len(set(images)) == LesionImage.objects.count() == 1
