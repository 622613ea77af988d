"""The demo clinic opens on a day that has begun: one case was read otherwise than the network, one was sent back."""

import pytest

from cases.demo.clinic import ensure_demo_clinic, ensure_model
from cases.demo.loading import load_day
from cases.demo.story import tell_story
from cases.models import Analysis, Case, Patient, Read, RetakeRequest, User
from cases.selectors.audit import verify_chain
from cases.services.analyses import perform_analysis
from cases.services.intake import open_case
from cases.services.retakes import decline_retake
from tests.bundles import build_tiny_bundle
from tests.processes import REPOSITORY

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
def day(clinic):
    load_day(clinic)
    return clinic


def let_the_worker_come():
    for pk in Analysis.objects.values_list("pk", flat=True):
        perform_analysis(pk)


def test_one_case_is_read_and_one_awaits_another_image(day):
    let_the_worker_come()
    assert tell_story(day, patience=0) == 2
    read, asked = Read.objects.get(), RetakeRequest.objects.get()
    assert (read.decision, read.diagnosis, read.reader.username) == ("override", "mel", "demo-dermatologist")
    assert read.case.state == "decided"
    assert (asked.case.state, asked.reason, asked.image) == (
        "awaiting_images",
        "lesion_off_frame",
        asked.case.images.get(),
    )
    assert Patient.objects.count() == 43
    assert verify_chain(day).ok


def test_told_again_it_changes_nothing_not_even_what_was_answered_since(day):
    let_the_worker_come()
    tell_story(day, patience=0)
    case = RetakeRequest.objects.get().case
    decline_retake(actor=User.objects.get(username="demo-staff"), case=case, unable="lesion_gone", answer="")
    assert tell_story(day, patience=0) == 0
    assert (Read.objects.count(), RetakeRequest.objects.count(), Patient.objects.count()) == (1, 1, 43)
    case.refresh_from_db()
    assert case.state == "ready"


def test_another_case_of_the_same_patient_does_not_end_it(day):
    patient = Patient.objects.get(family_name="Ricci")
    open_case(actor=User.objects.get(username="demo-staff"), patient=patient, reason="Another one")
    let_the_worker_come()
    assert tell_story(day, patience=0) == 2
    assert Read.objects.get().case.reason == "A brown patch, larger than last year."


def test_a_worker_that_does_not_come_leaves_both_cases_waiting(day):
    assert tell_story(day, patience=0) == 0
    assert Case.objects.filter(state="submitted").count() == 43
    assert not Read.objects.exists()


def test_a_clinic_without_its_day_is_told_none(clinic):
    assert tell_story(clinic, patience=0) == 0
    assert not Patient.objects.exists()


def test_with_the_shipped_network_the_day_has_every_tier_both_refusals_and_its_story(settings, clinic):
    settings.MODELS_DIR = REPOSITORY / "models"
    ensure_model(clinic)
    load_day(clinic)
    let_the_worker_come()
    waiting = Case.objects.filter(state="ready")
    assert {case.tier for case in waiting} >= {"urgent", "soon", "routine"}
    refused = dict(
        Analysis.objects.filter(state="abstained").values_list("image__case__patient__family_name", "abstain_reason")
    )
    assert refused.items() >= {"Demir": "low_quality", "Baumann": "out_of_scope"}.items()
    assert tell_story(clinic, patience=0) == 2
