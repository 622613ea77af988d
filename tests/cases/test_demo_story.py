"""The demo clinic opens on a day that has begun: one case was read otherwise than the network, one was sent back."""

import pytest

from cases.demo.clinic import ensure_demo_clinic, ensure_model
from cases.demo.loading import load_drawings_if_empty
from cases.demo.story import tell_story
from cases.models import Analysis, Case, Patient, Read, RetakeRequest, User
from cases.selectors.audit import verify_chain
from cases.services.analyses import perform_analysis
from cases.services.intake import open_case
from cases.services.retakes import decline_retake
from tests.bundles import build_tiny_bundle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clinic(settings, tmp_path, media, monkeypatch):
    """The demo clinic with a network, whose worker comes when the test lets it."""
    settings.DATA_DIR, settings.MODELS_DIR = tmp_path, tmp_path / "models"
    monkeypatch.setattr("cases.workflows.publish_analysis", lambda _: True)
    build_tiny_bundle(settings.MODELS_DIR / "tiny-0.0")
    made, _ = ensure_demo_clinic()
    ensure_model(made)
    return made


@pytest.fixture
def drawn(clinic):
    load_drawings_if_empty(clinic)
    return clinic


def let_the_worker_come():
    for pk in Analysis.objects.values_list("pk", flat=True):
        perform_analysis(pk)


def test_one_case_is_read_and_one_awaits_another_image(drawn):
    tell_story(drawn, patience=0)
    let_the_worker_come()
    assert tell_story(drawn, patience=0) == 2
    read, asked = Read.objects.get(), RetakeRequest.objects.get()
    assert (read.decision, read.diagnosis, read.reader.username) == ("override", "bkl", "demo-dermatologist")
    assert read.case.state == "decided"
    assert (asked.case.state, asked.reason, asked.image) == (
        "awaiting_images",
        "lesion_off_frame",
        asked.case.images.get(),
    )
    assert Patient.objects.count() == 10
    assert verify_chain(drawn).ok


def test_told_again_it_changes_nothing_not_even_what_was_answered_since(drawn):
    tell_story(drawn, patience=0)
    let_the_worker_come()
    tell_story(drawn, patience=0)
    case = RetakeRequest.objects.get().case
    decline_retake(actor=User.objects.get(username="demo-staff"), case=case, unable="lesion_gone", answer="")
    assert tell_story(drawn, patience=0) == 0
    assert (Read.objects.count(), RetakeRequest.objects.count(), Patient.objects.count()) == (1, 1, 10)
    case.refresh_from_db()
    assert case.state == "ready"


def test_another_case_of_the_same_patient_does_not_end_it(drawn):
    tell_story(drawn, patience=0)
    patient = Patient.objects.get(identifier="DRAWING-09")
    open_case(actor=User.objects.get(username="demo-staff"), patient=patient, reason="Another one")
    let_the_worker_come()
    assert tell_story(drawn, patience=0) == 2
    assert Read.objects.get().case.reason == "Drawing, not a patient: dark wart."


def test_a_start_that_broke_off_leaves_no_patient_without_a_case(drawn, monkeypatch):
    before = Patient.objects.count()
    monkeypatch.setattr("cases.workflows.submit_case", None)
    with pytest.raises(TypeError):
        tell_story(drawn, patience=0)
    assert Patient.objects.count() == before


def test_a_worker_that_does_not_come_leaves_both_cases_waiting(drawn):
    assert tell_story(drawn, patience=0) == 0
    assert Case.objects.filter(state="submitted").count() == 10
    assert not Read.objects.exists()


def test_a_clinic_without_drawings_is_told_none(clinic):
    assert tell_story(clinic, patience=0) == 0
    assert not Patient.objects.exists()
