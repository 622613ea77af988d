"""Tidying the media folder: cheap, never stopped by one file, and never at the cost of a file that has its row."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from cases.management.commands import doctor, sweep
from cases.services import images, orphan_files
from cases.services.orphan_files import TooManyOrphans, find_orphan_files, remove_orphan_files
from cases.storage import private_storage
from tests.drawings import jpeg
from tests.factories import CaseFactory, LesionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(north):
    case = CaseFactory(patient__clinic=north.clinic)
    lesion = LesionFactory(patient=case.patient)
    return images.attach_image(actor=north.staff, case=case, lesion=lesion, image_type="dermoscopic", data=jpeg())


def later():
    return timezone.now() + timedelta(hours=2)


def test_two_questions_however_many_files(image, media, django_assert_num_queries):
    with django_assert_num_queries(2):  # for images and for uploads; picture and thumbnail are old, and known
        assert remove_orphan_files(now=later()) == 0


def test_a_file_that_goes_meanwhile_does_not_stop_the_others(image, media):
    gone = Path(private_storage().path("images/ab/gone.jpg"))
    gone.parent.mkdir(parents=True, exist_ok=True)
    gone.symlink_to(gone.parent / "nowhere")  # listed, and not there when it is looked at
    private_storage().save("images/ab/orphan.jpg", ContentFile(b"left by a crash"))
    assert remove_orphan_files(now=later()) == 1


def test_a_row_that_came_after_the_list_keeps_its_files(image, media, monkeypatch):
    monkeypatch.setattr(orphan_files, "_names_of_images", list)  # the list as it was before this image's row
    assert remove_orphan_files(now=later()) == 0
    assert private_storage().exists(image.file.name)
    assert private_storage().exists(image.thumbnail.name)


def test_orphans_are_found_beside_known_files_in_folders_of_their_own_and_among_uploads(image, media):
    storage = private_storage()
    beside = Path(image.file.name).parent / "orphan.jpg"
    for name in (beside, "images/zz/orphan.jpg", "uploads/orphan"):
        storage.save(str(name), ContentFile(b"left by a crash"))
    assert remove_orphan_files(now=later()) == 3
    assert all(storage.exists(file.name) for file in (image.file, image.thumbnail))
    assert not storage.exists(str(beside))


def test_more_orphans_than_are_asked_about_at_once(image, media, monkeypatch):
    monkeypatch.setattr(orphan_files, "_ASKED_AT_ONCE", 2)
    for number in range(5):
        private_storage().save(f"images/ab/{number}.jpg", ContentFile(b"left by a crash"))
    assert remove_orphan_files(now=later()) == 5
    assert private_storage().exists(image.file.name)


def left_over(count, media):
    """Files without a row, hours old."""
    for number in range(count):
        name = private_storage().save(f"images/ab/{number}.jpg", ContentFile(b"put back from a backup"))
        long_ago = later().timestamp() - 86400
        os.utime(private_storage().path(name), (long_ago, long_ago))


def files(media):
    return sorted(path for path in Path(media).rglob("*") if path.is_file())


def test_no_picture_goes_where_the_database_knows_none_as_before_a_backup_is_put_back(media, caplog):
    left_over(3, media)
    kept = files(media)
    for _ in range(2):  # nor a few each hour
        assert remove_orphan_files() == 0
    assert remove_orphan_files(however_many=True) == 0
    assert files(media) == kept
    assert "the database has no image" in caplog.text
    with pytest.raises(TooManyOrphans, match="whole"):
        doctor._media()


def test_none_of_many_goes_unless_somebody_says_so_once(image, media, monkeypatch, caplog):
    monkeypatch.setattr(orphan_files, "_MOST", 4)
    left_over(5, media)
    kept = files(media)
    assert sweep._tidy()["orphan_files_removed"] == 0
    assert files(media) == kept
    assert "More than 4 files" in caplog.text
    with pytest.raises(TooManyOrphans):
        doctor._media()
    assert sweep._tidy(however_many=True)["orphan_files_removed"] == 5
    assert files(media) == sorted(Path(file.path) for file in (image.file, image.thumbnail))


def test_how_many_are_too_many_grows_with_what_is_known(image, media, monkeypatch):
    monkeypatch.setattr(orphan_files, "_MOST", 0)
    monkeypatch.setattr(orphan_files, "_MOST_OF_KNOWN", 1)  # two files are known
    left_over(2, media)
    assert len(find_orphan_files()) == 2
    assert doctor._media() == "2 old files without a row"
    left_over(1, media)
    with pytest.raises(TooManyOrphans):
        find_orphan_files()
