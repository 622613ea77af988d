"""How large a pixel is: who may say it, what is believed, what stays on record, and what follows from it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from cases.errors import Conflict, Forbidden, InvalidInput, NotFound
from cases.models import AuditEvent, ImageScale, LesionImage
from cases.selectors.scales import descriptors_of, newest_scale, suggested_scales
from cases.services.draft_images import describe_image, remove_image
from cases.services.images import attach_image
from cases.services.scales import set_scale
from cases.services.uploads import start_upload
from tests.drawings import jpeg
from tests.factories import CaseFactory, ExplanationFactory, LesionFactory, LesionImageFactory, RetakeRequestFactory

pytestmark = pytest.mark.django_db

MEASURED = {"asymmetry": 0.1, "diameter_px": 250.0, "diameter_mm": None}


@pytest.fixture
def image(north):
    """400 × 300 pixels, its case read long ago."""
    return LesionImageFactory(case=CaseFactory(patient__clinic=north.clinic, ready=True))


def spacing(image):
    return LesionImage.objects.get(pk=image.pk).pixel_spacing


@pytest.mark.parametrize("who", ["staff", "dermatologist"])
def test_a_scale_is_stated_and_recorded(north, image, who):
    set_scale(actor=getattr(north, who), image=image, basis="stated", pixel_spacing=Decimal("0.025"))
    assert spacing(image) == Decimal("0.025")
    (event,) = AuditEvent.objects.about(image.pk).filter(action="image_scaled")
    assert event.payload == {"case": str(image.case_id), "basis": "stated", "pixel_spacing": "0.025"}


def test_a_line_over_a_known_length_says_the_scale(north, image):
    line = {"length_mm": Decimal(5), "length_px": Decimal("190.5")}
    set_scale(actor=north.staff, image=image, basis="ruler", **line)
    assert spacing(image) == Decimal("0.026247")
    kept = image.scales.get()
    assert (kept.length_mm, kept.length_px, kept.set_by) == (5, Decimal("190.5"), north.staff)


def test_what_was_said_before_stays_on_record(north, image):
    for basis, value in (("stated", Decimal("0.02")), ("stated", Decimal("0.03")), ("unknown", None)):
        set_scale(actor=north.staff, image=image, basis=basis, pixel_spacing=value)
    assert spacing(image) is None
    said = [scale.pixel_spacing for scale in image.scales.all()]
    assert said == [None, Decimal("0.03"), Decimal("0.02")]
    events = AuditEvent.objects.about(image.pk).filter(action="image_scaled").order_by("seq")
    assert [event.payload.get("before") for event in events] == [None, "0.020000", "0.030000"]


def test_a_double_click_is_one_row(north, image):
    said = {"actor": north.staff, "image": image, "basis": "stated", "pixel_spacing": Decimal("0.02")}
    (first, is_new), (again, is_new_again) = set_scale(**said), set_scale(**said)
    assert first == again == image.scales.get()
    assert (is_new, is_new_again) == (True, False)


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ({"basis": "guessed"}, "basis", "is not one of"),
        ({"basis": "stated"}, "pixel_spacing", "Say how many millimetres"),
        ({"basis": "stated", "pixel_spacing": Decimal(0)}, "pixel_spacing", "from 0.0005 to 2"),
        ({"basis": "stated", "pixel_spacing": Decimal("2.1")}, "pixel_spacing", "from 0.0005 to 2"),
        ({"basis": "stated", "pixel_spacing": Decimal("0.3")}, "pixel_spacing", "would be 120.0 mm wide"),
        ({"basis": "stated", "pixel_spacing": Decimal("0.002")}, "pixel_spacing", "would be 0.8 mm wide"),
        ({"basis": "ruler", "length_px": Decimal(100)}, "length_mm", "how many millimetres"),
        ({"basis": "ruler", "length_mm": Decimal(-1), "length_px": Decimal(100)}, "length_mm", "above 0"),
        ({"basis": "ruler", "length_mm": Decimal(1), "length_px": Decimal(19)}, "length_px", "20 pixels or more"),
        ({"basis": "ruler", "length_mm": Decimal(50), "length_px": Decimal(20)}, "pixel_spacing", "from 0.0005 to 2"),
    ],
)
def test_what_cannot_be_is_refused_in_words(north, image, said, field, words):
    with pytest.raises(InvalidInput) as refusal:
        set_scale(actor=north.staff, image=image, **said)
    assert words in " ".join(refusal.value.errors[field])
    assert spacing(image) is None
    assert not image.scales.exists()


@pytest.mark.parametrize(("meant", "slip"), [(20, 2), (20, 200), (9, 90), (9, Decimal("0.9"))])
def test_a_slip_of_the_decimal_point_does_not_fit_a_dermatoscope(north, image, meant, slip):
    def say(across):
        set_scale(actor=north.staff, image=image, basis="stated", pixel_spacing=Decimal(across) / image.width)

    with pytest.raises(InvalidInput, match=r"4 to 40 mm wide: check the scale, its decimal point"):
        say(slip)
    say(meant)


def test_a_scale_has_to_fit_the_kind_that_is_said_later(north):
    case = CaseFactory(patient__clinic=north.clinic)
    image = LesionImageFactory(case=case, image_type="clinical: overview")
    set_scale(actor=north.staff, image=image, basis="stated", pixel_spacing=Decimal("1.5"))
    with pytest.raises(InvalidInput, match=r"would be 600\.0 mm wide"):
        describe_image(actor=north.staff, image=image, image_type="dermoscopic")
    assert LesionImage.objects.get(pk=image.pk).image_type == "clinical: overview"
    set_scale(actor=north.staff, image=image, basis="unknown")
    assert describe_image(actor=north.staff, image=image, image_type="dermoscopic").image_type == "dermoscopic"


def test_a_photograph_of_a_whole_back_may_be_wide(north, image):
    LesionImage.objects.filter(pk=image.pk).update(image_type="clinical: overview")
    set_scale(actor=north.staff, image=image, basis="stated", pixel_spacing=Decimal("1.5"))
    assert spacing(image) == Decimal("1.5")


def test_neither_a_stranger_nor_an_admin_says_it(north, south, image):
    said = {"image": image, "basis": "stated", "pixel_spacing": Decimal("0.02")}
    with pytest.raises(NotFound):
        set_scale(actor=south.staff, **said)
    with pytest.raises(Forbidden):
        set_scale(actor=north.admin, **said)


def test_millimetres_follow_the_scale_without_a_new_analysis(north, image):
    explanation = ExplanationFactory(analysis__image=image, descriptors=MEASURED)
    assert descriptors_of(explanation, image)["diameter_mm"] is None
    for value, diameter in ((Decimal("0.02"), 5.0), (Decimal("0.04"), 10.0)):
        set_scale(actor=north.dermatologist, image=image, basis="stated", pixel_spacing=value)
        image.refresh_from_db()
        assert descriptors_of(explanation, image)["diameter_mm"] == pytest.approx(diameter)
    older = ExplanationFactory(analysis__image__case=image.case, descriptors={"asymmetry": 0.1, "diameter_mm": None})
    assert descriptors_of(older, image)["diameter_mm"] is None


def attached(north, case, **details):
    lesion = LesionFactory(patient=case.patient)
    shared = {"actor": north.staff, "case": case, "lesion": lesion, "image_type": "dermoscopic"}
    return attach_image(**{**shared, "data": jpeg(1), **details})


def test_an_upload_may_bring_its_scale(north):
    image = attached(north, CaseFactory(patient__clinic=north.clinic), pixel_spacing=Decimal("0.03"))
    assert spacing(image) == Decimal("0.03")
    assert image.scales.get().basis == "stated"


def test_an_upload_with_an_impossible_scale_keeps_nothing(north):
    case = CaseFactory(patient__clinic=north.clinic)
    for value in (Decimal("0.0001"), Decimal("1.5")):
        with pytest.raises(InvalidInput, match=r"mm wide|from 0\.0005"):
            attached(north, case, pixel_spacing=value)
    assert not case.images.exists()


def test_an_image_in_the_stead_of_another_inherits_no_scale(north):
    case = CaseFactory(patient__clinic=north.clinic, awaiting_images=True)
    old = LesionImageFactory(case=case, pixel_spacing=Decimal("0.02"))
    RetakeRequestFactory(case=case, image=old)
    new = attached(north, case, lesion=old.lesion, replaces=old, data=jpeg(2))
    assert new.replaces == old
    assert spacing(new) is None


def test_an_image_with_a_scale_can_still_be_taken_out_of_its_draft(north):
    image = attached(north, CaseFactory(patient__clinic=north.clinic), pixel_spacing=Decimal("0.03"))
    remove_image(actor=north.staff, image=image)
    assert not LesionImage.objects.filter(pk=image.pk).exists()


def test_a_picture_sent_again_with_a_scale_gets_it_where_it_has_none(north):
    case = CaseFactory(patient__clinic=north.clinic)
    image = attached(north, case)
    again = attached(north, case, lesion=image.lesion, pixel_spacing=Decimal("0.03"))
    assert again == image
    assert again.pixel_spacing == spacing(image) == Decimal("0.03")
    assert AuditEvent.objects.about(image.pk).filter(action="image_scaled").count() == 1
    assert attached(north, case, lesion=image.lesion, pixel_spacing=Decimal("0.03")) == image
    assert image.scales.count() == 1


def test_a_picture_sent_again_with_another_scale_is_refused_and_says_where_to_set_it(north):
    case = CaseFactory(patient__clinic=north.clinic)
    image = attached(north, case, pixel_spacing=Decimal("0.03"))
    with pytest.raises(Conflict, match=rf"at 0\.03 mm per pixel.*{image.pk}/scales/"):
        attached(north, case, lesion=image.lesion, pixel_spacing=Decimal("0.04"))
    with pytest.raises(InvalidInput, match="mm wide"):
        set_scale(actor=north.staff, image=image, basis="unknown")
        attached(north, case, lesion=image.lesion, pixel_spacing=Decimal("1.5"))
    assert spacing(image) is None


def test_a_picture_announced_again_with_a_scale_gets_it(north):
    case = CaseFactory(patient__clinic=north.clinic)
    image = attached(north, case)
    file = {"byte_size": len(jpeg(1)), "sha256": image.sha256, "image_type": "dermoscopic", "lesion": image.lesion}
    start_upload(actor=north.staff, case=case, pixel_spacing=Decimal("0.03"), **file)
    assert spacing(image) == Decimal("0.03")
    with pytest.raises(Conflict, match="/scales/"):
        start_upload(actor=north.staff, case=case, pixel_spacing=Decimal("0.04"), **file)


def test_the_last_word_is_the_newest_whatever_the_clock_says(north, image):
    said = {"actor": north.staff, "image": image, "basis": "stated"}
    first, _ = set_scale(**said, pixel_spacing=Decimal("0.02"))
    image.scales.update(created_at=timezone.now() + timedelta(minutes=5))  # by a server whose clock was ahead
    last, _ = set_scale(**said, pixel_spacing=Decimal("0.03"))
    assert list(image.scales.all()) == [last, first]
    assert newest_scale(north.staff, LesionImage.objects.get(pk=image.pk)) == last
    assert set_scale(**said, pixel_spacing=Decimal("0.03")) == (last, False)
    LesionImage.objects.filter(pk=image.pk).update(pixel_spacing=Decimal("0.02"))  # the image's word is what holds
    assert set_scale(**said, pixel_spacing=Decimal("0.03")) == (image.scales.first(), True)
    assert spacing(image) == Decimal("0.03")


def test_the_page_says_where_nothing_was_changed(client_for, north, image):
    def told():
        where = reverse("cases:set_scale", args=[image.pk])
        form = {"basis": "stated", "pixel_spacing": "0.02"}
        answer = client_for(north.staff).post(where, form)
        return [str(message) for message in get_messages(answer.wsgi_request)]

    assert told() == ["The scale of the image was set. That was recorded."]
    assert told()[-1] == "The image has this scale already. Nothing was changed."


def like(image, **changes):
    """Another image of the kind and size of `image`, in another case of its clinic."""
    return LesionImageFactory(case=CaseFactory(patient__clinic=image.case.clinic, ready=True), **changes)


def said_of(north, image, spacing, *, days_ago, basis="stated"):
    line = {"length_mm": Decimal(100) * Decimal(spacing), "length_px": Decimal(100)}
    said = line if basis == "ruler" else {"pixel_spacing": Decimal(spacing)}
    scale, _ = set_scale(actor=north.staff, image=image, basis=basis, **said)
    ImageScale.objects.filter(pk=scale.pk).update(created_at=timezone.now() - timedelta(days=days_ago))
    return scale


def test_scales_of_like_images_are_suggested_newest_first_and_nearly_the_same_once(north, image):
    last, *_ = [said_of(north, like(image), "0.030", days_ago=days) for days in (1, 2)]
    measured = said_of(north, like(image), "0.021", days_ago=9, basis="ruler")
    said_of(north, like(image), "0.0212", days_ago=3)  # within a slip of the ruler, and only stated
    older = said_of(north, like(image), "0.040", days_ago=20)
    said_of(north, like(image), "0.050", days_ago=30)  # three are enough
    assert list(suggested_scales(north.staff, image)) == [last, measured, older]


def test_old_rulers_do_not_hide_the_newest_scale(north, image):
    new = said_of(north, like(image), "0.050", days_ago=1)
    rulers = [said_of(north, like(image), value, days_ago=400, basis="ruler") for value in ("0.020", "0.030", "0.040")]
    suggested = list(suggested_scales(north.staff, image))
    assert suggested[0] == new
    assert set(suggested[1:]) < set(rulers)


def test_a_scale_that_was_taken_back_and_said_again_is_suggested_as_it_was_said_last(north, image):
    other = like(image)
    said_of(north, other, "0.021", days_ago=9, basis="ruler")
    set_scale(actor=north.staff, image=other, basis="unknown")
    last, _ = set_scale(actor=north.staff, image=other, basis="stated", pixel_spacing=Decimal("0.021"))
    assert list(suggested_scales(north.staff, image)) == [last]


def test_only_the_newest_scales_of_the_clinic_are_looked_at(north, image, monkeypatch):
    monkeypatch.setattr("cases.selectors.scales._LOOKED_AT", 2)
    said_of(north, like(image), "0.030", days_ago=3)
    near = said_of(north, like(image), "0.040", days_ago=2)
    said_of(north, like(image, image_type="clinical: close-up"), "0.050", days_ago=1)
    assert list(suggested_scales(north.staff, image)) == [near]


def test_a_scale_of_an_image_that_is_not_alike_or_that_no_longer_holds_is_not_suggested(north, south, image):
    said_of(north, like(image, image_type="clinical: close-up"), "0.030", days_ago=1)
    other_size = like(image)
    LesionImage.objects.filter(pk=other_size.pk).update(width=image.width + 1)
    said_of(north, other_size, "0.030", days_ago=1)
    elsewhere = LesionImageFactory(case=CaseFactory(patient__clinic=south.clinic))
    set_scale(actor=south.staff, image=elsewhere, basis="stated", pixel_spacing=Decimal("0.030"))
    said_of(north, image, "0.030", days_ago=1)
    taken_back, corrected = like(image), like(image)
    for each in (taken_back, corrected):
        said_of(north, each, "0.030", days_ago=2)
    set_scale(actor=north.staff, image=taken_back, basis="unknown")
    right = said_of(north, corrected, "0.020", days_ago=1)
    assert list(suggested_scales(north.staff, image)) == [right]


def test_the_page_offers_them_and_sets_none(client_for, north, image):
    measured = said_of(north, like(image), "0.021", days_ago=0, basis="ruler")
    where = reverse("cases:scale_suggestions", args=[image.pk])
    piece = client_for(north.dermatologist).get(where).content.decode()
    assert 'value="0.021">0.021 mm/px</button>' in piece
    assert f"measured {timezone.localtime():%-d %b %Y} on" in piece
    assert str(measured.image.case) in piece
    assert spacing(image) is None
    assert AuditEvent.objects.about(image.case_id).filter(action="case_viewed", actor=north.dermatologist).exists()
    nothing = client_for(north.dermatologist).get(reverse("cases:scale_suggestions", args=[measured.image_id]))
    assert nothing.content.decode().strip() == ""
