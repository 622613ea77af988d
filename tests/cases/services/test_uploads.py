"""Files in parts: whatever breaks off, every byte counts once, and the end is one image or nothing."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from cases.errors import Conflict, FiledElsewhere, InvalidInput, NotFound, OffsetMismatch, StorageUnavailable
from cases.models import AuditEvent, LesionImage, Upload
from cases.pictures import sha256
from cases.services import submission, sweep, uploads
from cases.services.draft_images import remove_image
from cases.services.images import attach_image
from cases.services.orphan_files import remove_orphan_files
from cases.services.retakes import decline_retake, withdraw_request
from cases.storage import private_storage
from tests.drawings import jpeg
from tests.factories import CaseFactory, LesionFactory, LesionImageFactory, RetakeRequestFactory

pytestmark = pytest.mark.django_db
FILE = jpeg(1)
HALF = len(FILE) // 2


@pytest.fixture
def case(north):
    case = CaseFactory(patient__clinic=north.clinic)
    case.lesion = LesionFactory(patient=case.patient)
    return case


class Sending:
    """One person of a clinic who sends files into one case."""

    def __init__(self, staff, case):
        self.staff, self.case = staff, case

    def start(self, data=FILE, **changes):
        announced = {"byte_size": len(data), "sha256": sha256(data), "image_type": "dermoscopic"}
        whose = {"actor": self.staff, "case": self.case, "lesion": self.case.lesion}
        return uploads.start_upload(**{**whose, **announced, **changes})

    def send(self, upload, offset=0, part=FILE):
        return uploads.receive_part(actor=self.staff, upload=upload, offset=offset, part=part)

    def complete(self, upload, **kwargs):
        return uploads.complete_upload(actor=self.staff, upload=upload, **kwargs)


@pytest.fixture
def sending(north, case):
    return Sending(north.staff, case)


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """`with committed():` does what waits for the commit."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def parts(media):
    return [path for path in Path(media).glob("uploads/*") if path.is_file()]


def told(action):
    return [event.payload for event in AuditEvent.objects.filter(action=action)]


def test_a_file_in_two_parts_becomes_the_image_that_it_would_be_whole(sending, media, case):
    upload = sending.send(sending.start(dermoscopic_type="contact polarized", recognisable=True), 0, FILE[:HALF])
    assert (upload.offset, upload.percent) == (HALF, 100 * HALF // len(FILE))
    (part,) = parts(media)
    assert part.stat().st_mode & 0o077 == 0
    assert part.name == upload.pk.hex
    image = sending.complete(sending.send(upload, HALF, FILE[HALF:]))
    assert (image.sha256, image.dermoscopic_type, image.recognisable) == (sha256(FILE), "contact polarized", True)


def test_what_was_begun_is_gone_on_with(sending):
    upload = sending.send(sending.start(), 0, FILE[:HALF])
    again = sending.start(image_type="clinical: close-up")
    assert (again.pk, again.offset, again.image_type) == (upload.pk, HALF, "clinical: close-up")
    assert told("upload_started") == [{"case": str(upload.case_id), "bytes": len(FILE)}]


def test_near_the_face_it_is_said_before_anything_travels(sending):
    sending.case.lesion = LesionFactory(patient=sending.case.patient, site="face")
    with pytest.raises(InvalidInput) as refusal:
        sending.start()
    assert list(refusal.value.errors) == ["recognisable"]
    assert sending.complete(sending.send(sending.start(recognisable=True))).recognisable


@pytest.mark.parametrize("offset", [0, HALF - 1, HALF + 1, len(FILE)])
def test_a_part_at_another_offset_is_refused_with_the_right_one(sending, offset):
    upload = sending.send(sending.start(), 0, FILE[:HALF])
    with pytest.raises(OffsetMismatch) as refusal:
        sending.send(upload, offset, FILE[offset:] or b"x")
    assert refusal.value.offset == HALF
    assert Upload.objects.get().offset == HALF


@pytest.mark.parametrize("part", [b"", FILE + b"x"], ids=["nothing", "too much"])
def test_a_part_that_is_empty_or_too_long_is_refused(sending, part):
    with pytest.raises(InvalidInput, match="still to come"):
        sending.send(sending.start(), 0, part)
    assert Upload.objects.get().offset == 0


def test_bytes_behind_the_offset_do_not_count(sending):
    """As after a crash between the write and the commit."""
    upload = sending.send(sending.start(), 0, FILE[:HALF])
    with Path(private_storage().path(upload.part_name)).open("ab") as file:
        file.write(b"never committed" * 1000)
    assert sending.complete(sending.send(upload, HALF, FILE[HALF:])).sha256 == sha256(FILE)


def test_a_file_that_is_not_whole_yet_is_not_completed(sending):
    with pytest.raises(OffsetMismatch):
        sending.complete(sending.send(sending.start(), 0, FILE[:HALF]))
    assert not LesionImage.objects.exists()


def test_an_upload_that_is_complete_has_no_bytes_left_and_answers_its_image_again(sending, media, north, committed):
    upload = sending.send(sending.start())
    with committed():
        image = sending.complete(upload)
    assert parts(media) == []
    assert sending.complete(upload) == image
    with pytest.raises(OffsetMismatch):
        sending.send(upload, 0)
    with pytest.raises(Conflict, match="complete"):
        uploads.discard_upload(actor=north.staff, upload=upload)
    remove_image(actor=north.staff, image=image)
    with pytest.raises(NotFound, match="removed"):
        sending.complete(upload)
    assert sending.start().offset == 0


def test_the_same_file_twice_is_one_image_and_the_second_time_nothing_travels(sending):
    image = sending.complete(sending.send(sending.start()))
    again = sending.start()
    assert again.offset == len(FILE)
    assert sending.complete(again) == image
    assert LesionImage.objects.count() == 1


def test_a_file_that_came_whole_meanwhile_is_still_one_image(sending, north, case):
    upload = sending.send(sending.start())
    image = attach_image(actor=north.staff, case=case, lesion=case.lesion, image_type="dermoscopic", data=FILE)
    assert sending.complete(upload) == image


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"byte_size": 0}, "byte_size"),
        ({"byte_size": 20_000_001}, "byte_size"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"sha256": "a" * 63}, "sha256"),
        ({"image_type": "x-ray"}, "image_type"),
        ({"override_reason": "no"}, "override_reason"),
    ],
)
def test_what_is_announced_wrongly_is_named(sending, changes, field):
    with pytest.raises(InvalidInput) as refusal:
        sending.start(**changes)
    assert list(refusal.value.errors) == [field]
    assert not Upload.objects.exists()


def test_the_same_digest_with_another_length_is_refused(sending):
    sending.start()
    with pytest.raises(InvalidInput, match="begun with"):
        sending.start(byte_size=len(FILE) + 1)


@pytest.mark.parametrize("data", [b"no picture at all" * 99, FILE[:-900]], ids=["text", "cut off"])
def test_a_file_that_is_no_picture_goes_with_its_bytes(sending, media, data, committed):
    upload = sending.send(sending.start(data), 0, data)
    with committed(), pytest.raises(InvalidInput):
        sending.complete(upload)
    assert (parts(media), Upload.objects.count(), LesionImage.objects.count()) == ([], 0, 0)
    assert told("upload_discarded")[0]["why"] == "unusable"


def test_bytes_that_are_not_those_announced_are_no_image(sending):
    upload = sending.send(sending.start(), 0, FILE[:-1] + b"\0")
    with pytest.raises(InvalidInput, match="not the file that was announced"):
        sending.complete(upload)
    assert not LesionImage.objects.exists()
    assert sending.start().offset == 0


@pytest.fixture
def known(north):
    """FILE, filed under another patient."""
    return LesionImageFactory(case__patient__clinic=north.clinic, seed=1).case


def test_the_file_of_another_patient_is_refused_before_it_travels_until_a_reason_is_typed(sending, known):
    with pytest.raises(FiledElsewhere) as refusal:
        sending.start()
    assert refusal.value.existing == known
    assert not Upload.objects.exists()
    image = sending.complete(sending.send(sending.start(override_reason="Sent twice by the camera.")))
    assert image.override_reason == "Sent twice by the camera."
    assert AuditEvent.objects.filter(action="image_overridden").count() == 1


def test_a_look_alike_is_found_at_the_end_and_nothing_has_to_travel_again(sending, north):
    smooth = LesionImageFactory(case__patient__clinic=north.clinic, seed=1)
    with smooth.file.open("rb") as file:
        copy = file.read()  # encoded anew: other bytes, the same picture
    upload = sending.send(sending.start(copy), 0, copy)
    with pytest.raises(FiledElsewhere):
        sending.complete(upload)
    assert Upload.objects.get().offset == len(copy)
    assert sending.complete(upload, override_reason="Sent twice by the camera.").override_reason


def test_another_clinic_neither_begins_nor_goes_on_nor_ends(sending, south, case):
    upload = sending.send(sending.start(), 0, FILE[:HALF])
    acts = [
        lambda: sending.start(actor=south.staff),
        lambda: uploads.receive_part(actor=south.staff, upload=upload, offset=HALF, part=FILE[HALF:]),
        lambda: uploads.complete_upload(actor=south.staff, upload=upload),
        lambda: uploads.discard_upload(actor=south.staff, upload=upload),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            act()
    assert Upload.objects.get().offset == HALF


def test_a_full_disk_keeps_the_offset(sending, monkeypatch):
    upload = sending.send(sending.start(), 0, FILE[:HALF])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploads, "write_at", full)
    with pytest.raises(StorageUnavailable):
        sending.send(upload, HALF, FILE[HALF:])
    assert Upload.objects.get().offset == HALF


@pytest.mark.parametrize("end", ["discard", "cancel", "submit"])
def test_an_upload_ends_with_its_bytes(end, sending, media, committed):
    upload = sending.send(sending.start(), 0, FILE[:HALF])
    with committed():
        if end == "discard":
            uploads.discard_upload(actor=sending.staff, upload=upload)
        elif end == "cancel":
            submission.cancel_case(actor=sending.staff, case=sending.case)
        else:
            LesionImageFactory(case=sending.case, lesion=sending.case.lesion, seed=9)
            submission.submit_case(actor=sending.staff, case=sending.case)
    assert (parts(media), Upload.objects.count()) == ([], 0)
    (trace,) = told("upload_discarded")
    assert trace["why"] == {"discard": "person", "cancel": "cancelled", "submit": "submitted"}[end]
    with pytest.raises(NotFound):
        sending.send(upload, HALF, FILE[HALF:])


@pytest.mark.parametrize("end", ["declined", "withdrawn"])
def test_an_upload_ends_when_no_other_image_is_awaited_any_more(end, north, media, committed):
    case = RetakeRequestFactory(case__patient__clinic=north.clinic).case
    case.lesion = LesionFactory(patient=case.patient)
    sending = Sending(north.staff, case)
    sending.send(sending.start(), 0, FILE[:HALF])
    with committed():
        if end == "declined":
            decline_retake(actor=north.staff, case=case, unable="patient_away")
        else:
            withdraw_request(dermatologist=north.dermatologist, case=case)
    assert (parts(media), Upload.objects.count()) == ([], 0)


def test_a_submitted_case_takes_no_part(sending, case):
    upload = sending.start()
    case.state = "ready"
    case.submitted_at = case.ready_at = timezone.now()
    case.save()
    with pytest.raises(Conflict, match="ready"):
        sending.send(upload)


def test_what_nobody_came_back_to_is_swept_with_its_bytes(sending, media, committed):
    upload, fresh = (
        sending.send(sending.start(), 0, FILE[:HALF]),
        sending.send(sending.start(jpeg(2)), 0, jpeg(2)[:HALF]),
    )
    Upload.objects.filter(pk=upload.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with committed():
        assert [sweep.expire_uploads() for _ in range(2)] == [1, 0]
    assert [path.name for path in parts(media)] == [fresh.pk.hex]
    assert list(Upload.objects.all()) == [fresh]
    (trace,) = AuditEvent.objects.filter(action="upload_discarded")
    assert (trace.actor, trace.payload["why"]) == (None, "expired")


def test_a_part_puts_the_expiry_off(sending):
    upload = sending.start()
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    sending.send(upload, 0, FILE[:HALF])
    assert sweep.expire_uploads() == 0


def test_only_bytes_that_no_upload_speaks_of_are_orphans(sending, media):
    sending.send(sending.start(), 0, FILE[:HALF])
    Path(media, "uploads", "0" * 32).write_bytes(b"left by a crash")
    later = timezone.now() + timedelta(hours=2)
    assert remove_orphan_files(now=later) == 1
    assert len(parts(media)) == 1


def test_an_image_taken_again_goes_with_the_arrival_of_the_new_one_and_asked_again_the_new_one_is_answered(sending):
    old = sending.complete(sending.send(sending.start()))
    upload = sending.send(sending.start(jpeg(2)), 0, jpeg(2))
    image = sending.complete(upload, instead_of=old.pk)
    assert list(LesionImage.objects.all()) == [image]
    assert sending.complete(upload, instead_of=old.pk) == image


def test_an_image_taken_again_stays_where_the_new_one_does_not_come(sending):
    old, torn = sending.complete(sending.send(sending.start())), jpeg(2)[:-900]
    with pytest.raises(InvalidInput):
        sending.complete(sending.send(sending.start(torn), 0, torn), instead_of=old.pk)
    assert sending.complete(sending.start(), instead_of=old.pk) == old  # the very same file
    assert list(LesionImage.objects.all()) == [old]


def test_only_an_image_of_the_same_lesion_is_taken_again_and_nothing_of_another_clinic(sending, south):
    upload = sending.send(sending.start())
    aside = LesionImageFactory(case=sending.case, seed=5, lesion=LesionFactory(patient=sending.case.patient))
    with pytest.raises(InvalidInput, match="same lesion"):
        sending.complete(upload, instead_of=aside.pk)
    foreign = LesionImageFactory(case__patient__clinic=south.clinic, seed=6)
    image = sending.complete(upload, instead_of=foreign.pk)
    assert set(LesionImage.objects.all()) == {image, aside, foreign}


def test_announced_again_nobody_forgets_a_person_nor_a_reason_and_the_trail_tells_what_changed(sending):
    sending.start(recognisable=True, override_reason="Sent twice by the camera.")
    assert told("upload_changed") == []
    upload = sending.start(image_type="clinical: close-up")
    assert (upload.recognisable, upload.override_reason) == (True, "Sent twice by the camera.")
    (change,) = told("upload_changed")
    assert (change["fields"], change["image_type"]) == (["image_type"], "clinical: close-up")
    assert sending.start(image_type="clinical: close-up") == upload
    assert len(told("upload_changed")) == 1


def test_of_two_completions_at_once_the_slower_is_answered_the_image_too(sending, monkeypatch):
    """The bytes go between the look at the row and the look at the file."""
    upload, whole = sending.send(sending.start()), uploads._whole
    made = []

    def overtaken(row):
        monkeypatch.setattr(uploads, "_whole", whole)
        made.append(sending.complete(upload))
        private_storage().delete(upload.part_name)
        return whole(row)

    monkeypatch.setattr(uploads, "_whole", overtaken)
    assert sending.complete(upload) == made[0]
    assert told("upload_discarded") == []
    assert Upload.objects.get().completed_at


def test_a_case_has_so_many_uploads_open_and_no_more(sending, settings):
    settings.UPLOADS_OPEN_PER_CASE = 2
    first, _ = sending.start(jpeg(1)), sending.start(jpeg(2))
    with pytest.raises(Conflict, match="Finish or discard"):
        sending.start(jpeg(3))
    assert sending.start(jpeg(1)) == first  # which is gone on with
    uploads.discard_upload(actor=sending.staff, upload=first)
    assert sending.start(jpeg(3))


def test_a_clinic_has_so_many_bytes_open_and_no_more(sending, settings, north, south):
    settings.UPLOADS_OPEN_BYTES = len(FILE) + 10
    sending.start()
    other = CaseFactory(patient__clinic=north.clinic)
    with pytest.raises(StorageUnavailable, match="Finish or discard"):
        sending.start(jpeg(2), case=other, lesion=LesionFactory(patient=other.patient))
    strange = CaseFactory(patient__clinic=south.clinic)
    assert sending.start(actor=south.staff, case=strange, lesion=LesionFactory(patient=strange.patient))


def test_what_is_there_already_is_announced_again_without_a_row_or_an_event_more(sending, north, case):
    attach_image(actor=north.staff, case=case, lesion=case.lesion, image_type="dermoscopic", data=FILE)
    assert len({sending.start().pk for _ in range(3)}) == 1
    assert told("upload_started") == []
