"""A veiled image is shown to the one who asked, for a while, and the trail tells of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cases.errors import Conflict, Forbidden, InvalidInput, NotFound, Veiled
from cases.models import AuditEvent, LesionImage, Reveal
from cases.selectors.veils import ensure_shown, with_veils
from cases.services.draft_images import remove_image
from cases.services.veils import mark_recognisable, reveal_image, veil_again
from cases.vocabulary import Veil
from tests.factories import CaseFactory, LesionImageFactory, RevealFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(north):
    return LesionImageFactory(case__patient__clinic=north.clinic, lesion__site="genital")


@pytest.mark.parametrize(
    ("site", "recognisable", "veil"),
    [
        ("back", False, []),
        ("genital", False, [Veil.GENITAL]),
        ("face", False, []),  # a dermoscopic image of a face shows no face
        ("face", True, [Veil.RECOGNISABLE]),
        ("genital", True, [Veil.GENITAL, Veil.RECOGNISABLE]),
    ],
)
def test_what_is_veiled(north, site, recognisable, veil):
    image = LesionImageFactory(case__patient__clinic=north.clinic, lesion__site=site, recognisable=recognisable)
    assert image.veil == veil
    assert image.is_veiled == bool(veil)


def test_it_is_shown_to_the_one_who_asked_and_to_nobody_else(north, image):
    with pytest.raises(Veiled, match="genital area"):
        ensure_shown(north.dermatologist, image)
    reveal_image(viewer=north.dermatologist, image=image)
    ensure_shown(north.dermatologist, image)
    for other in (north.staff, north.admin, UserFactory(clinic=north.clinic, role="dermatologist")):
        with pytest.raises(Veiled):
            ensure_shown(other, image)


def test_showing_is_recorded_with_who_which_and_for_how_long(north, image):
    reveal = reveal_image(viewer=north.dermatologist, image=image)
    event = AuditEvent.objects.about(image.pk).get(action="image_revealed")
    assert event.actor == north.dermatologist
    assert event.payload == {"case": str(image.case_id), "veil": ["genital"], "until": reveal.until.isoformat()}
    assert reveal.until - reveal.revealed_at == timedelta(minutes=15)


def test_a_second_click_is_the_same_reveal(north, image):
    first = reveal_image(viewer=north.dermatologist, image=image)
    assert reveal_image(viewer=north.dermatologist, image=image) == first
    assert AuditEvent.objects.filter(action="image_revealed").count() == 1


def test_it_ends_by_itself(north, image):
    long_ago = timezone.now() - timedelta(minutes=16)
    RevealFactory(image=image, viewer=north.dermatologist, revealed_at=long_ago)
    with pytest.raises(Veiled):
        ensure_shown(north.dermatologist, image)
    reveal_image(viewer=north.dermatologist, image=image)  # and may be asked for again, which is told again
    ensure_shown(north.dermatologist, image)
    assert AuditEvent.objects.filter(action="image_revealed").count() == 1


def test_turning_to_another_case_veils_this_one_again(north, image):
    other = LesionImageFactory(case__patient__clinic=north.clinic, lesion__site="genital")
    for each in (image, other):
        reveal_image(viewer=north.dermatologist, image=each)
    theirs = RevealFactory(image=image, viewer=north.admin)
    veil_again(viewer=north.dermatologist, but=LesionImage.objects.filter(case=other.case))
    shown = [each.is_veiled for each in with_veils(north.dermatologist, [image, other])]
    assert shown == [True, False]
    assert Reveal.objects.open(timezone.now()).filter(pk=theirs.pk).exists()
    veil_again(viewer=north.dermatologist)
    assert with_veils(north.dermatologist, [other])[0].is_veiled


def test_an_image_without_a_veil_needs_no_asking(north):
    image = LesionImageFactory(case__patient__clinic=north.clinic)
    ensure_shown(north.dermatologist, image)
    with pytest.raises(Conflict, match="no veil"):
        reveal_image(viewer=north.dermatologist, image=image)


def test_a_strangers_image_does_not_exist_and_an_auditor_lifts_no_veil(south, north, image):
    with pytest.raises(NotFound):
        reveal_image(viewer=south.dermatologist, image=image)
    with pytest.raises(Forbidden):
        reveal_image(viewer=north.auditor, image=image)


def test_images_without_a_veil_cost_no_query(north, django_assert_num_queries):
    plain = [LesionImageFactory(case__patient__clinic=north.clinic) for _ in range(2)]
    with django_assert_num_queries(0):
        with_veils(north.dermatologist, plain)


def test_an_image_that_was_shown_can_still_be_taken_out_of_its_draft(north, image):
    reveal_image(viewer=north.staff, image=image)
    remove_image(actor=north.staff, image=image)
    assert AuditEvent.objects.about(image.pk).filter(action="image_revealed").exists()


@pytest.mark.parametrize("who", ["staff", "dermatologist"])
def test_a_face_that_was_overlooked_is_veiled_after_submission_too(north, who):
    image = LesionImageFactory(case=CaseFactory(patient__clinic=north.clinic, ready=True))
    mark_recognisable(actor=getattr(north, who), image=image, recognisable=True)
    image.refresh_from_db()
    assert image.is_veiled
    (event,) = AuditEvent.objects.about(image.pk).filter(action="image_marked")
    assert event.payload == {"case": str(image.case_id), "recognisable": True}


def test_the_mark_comes_off_with_a_reason_by_somebody_who_sees_the_image(north):
    image = LesionImageFactory(case=CaseFactory(patient__clinic=north.clinic, ready=True), recognisable=True)
    off = {"actor": north.staff, "image": image, "recognisable": False}
    for reason, said in (("", "characters"), ("Only an ear.", "Show the image first")):
        with pytest.raises(InvalidInput, match=said):
            mark_recognisable(**off, reason=reason)
    reveal_image(viewer=north.dermatologist, image=image)
    with pytest.raises(InvalidInput, match="Show the image first"):
        mark_recognisable(**off, reason="Only an ear.")  # another one's look
    reveal_image(viewer=north.staff, image=image)
    assert not mark_recognisable(**off, reason="Only an ear.").recognisable
    mark_recognisable(**off)  # it is so already
    (event,) = AuditEvent.objects.about(image.pk).filter(action="image_marked")
    assert (event.purpose, event.payload["recognisable"]) == ("Only an ear.", False)


def test_neither_a_stranger_nor_an_admin_marks_an_image(north, south, image):
    with pytest.raises(NotFound):
        mark_recognisable(actor=south.staff, image=image, recognisable=True)
    with pytest.raises(Forbidden):
        mark_recognisable(actor=north.admin, image=image, recognisable=True)
