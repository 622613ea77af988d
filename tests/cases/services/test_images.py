"""Uploads are stored clean and whole, or not at all."""

import io
from pathlib import Path

import pytest
from PIL import Image

from cases.errors import Conflict, InvalidInput, NotFound, StorageUnavailable
from cases.models import AuditEvent, LesionImage
from cases.pictures import sha256
from cases.services import images
from cases.services.draft_images import describe_image
from cases.services.orphan_files import remove_orphan_files
from cases.services.uploads import start_upload
from cases.storage import PrivateStorage, private_storage
from tests.drawings import jpeg
from tests.factories import CaseFactory, LesionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(north):
    return CaseFactory(patient__clinic=north.clinic)


@pytest.fixture
def lesion(case):
    return LesionFactory(patient=case.patient)


@pytest.fixture
def attach(north, case, lesion):
    def act(data=None, **changes):
        wanted = {"actor": north.staff, "case": case, "lesion": lesion, "image_type": "dermoscopic"}
        return images.attach_image(**{**wanted, "data": jpeg() if data is None else data, **changes})

    return act


def stored_files(media):
    return sorted(path.relative_to(media).as_posix() for path in Path(media).rglob("*") if path.is_file())


def test_a_picture_is_stored_clean_under_a_random_name(attach, media):
    exif = Image.Exif()
    exif[0x010E], exif[0x9286] = "Ada Lovelace", "MRN-17"
    buffer = io.BytesIO()
    Image.open(io.BytesIO(jpeg())).save(buffer, "JPEG", exif=exif, comment=b"Ada was here")
    image = attach(buffer.getvalue(), dermoscopic_type="contact polarized")
    with image.file.open("rb") as file:
        kept = file.read()
    assert sha256(buffer.getvalue()) == image.sha256
    assert sha256(kept) == image.stored_sha256
    assert b"Ada" not in kept
    assert b"MRN-17" not in kept
    assert (image.width, image.height, image.byte_size) == (400, 300, len(kept))
    assert stored_files(media) == sorted([image.file.name, image.thumbnail.name])
    assert (Path(media) / image.file.name).stat().st_mode & 0o077 == 0


def test_a_recognisable_person_is_kept_with_the_image_and_told_in_the_trail(attach):
    assert not attach().recognisable
    assert attach(jpeg(2), recognisable=True).recognisable
    told = [event.payload.get("recognisable") for event in AuditEvent.objects.filter(action="image_attached")]
    assert told == [None, True]


@pytest.mark.parametrize("site", ["face", "ear", "scalp", "neck"])
def test_near_the_face_it_has_to_be_said_whether_a_person_can_be_recognised(attach, case, site):
    near = LesionFactory(patient=case.patient, site=site)
    with pytest.raises(InvalidInput) as refusal:
        attach(lesion=near)
    assert list(refusal.value.errors) == ["recognisable"]
    assert not attach(jpeg(3), lesion=near, recognisable=False).recognisable
    assert attach(jpeg(4), lesion=near, recognisable=True).recognisable


def test_a_new_kind_leaves_the_recognisable_person_as_it_was(attach, north):
    image = attach(recognisable=True)
    changed = describe_image(actor=north.staff, image=image, image_type="clinical: overview")
    assert (changed.image_type, changed.recognisable) == ("clinical: overview", True)


def test_a_new_kind_leaves_what_was_done_to_the_image_as_it_was(attach, north):
    image = attach(image_manipulation="altered")
    kept = {"actor": north.staff, "image": image, "image_type": "clinical: overview"}
    assert describe_image(**kept).image_manipulation == "altered"
    with pytest.raises(InvalidInput) as refusal:
        describe_image(**kept, image_manipulation="painted")
    assert list(refusal.value.errors) == ["image_manipulation"]
    assert describe_image(**kept, image_manipulation="").image_manipulation == ""


def test_a_private_file_has_no_address(attach):
    with pytest.raises(ValueError, match="no address"):
        attach().file.url  # noqa: B018


def test_the_same_bytes_twice_are_one_image(attach, media):
    assert attach() == attach()
    assert LesionImage.objects.count() == 1
    assert len(stored_files(media)) == 2


def test_the_same_bytes_as_something_else_than_they_are_kept_as_are_a_conflict(attach, north, case, lesion):
    first = attach()
    file = {"byte_size": len(jpeg()), "sha256": first.sha256, "image_type": "dermoscopic"}
    announced = {"actor": north.staff, "case": case, "lesion": lesion, "image_manipulation": "synthetic", **file}
    for again in (lambda: attach(image_manipulation="synthetic"), lambda: start_upload(**announced)):
        with pytest.raises(Conflict, match=r"as “As photographed”\. To say that it is “Generated”") as refusal:
            again()
        assert refusal.value.existing == first
    describe_image(actor=north.staff, image=first, image_type="dermoscopic", image_manipulation="altered")
    with pytest.raises(Conflict, match="as “Altered”"):
        attach(image_manipulation="synthetic")
    assert attach(image_manipulation="altered") == attach() == first
    assert start_upload(**{**announced, "image_manipulation": "altered"}).completed_at
    assert LesionImage.objects.get().image_manipulation == "altered"


def test_the_same_bytes_for_another_lesion_are_a_conflict(attach, case):
    first = attach()
    with pytest.raises(Conflict) as refusal:
        attach(lesion=LesionFactory(patient=case.patient))
    assert refusal.value.existing == first


@pytest.mark.parametrize(
    "data",
    [b"", b"not a picture at all", jpeg()[:2000], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7 " * 100],
    ids=["empty", "text", "truncated", "svg", "pdf"],
)
def test_bytes_that_are_no_picture_leave_nothing_behind(attach, data, media):
    with pytest.raises(InvalidInput) as refusal:
        attach(data)
    assert list(refusal.value.errors) == ["file"]
    assert not LesionImage.objects.exists()
    assert not AuditEvent.objects.exists()
    assert stored_files(media) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"image_type": ""}, "image_type"),
        ({"image_type": "x-ray"}, "image_type"),
        ({"dermoscopic_type": "polarized"}, "dermoscopic_type"),
        ({"image_type": "clinical: overview", "dermoscopic_type": "contact polarized"}, "dermoscopic_type"),
    ],
)
def test_a_wrong_field_is_named(attach, changes, field, media):
    with pytest.raises(InvalidInput) as refusal:
        attach(**changes)
    assert list(refusal.value.errors) == [field]
    assert stored_files(media) == []


def test_a_lesion_of_another_patient_is_refused(attach, north):
    with pytest.raises(InvalidInput) as refusal:
        attach(lesion=LesionFactory(patient__clinic=north.clinic))
    assert "lesion" in refusal.value.errors


def test_a_foreign_clinic_attaches_nothing(attach, south, media):
    with pytest.raises(NotFound):
        attach(actor=south.staff)
    assert stored_files(media) == []


def test_images_are_attached_to_open_cases_only(attach, north):
    submitted = CaseFactory(patient__clinic=north.clinic, submitted=True)
    with pytest.raises(Conflict, match="submitted") as refusal:
        attach(case=submitted, lesion=LesionFactory(patient=submitted.patient))
    assert "ready" in refusal.value.legal


def test_a_transaction_that_fails_takes_its_files_with_it(attach, media, monkeypatch):
    def broken(**_):
        raise RuntimeError("the trail is away")

    monkeypatch.setattr("cases.services.audit.record", broken)
    with pytest.raises(RuntimeError):
        attach()
    assert not LesionImage.objects.exists()
    assert stored_files(media) == []


@pytest.mark.parametrize("survives", [0, 1], ids=["first file", "second file"])
def test_a_full_disk_leaves_no_half_file(attach, media, monkeypatch, survives):
    written = []

    def fills_up(self, name, content):
        if len(written) < survives:
            written.append(name)
            return original(self, name, content)
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    original = PrivateStorage._save
    monkeypatch.setattr(PrivateStorage, "_save", fills_up)
    with pytest.raises(StorageUnavailable):
        attach()
    assert stored_files(media) == []
    assert not LesionImage.objects.exists()
    monkeypatch.undo()
    assert attach().pk  # room again: the same act works


def test_files_without_a_row_are_removed_once_they_are_old(attach, media):
    from datetime import timedelta

    from django.core.files.base import ContentFile
    from django.utils import timezone

    image = attach()
    private_storage().save("images/ab/orphan.jpg", ContentFile(b"left by a crash"))
    assert remove_orphan_files() == 0  # it may be an upload in flight
    assert remove_orphan_files(now=timezone.now() + timedelta(hours=2)) == 1
    assert stored_files(media) == sorted([image.file.name, image.thumbnail.name])
