"""The quality gate when a picture arrives: the network's own, in words, and never in the way."""

import io

import pytest
from PIL import Image, ImageFilter

from cases.errors import Conflict, Forbidden, NotFound
from cases.models import Analysis, AuditEvent, ModelVersion, QualityCheck
from cases.selectors.intake import checklist
from cases.services import images, quality, submission
from cases.services.analyses import perform_analysis
from cases.services.draft_images import remove_image
from cases.vocabulary import RETAKE_ADVICE, Finding, retake_advice
from cases.wording import quality_hint, quality_note
from tests.drawings import dark_jpeg, jpeg
from tests.factories import CaseFactory, LesionFactory, QualityCheckFactory

pytestmark = pytest.mark.django_db


def blurred(size=(1200, 900)):
    picture = Image.open(io.BytesIO(jpeg(1))).resize(size).filter(ImageFilter.GaussianBlur(size[0] // 50))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def dimmed():
    buffer = io.BytesIO()
    Image.open(io.BytesIO(jpeg(1))).point(lambda level: level * 0.4).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


@pytest.fixture
def case(north):
    return CaseFactory(patient__clinic=north.clinic)


@pytest.fixture
def attach(north, case):
    lesion = LesionFactory(patient=case.patient)

    def act(data, image_type="dermoscopic"):
        return images.attach_image(actor=north.staff, case=case, lesion=lesion, data=data, image_type=image_type)

    return act


@pytest.mark.parametrize(
    ("data", "verdict", "reason"),
    [(jpeg(1), "passed", ""), (blurred(), "rejected", "blur"), (dark_jpeg(), "rejected", "under_exposed")],
    ids=["good", "blurred", "dark"],
)
def test_a_picture_is_measured_as_it_arrives(attach, active_model, data, verdict, reason):
    check = attach(data).quality_check
    assert check.verdict == verdict
    assert (reason in check.reasons) is bool(reason)


@pytest.mark.parametrize("data", [jpeg(1), blurred(), blurred((3000, 2200)), dark_jpeg()])
def test_the_analysis_measures_the_same(attach, active_model, north, case, data):
    image = attach(data)
    early = QualityCheck.objects.values("verdict", "reasons", "metrics").get()
    submission.submit_case(actor=north.staff, case=case)
    perform_analysis(Analysis.objects.get(image=image).pk)
    assert QualityCheck.objects.values("verdict", "reasons", "metrics").get() == early


def test_without_a_network_nobody_is_told_anything(attach):
    attach(blurred())
    assert not QualityCheck.objects.exists()


def test_a_bundle_that_is_gone_costs_the_measure_and_not_the_picture(attach, active_model, caplog):
    ModelVersion.objects.update(bundle="nowhere")
    assert attach(blurred()).pk
    assert not QualityCheck.objects.exists()
    assert "cannot be read" in caplog.text


def test_it_is_said_in_words_with_what_to_do(attach, active_model):
    words = quality_note(attach(blurred()))
    assert "ut of focus" in words.headline
    assert "hold still" in words.advice
    assert quality_note(attach(jpeg(1))) is None


def test_every_finding_says_what_to_do():
    assert set(RETAKE_ADVICE) == set(Finding)
    assert retake_advice(["blur", "upside_down"]) == RETAKE_ADVICE[Finding.BLUR]


def test_only_what_is_for_the_network_has_to_please_its_eyes(attach, active_model, case):
    image = attach(blurred(), image_type="clinical: overview")
    assert quality_note(image) is None
    assert not [check for check in checklist(case, image.lesion, [image]) if "anyway" in check.words]


def test_the_checklist_names_it_until_it_is_accepted(attach, active_model, case, north):
    image = attach(blurred())

    def line(word):
        image.refresh_from_db()
        return [(check.done, check.needed) for check in checklist(case, image.lesion, [image]) if word in check.words]

    assert line("out of focus") == [(False, False)]  # advice: it never holds a case back
    quality.accept_image(actor=north.staff, image=image)
    assert line("out of focus") == []
    assert line("Used though the quality is too low: 1 of 1") == [(True, False)]


def test_the_checklist_says_that_all_is_well(attach, active_model, case):
    image = attach(jpeg(1))
    assert "Image quality is enough" in [check.words for check in checklist(case, image.lesion, [image]) if check.done]


def test_to_accept_is_told_in_the_trail_once_and_outlives_the_analysis(attach, active_model, north, case):
    image = attach(blurred())
    for _ in range(2):
        quality.accept_image(actor=north.staff, image=image)
    (event,) = AuditEvent.objects.filter(action="image_accepted")
    assert event.payload == {"case": str(case.pk), "reasons": image.quality_check.reasons}
    submission.submit_case(actor=north.staff, case=case)
    perform_analysis(Analysis.objects.get(image=image).pk)
    check = QualityCheck.objects.get()
    assert (check.verdict, check.accepted_by) == ("rejected", north.staff)


def test_what_is_good_or_submitted_or_foreign_is_not_accepted(attach, active_model, north, south):
    with pytest.raises(Conflict, match="Nothing speaks against"):
        quality.accept_image(actor=north.staff, image=attach(jpeg(1)))
    image = attach(blurred())
    with pytest.raises(NotFound):
        quality.accept_image(actor=south.staff, image=image)
    with pytest.raises(Forbidden):
        quality.accept_image(actor=north.admin, image=image)
    sent = QualityCheckFactory(image__case=CaseFactory(submitted=True, patient=image.case.patient), verdict="rejected")
    with pytest.raises(Conflict, match="submitted"):
        quality.accept_image(actor=north.staff, image=sent.image)


def test_a_picture_that_is_removed_takes_its_measure_along(attach, active_model, north):
    remove_image(actor=north.staff, image=attach(blurred()))
    assert not QualityCheck.objects.exists()


def test_a_hint_is_kept_and_told_and_refuses_nothing(attach, active_model):
    image = attach(dimmed())
    check = image.quality_check
    assert (check.verdict, check.reasons, check.hints) == ("passed", [], ["dim"])
    assert "check the light" in quality_hint(image)
    assert quality_note(image) is None
    image.image_type = "clinical: close-up"  # which is not for the network
    assert quality_hint(image) == ""
