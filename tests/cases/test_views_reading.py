"""The reading room: what it says of a result, of silence and of a failure; claim, sign, conflict, onwards."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from cases.models import AuditEvent, Case, Read
from cases.selectors.twins import Twin
from cases.services.wrong_patient import record_override
from tests.factories import (
    AnalysisFactory,
    CaseFactory,
    ExplanationFactory,
    LesionImageFactory,
    ModelVersionFactory,
    PredictionFactory,
    QualityCheckFactory,
    ReadFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client_for, north):
    return client_for(north.dermatologist)


@pytest.fixture
def case(north):
    """A case whose only image was answered: melanoma or benign keratosis."""
    case = CaseFactory(
        ready=True, patient__clinic=north.clinic, tier="urgent", malignancy=0.64, flagged=True, flag_threshold=0.18,
        itch="yes",
    )  # fmt: skip
    version = ModelVersionFactory(clinic=north.clinic, stage="active", manifest={"conformal": {"alpha": 0.1}})
    analysis = AnalysisFactory(image__case=case, succeeded=True, model_version=version)
    PredictionFactory(analysis=analysis, diagnosis="mel", prediction_set=["mel", "bkl"], tier="urgent", malignancy=0.64)
    ExplanationFactory(analysis=analysis, heat_inside_lesion=0.81)
    return case


@pytest.fixture
def held(case, north):
    Case.objects.filter(pk=case.pk).update(
        state="in_review", claimed_by=north.dermatologist, claim_until=timezone.now() + timedelta(minutes=10)
    )
    return case


def room(browser, case, **query):
    return browser.get(reverse("cases:reading", args=[case.pk]), query).content.decode()


def act(browser, name, case, **fields):
    return browser.post(reverse(f"cases:{name}", args=[case.pk]), fields)


CONFIRM = {"decision": "confirm", "management": "excise", "confirmed": "mel"}
OVERRIDE = {"decision": "override", "management": "biopsy", "diagnosis": "nv", "reason": "clinical_context"}


# ── What is said ──────────────────────────────────────────────────────────────────────────────────


def test_the_result_in_one_sentence_beside_its_threshold(browser, case):
    page = room(browser, case)
    assert "<h1>Melanoma or benign keratosis</h1>" in page
    assert "Both stay in the 90 % prediction set." in page
    assert "<b>0.64</b>" in page
    assert "flag at 0.18" in page
    assert "81 % of the heat for melanoma lies on the lesion." in page
    assert "Squamous cell carcinoma is not among the classes." in page
    assert case.images.get().analyses.get().model_version.sha256 in page


def test_the_probabilities_keep_their_order_and_mark_the_set(browser, case):
    page = room(browser, case)
    places = [page.index(f'<abbr class="dx" title="{name}') for name in (
        "Melanoma", "Basal", "Actinic", "Benign", "Melanocytic", "Dermatofibroma", "Vascular")]  # fmt: skip
    assert places == sorted(places)
    assert page.count("(in the prediction set)") == 2


@pytest.mark.parametrize(("share", "words"), [(0.37, "Only 37 % of the heat"), (None, "found no lesion to compare")])
def test_heat_beside_the_lesion_is_a_warning(browser, case, share, words):
    explanation = case.images.get().analyses.get().explanation
    explanation.heat_inside_lesion = share
    explanation.save()
    page = room(browser, case)
    assert words in page
    assert 'class="trust warn"' in page


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("modality", "not a dermoscopic image"),
        ("out_of_scope", "not the kind of image"),
        ("low_quality", "not good enough"),
        ("ineligible", "outside what the network may judge"),
        ("set_too_large", "Too many diagnoses"),
    ],
)
def test_an_abstention_says_why_and_shows_no_figure(browser, north, reason, words):
    case = CaseFactory(ready=True, patient__clinic=north.clinic, flagged=True)
    analysis = AnalysisFactory(image__case=case, abstained=True, abstain_reason=reason)
    PredictionFactory(analysis=analysis, tier="", share=0.6789)
    ExplanationFactory(analysis=analysis)
    QualityCheckFactory(image=analysis.image, verdict="rejected", reasons=["blur"])
    page = room(browser, case)
    assert words in page
    assert "Not assessed" in page
    assert "Image quality: out of focus." in page
    assert "0.68" not in page
    assert "Calibrated probabilities" not in page
    assert reverse("cases:heat", args=[analysis.pk]) not in page


def test_a_failure_says_so_and_can_be_started_again(browser, north):
    case = CaseFactory(ready=True, patient__clinic=north.clinic, flagged=True)
    analysis = AnalysisFactory(image__case=case, failed=True)
    page = room(browser, case)
    assert "The analysis failed" in page
    assert "The worker was lost. Read the case without it" in page
    assert reverse("cases:retry", args=[analysis.pk]) in page


@pytest.mark.parametrize(
    ("state", "headline"),
    [("submitted", "The analysis is still running"), ("ready", "The analysis missed its deadline")],
)
def test_an_analysis_that_has_not_ended_says_what_to_expect(browser, north, state, headline):
    case = CaseFactory(**{state: True}, patient__clinic=north.clinic)
    AnalysisFactory(image__case=case, running=True)
    page = room(browser, case)
    assert f"<h1>{headline}</h1>" in page
    assert ("Claim to read" in page) is (state == "ready")
    assert (reverse("cases:progress", args=[case.pk]) in page) is (state == "submitted")


def test_each_heat_carries_the_probability_of_its_class(browser, case):
    page = room(browser, case)
    for code, value in case.images.get().analyses.get().prediction.probabilities.items():
        assert f'<option value="{code}" data-probability="{value:.2f}"' in page


def test_a_less_likely_class_in_the_set_is_explained(browser, case):
    said = "Each class has its own limit, so a less likely class can be in the set and the likeliest outside it."
    assert said in room(browser, case)


def test_a_precursor_keeps_its_whole_name(browser, case):
    prediction = case.images.get().analyses.get().prediction
    prediction.prediction_set = ["mel", "akiec"]
    prediction.save()
    page = room(browser, case)
    assert "<h1>Melanoma or actinic keratosis / intraepithelial carcinoma</h1>" in page
    assert 'scope="row">Actinic keratosis / intraepithelial carcinoma' in page


def test_unknown_is_said_and_is_not_no(browser, case):
    page = room(browser, case)
    assert "History: itch" in page
    assert "grew, bled, hurt, changed, elevated" in page


def test_the_wanted_image_is_shown_with_its_own_result(browser, case):
    second = LesionImageFactory(case=case)
    AnalysisFactory(image=second, abstained=True, model_version=case.images.first().analyses.get().model_version)
    assert "<h1>Melanoma or benign keratosis</h1>" in room(browser, case)
    assert "<h1>Too many diagnoses remain possible</h1>" in room(browser, case, image=str(second.pk))


def test_earlier_reads_of_the_same_lesion_are_at_hand(browser, north, case):
    lesion = case.images.get().lesion
    before = CaseFactory(patient=case.patient, ready=True)
    LesionImageFactory(case=before, lesion=lesion)
    ReadFactory(case=before, diagnosis="bkl", management="monitor", reader=north.dermatologist)
    page = room(browser, case)
    assert "Earlier reads of the same lesion" in page
    assert "Benign keratosis, monitor" in page


def test_names_and_identifiers_stay_out(browser, case):
    page = room(browser, case)
    assert case.patient.pseudonym in page
    assert case.patient.family_name not in page
    assert case.patient.identifier not in page


def test_opening_the_room_is_an_event(browser, north, case):
    room(browser, case)
    assert AuditEvent.objects.about(case.pk).get(action="case_viewed").actor == north.dermatologist


def test_a_draft_is_read_where_it_is_written(browser, north):
    draft = CaseFactory(patient__clinic=north.clinic)
    answer = browser.get(reverse("cases:reading", args=[draft.pk]))
    assert answer["Location"] == reverse("cases:case", args=[draft.pk])


# ── What is done ──────────────────────────────────────────────────────────────────────────────────


def test_claim_then_the_read_panel_is_there(browser, case):
    assert 'id="read-form"' not in room(browser, case)
    assert act(browser, "claim", case)["Location"] == reverse("cases:reading", args=[case.pk])
    page = room(browser, case)
    assert 'id="read-form"' in page
    assert "Held by you until" in page
    assert page.count('name="management"') == 7


def test_the_most_probable_diagnosis_is_offered_and_no_management(browser, held):
    page = room(browser, held)
    assert page.count(" checked") == 3  # that diagnosis, the image a retake would be about, the switch of the keys
    assert "Confirm <span data-confirmed>mel</span>" in page


def test_the_holders_work_extends_the_claim(browser, held):
    before = Case.objects.get(pk=held.pk).claim_until
    answer = browser.post(reverse("cases:claim", args=[held.pk]), HTTP_HX_REQUEST="true")
    assert answer.status_code == 200
    assert b"Held by you until" in answer.content
    assert b"<html" not in answer.content
    assert Case.objects.get(pk=held.pk).claim_until > before


def test_a_picture_that_another_patient_has_too_is_told_with_its_reason_and_its_twin(browser, north, case):
    assert "Another patient has this picture too" not in room(browser, case)
    image = case.images.get()
    twin = LesionImageFactory(case__patient__clinic=north.clinic)
    image.override_reason = "Typed <twice>."
    image.save()
    record_override(north.staff, image, Twin(twin, same_bytes=True))
    page = room(browser, case)
    assert "Another patient has this picture too." in page
    assert "Typed &lt;twice&gt;." in page
    assert f"Open {twin.case} of {twin.case.patient.pseudonym}" in page


def test_a_colleagues_claim_is_a_conflict_with_the_present_state(browser, north, case):
    colleague = UserFactory(clinic=north.clinic, role="dermatologist", username="dr-first")
    Case.objects.filter(pk=case.pk).update(
        state="in_review",
        claimed_by=colleague,
        claimed_at=timezone.now(),
        claim_until=timezone.now() + timedelta(minutes=10),
    )
    answer = act(browser, "claim", case)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "dr-first holds this case since" in page
    assert "dr-first reads this case since" in page
    assert "read-form" not in page


def test_release_gives_the_case_back(browser, held):
    answer = act(browser, "release", held)
    assert answer["Location"] == reverse("cases:worklist")
    assert Case.objects.get(pk=held.pk).state == "ready"


def test_confirm_signs_and_leads_to_the_next_case_which_is_held(browser, north, held):
    following = CaseFactory(ready=True, patient__clinic=north.clinic, tier="soon", malignancy=0.4, flagged=True)
    answer = act(browser, "sign", held, **CONFIRM)
    assert answer["Location"] == reverse("cases:reading", args=[following.pk])
    read = Read.objects.get(case=held)
    assert (read.decision, read.diagnosis, read.management, read.reason) == ("confirm", "mel", "excise", "")
    assert Case.objects.get(pk=following.pk).claimed_by == north.dermatologist
    page = browser.get(answer["Location"]).content.decode()
    assert f"Signed {held.patient.pseudonym}: melanoma, excise." in page


def test_confirm_may_choose_another_of_the_set(browser, held):
    act(browser, "sign", held, **{**CONFIRM, "confirmed": "bkl"})
    assert Read.objects.get(case=held).diagnosis == "bkl"


def test_override_keeps_diagnosis_reason_and_comment(browser, held):
    answer = act(browser, "sign", held, **OVERRIDE, comment="Regular network.")
    assert answer["Location"] == reverse("cases:worklist")  # nothing else waits
    read = Read.objects.get(case=held)
    assert (read.diagnosis, read.reason, read.comment) == ("nv", "clinical_context", "Regular network.")
    assert read.network_diagnosis == "mel"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({**CONFIRM, "management": ""}, "Choose what is to be done."),
        ({**CONFIRM, "confirmed": "vasc"}, "The network does not hold this possible"),
        ({**OVERRIDE, "diagnosis": ""}, "Choose your diagnosis."),
        ({**OVERRIDE, "reason": ""}, "Choose what your diagnosis rests on."),
        ({**OVERRIDE, "comment": "x" * 4001}, "4000"),
    ],
)
def test_an_incomplete_read_comes_back_with_words_and_its_entries(browser, held, fields, words):
    answer = act(browser, "sign", held, **fields)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Read.objects.exists()


@pytest.mark.parametrize("management", ["discharge", "reassure"])
def test_a_malignant_diagnosis_that_sends_home_is_asked_about_before_it_is_signed(browser, held, management):
    sent = {**CONFIRM, "management": management}
    for _ in range(2):  # the same act again is no answer
        page = act(browser, "sign", held, **sent).content.decode()
        assert f"You are signing melanoma with {management}. Sign it anyway?" in page
    assert f'name="sure" value="confirm mel {management}"' in page
    assert not Read.objects.exists()
    act(browser, "sign", held, **sent, sure=f"confirm mel {management}")
    assert Read.objects.get().management == management


@pytest.mark.parametrize(
    "fields",
    [
        {**CONFIRM, "confirmed": "", "management": "discharge"},  # left empty, it means the network's first
        {**OVERRIDE, "diagnosis": "bcc", "management": "discharge"},
        {**CONFIRM, "management": "reassure", "sure": "confirm mel discharge"},
        {**CONFIRM, "management": "excise", "sure": "confirm mel discharge"},
    ],
)
def test_no_other_way_signs_it_unasked(browser, held, fields):
    assert act(browser, "sign", held, **fields).status_code == 422
    assert not Read.objects.exists()


def test_a_benign_diagnosis_is_discharged_without_a_question(browser, held):
    act(browser, "sign", held, **{**CONFIRM, "confirmed": "bkl", "management": "discharge"})
    assert Read.objects.get().diagnosis == "bkl"


def test_a_refused_override_comes_back_open(browser, held):
    page = act(browser, "sign", held, **{**OVERRIDE, "reason": ""}).content.decode()
    assert '<div class="override" id="override">' in page
    assert '<option value="nv" selected>' in page


def test_a_case_without_a_result_takes_an_own_read_only(browser, north):
    case = CaseFactory(in_review=True, patient__clinic=north.clinic, claimed_by=north.dermatologist)
    AnalysisFactory(image__case=case, failed=True)
    page = room(browser, case)
    assert "Sign your read" in page
    assert 'value="confirm"' not in page
    act(browser, "sign", case, **OVERRIDE)
    assert Read.objects.get(case=case).diagnosis == "nv"


def test_signing_twice_is_a_conflict_that_shows_the_decision(browser, held):
    act(browser, "sign", held, **CONFIRM)
    answer = act(browser, "sign", held, **OVERRIDE)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "You signed this case already, on " in page
    assert ": melanoma, excise. Your read was not recorded." in page
    assert "cannot become" not in page
    assert "Melanoma, excise" in page
    assert "A signed read is not changed." in page
    assert Read.objects.count() == 1


def test_a_case_that_a_colleague_signed_says_who_and_when(browser, north, held):
    colleague = UserFactory(clinic=north.clinic, role="dermatologist", username="dr-first")
    ReadFactory(case=held, reader=colleague, diagnosis="bkl", management="monitor")
    Case.objects.filter(pk=held.pk).update(state="decided", claimed_by=None, claim_until=None)
    at = timezone.localtime(Read.objects.get().signed_at)
    signed = f"dr-first signed this case already, on {at.day} {at:%b %Y, %H:%M}: benign keratosis, monitor."
    assert f"{signed} Your read was not recorded." in act(browser, "sign", held, **CONFIRM).content.decode()
    claimed = act(browser, "claim", held).content.decode()
    assert signed in claimed
    assert "Your read" not in claimed


def test_signing_a_case_that_a_colleague_took_over_is_a_conflict(browser, north, held):
    colleague = UserFactory(clinic=north.clinic, role="dermatologist")
    Case.objects.filter(pk=held.pk).update(claimed_by=colleague)
    assert act(browser, "sign", held, **CONFIRM).status_code == 409
    assert not Read.objects.exists()


@pytest.mark.parametrize("name", ["claim", "release", "sign"])
def test_the_address_of_an_act_leads_back_to_the_case(browser, case, name):
    answer = browser.get(reverse(f"cases:{name}", args=[case.pk]))
    assert answer["Location"] == reverse("cases:reading", args=[case.pk])
    assert Case.objects.get(pk=case.pk).state == "ready"


def test_a_signed_read_names_what_it_overrides_and_an_empty_answer_takes_no_line(browser, held, north):
    ReadFactory(case=held, reader=north.dermatologist, decision="override", diagnosis="bkl", network_diagnosis="mel")
    page = room(browser, held)
    assert "overrides melanoma ·" in page
    assert "<dt>Yes</dt>" in page
    assert "<dt>No</dt>" not in page
