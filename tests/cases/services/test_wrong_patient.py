"""The picture of one patient does not slip into the case of another."""

import io
import threading

import numpy as np
import pytest
from django.db import connection
from PIL import Image, ImageEnhance

from cases.errors import FiledElsewhere, InvalidInput
from cases.models import AuditEvent, LesionImage
from cases.pictures import clean_picture
from cases.selectors import twins
from cases.services.images import attach_image
from cases.storage import private_storage
from tests.factories import CaseFactory, LesionFactory

pytestmark = pytest.mark.django_db
WHY = "Twins; both were photographed, and the camera names were mixed up."


def photograph(seed=0):
    """Smooth like skin: cells of another brightness everywhere, as every real picture has."""
    cells = np.random.default_rng(seed).integers(60, 220, (7, 9, 3)).astype(np.uint8)
    return Image.fromarray(cells).resize((400, 300), Image.Resampling.BICUBIC)


def saved(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, options.pop("format", "JPEG"), **options)
    return buffer.getvalue()


def in_spite_of_it(file_for, data, why):
    """Filed with a reason, once its writer was shown what it is about."""
    case = CaseFactory(patient__clinic=LesionImage.objects.first().case.patient.clinic)
    with pytest.raises(FiledElsewhere):
        file_for(data, case=case)
    return file_for(data, case=case, override_reason=why)


@pytest.fixture
def file_for(north):
    """`file_for(patient)`: files a picture in a new case of this patient, or of somebody new."""

    def act(data, *, patient=None, case=None, clinic=north, **kwargs):
        known = {"patient": patient} if patient else {"patient__clinic": clinic.clinic}
        case = case or CaseFactory(**known)
        lesion = case.patient.lesions.first() or LesionFactory(patient=case.patient)
        wanted = {"actor": clinic.staff, "case": case, "lesion": lesion, "image_type": "dermoscopic", "data": data}
        return attach_image(**{**wanted, **kwargs})

    return act


COPIES = {
    "the file itself": saved,
    "saved anew": lambda image: saved(image, quality=50),
    "another format": lambda image: saved(image, format="PNG"),
    "half the size": lambda image: saved(image.resize((200, 150))),
    "brighter": lambda image: saved(ImageEnhance.Brightness(image).enhance(1.15)),
    "cut a little": lambda image: saved(image.crop((4, 3, 396, 297))),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_picture_of_another_patient_is_held_up_and_says_where_it_is(name, file_for, media):
    first = file_for(saved(photograph()))
    kept = sorted(media.rglob("*.jpg"))
    with pytest.raises(FiledElsewhere) as refusal:
        file_for(COPIES[name](photograph()))
    assert first.case.patient.pseudonym in str(refusal.value)
    assert str(first.case) in str(refusal.value)
    assert refusal.value.existing == first.case
    assert LesionImage.objects.count() == 1
    assert sorted(media.rglob("*.jpg")) == kept


def test_other_pictures_other_cases_of_the_patient_and_other_clinics_are_no_matter(file_for, south):
    first = file_for(saved(photograph()))
    file_for(saved(photograph(1)))
    file_for(saved(photograph()), patient=first.case.patient)
    file_for(saved(photograph()), clinic=south)
    assert LesionImage.objects.count() == 4


def test_with_a_reason_it_is_filed_and_the_trail_tells_why_and_beside_what(file_for, north):
    first = file_for(saved(photograph()))
    second = in_spite_of_it(file_for, saved(photograph(), quality=80), f"  {WHY} ")
    event = AuditEvent.objects.get(action="image_overridden")
    assert second.override_reason == WHY
    assert (event.object_id, event.actor, event.purpose) == (str(second.pk), north.staff, WHY)
    assert event.payload == {"case": str(second.case_id), "also": str(first.pk), "same_bytes": False}


def test_a_reason_is_about_the_picture_that_its_writer_was_shown(file_for, north):
    first = file_for(saved(photograph()))
    with pytest.raises(FiledElsewhere, match="Your reason was not about this picture") as refusal:
        file_for(saved(photograph()), override_reason=WHY)
    assert refusal.value.existing == first.case
    shown = AuditEvent.objects.get(action="image_refused")
    assert (shown.actor, shown.payload) == (north.staff, {"also": str(first.pk), "same_bytes": True})


def test_a_reason_about_another_twin_is_asked_for_again(file_for):
    """Between the refusal and the reason a third patient got the picture, and that is the newest now."""
    file_for(saved(photograph()))
    case = CaseFactory(patient__clinic=LesionImage.objects.get().case.patient.clinic)
    with pytest.raises(FiledElsewhere):
        file_for(saved(photograph()), case=case)
    third = in_spite_of_it(file_for, saved(photograph()), WHY)
    with pytest.raises(FiledElsewhere) as refusal:
        file_for(saved(photograph()), case=case, override_reason=WHY)
    assert refusal.value.existing == third.case
    assert file_for(saved(photograph()), case=case, override_reason=WHY).override_reason == WHY


def test_what_a_colleague_was_shown_is_no_reason_of_ones_own(file_for, north):
    file_for(saved(photograph()))
    case = CaseFactory(patient__clinic=north.clinic)
    with pytest.raises(FiledElsewhere):
        file_for(saved(photograph()), case=case)
    with pytest.raises(FiledElsewhere, match="not about this picture"):
        file_for(saved(photograph()), case=case, actor=north.dermatologist, override_reason=WHY)


def test_a_reason_that_was_not_needed_is_not_kept(file_for):
    assert file_for(saved(photograph()), override_reason=WHY).override_reason == ""
    assert not AuditEvent.objects.filter(action="image_overridden").exists()


@pytest.mark.parametrize("reason", ["ok", "x" * 201], ids=["too short", "too long"])
def test_a_reason_has_to_say_something(file_for, reason):
    file_for(saved(photograph()))
    with pytest.raises(InvalidInput) as refusal:
        file_for(saved(photograph()), override_reason=reason)
    assert list(refusal.value.errors) == ["override_reason"]


@pytest.mark.parametrize("reason", ["", "   "], ids=["none", "blank"])
def test_the_same_bytes_in_the_same_case_stay_one_image(file_for, reason):
    first = file_for(saved(photograph()))
    again = file_for(saved(photograph()), case=first.case, override_reason=reason)
    assert again == first


def test_an_even_picture_looks_like_nothing(file_for):
    file_for(saved(Image.new("RGB", (400, 300), (4, 4, 4))))
    file_for(saved(Image.new("RGB", (400, 300), (9, 9, 9))))
    assert LesionImage.objects.count() == 2


def test_a_lost_thumbnail_is_no_evidence_and_no_fault(file_for):
    private_storage().delete(file_for(saved(photograph())).thumbnail.name)
    assert file_for(saved(photograph(), quality=60)).pk


def test_look_alikes_are_found_by_the_indexes_of_the_bands(file_for, django_assert_num_queries):
    """However many pictures there are: no query reads them all."""
    image = file_for(saved(photograph()))
    picture = clean_picture(saved(photograph(), quality=80))
    other = CaseFactory(patient__clinic=image.case.patient.clinic).patient
    with django_assert_num_queries(2):
        found = twins.look_alike_elsewhere(other, picture)
    assert found.image == image
    bands = [getattr(image, band) for band in twins.BANDS]
    assert "".join(bands) == image.phash
    wanted = LesionImage.objects.filter(phash_band_1=bands[0]).order_by()
    if connection.vendor == "sqlite":  # PostgreSQL reads a table of one row without its index, and is right to
        assert "image_by_phash_band_1" in wanted.explain()


def test_under_the_lock_only_what_was_filed_since_is_compared(file_for, monkeypatch):
    """Everybody who files a picture waits for that lock; the upload's own thumbnail is decoded once."""
    monkeypatch.setattr(twins, "LEAST_LIKENESS", 2)  # near by the hash, and yet another picture
    others = {file_for(saved(photograph(), quality=quality)).pk for quality in (70, 80, 90)}
    compared, decoded = [], []
    thumbnail_of, brightness = twins._thumbnail_of, twins.brightness
    monkeypatch.setattr(twins, "_thumbnail_of", lambda image: compared.append(image.pk) or thumbnail_of(image))
    monkeypatch.setattr(twins, "brightness", lambda thumbnail: decoded.append(1) or brightness(thumbnail))
    picture = clean_picture(saved(photograph()))
    patient = CaseFactory(patient__clinic=LesionImage.objects.first().case.patient.clinic).patient
    for _ in range(2):
        assert twins.look_alike_elsewhere(patient, picture) is None
    assert (set(compared), len(compared), len(decoded)) == (others, 3, 1)
    monkeypatch.setattr(twins, "LEAST_LIKENESS", 0.9)
    late = in_spite_of_it(file_for, saved(photograph(), quality=60), WHY)
    assert twins.look_alike_elsewhere(patient, picture).image == late


def test_an_upload_is_compared_once_and_not_again_under_the_lock(file_for, monkeypatch):
    monkeypatch.setattr(twins, "LEAST_LIKENESS", 2)
    first = file_for(saved(photograph()))
    compared, thumbnail_of = [], twins._thumbnail_of
    monkeypatch.setattr(twins, "_thumbnail_of", lambda image: compared.append(image) or thumbnail_of(image))
    file_for(saved(photograph(), quality=80))
    assert compared == [first]


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_held_up(file_for, north):
    """The check inside the transaction sees what was committed while this one waited."""
    cases = [CaseFactory(patient__clinic=north.clinic) for _ in range(2)]
    for case in cases:
        LesionFactory(patient=case.patient)
    ended, start = [], threading.Barrier(2)

    def act(case, data):
        start.wait()
        try:
            ended.append(file_for(data, case=case).pk)
        except FiledElsewhere:
            ended.append(None)
        finally:
            connection.close()

    both = [(case, saved(photograph(), quality=quality)) for case, quality in zip(cases, (90, 75), strict=True)]
    threads = [threading.Thread(target=act, args=each) for each in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(pk is None for pk in ended) == [False, True]
    assert LesionImage.objects.count() == 1
