"""Whatever keeps the network from answering about an image, its case reaches the dermatologist: flagged, with the
reason in words on its row, never ranked routine. A table of every silence, alone and beside every other outcome.
"""

import dataclasses
import html
import re

import pytest
from django.utils import timezone

from cases.models import Case
from cases.selectors.worklist import Worklist, WorklistFilter
from cases.services import analyses, sweep
from cases.services.assessment import settle_case
from cases.services.leases import claim_analysis
from cases.states import AnalysisState
from cases.vocabulary import AbstainReason, Tier
from tests.factories import AnalysisFactory, CaseFactory, LesionFactory, LesionImageFactory

pytestmark = pytest.mark.django_db

FAULT = "The stored picture is cut off"
REFUSED = {
    reason.value: f"The network refused: {reason.label[0].lower()}{reason.label[1:]}" for reason in AbstainReason
}
# outcome → what the row must say of it
SILENCES = {
    **REFUSED,
    "failed": f"The analysis failed. {FAULT}.",
    "queued": "The analysis missed its deadline.",
    "running": "The analysis missed its deadline.",
    "superseded": "An image was never analysed.",
    "never asked": "An image was never analysed.",
}
ANSWERS = tuple(tier.value for tier in Tier)
MEMBERS = {"urgent": ("mel", "nv"), "soon": ("bcc",), "routine": ("nv",)}


@pytest.fixture
def result(north, active_model):
    """What the tiny network really says of one picture; each outcome is this with another end."""
    probe = AnalysisFactory(image__case__patient__clinic=north.clinic, model_version=active_model)
    claimed, lease = claim_analysis(probe.pk)
    return analyses._compute(claimed, lease)


@pytest.fixture
def end(result):
    """`end(analysis, outcome)` ends an analysis as workers would, or leaves it hanging."""

    def bring_about(analysis, outcome):
        if outcome == "queued":
            return
        claimed, lease = claim_analysis(analysis.pk)
        if outcome == "failed":
            analyses.fail_analysis(lease, reason=FAULT, passing=False)
        elif outcome in REFUSED:
            analyses._record(claimed, lease, dataclasses.replace(result, abstain_reason=outcome, tier="routine"))
        elif outcome in ANSWERS:
            answer = {"tier": outcome, "abstain_reason": None, "prediction_set": MEMBERS[outcome], "malignancy": 0.01}
            analyses._record(claimed, lease, dataclasses.replace(result, **answer))

    return bring_about


@pytest.fixture
def case_with(north, active_model, end):
    """`case_with(*outcomes)`: submitted with an image for each outcome, and worked on.

    With `replacing` the last one stands in the stead of an urgent image of its lesion.
    """
    stored = LesionImageFactory(case__patient__clinic=north.clinic)  # one file for all: what is on it plays no part
    stored = {field: getattr(stored, field) for field in ("file", "thumbnail", "media_type", "width", "height")}

    def make(*outcomes, one_lesion=False, replacing=False):
        case = CaseFactory(patient__clinic=north.clinic, submitted=True, created_by=north.staff)
        lesions = [LesionFactory(patient=case.patient) for _ in outcomes]
        waiting = []
        for place, outcome in enumerate(outcomes):
            image = case.images.create(
                lesion=lesions[0 if one_lesion else place], image_type="dermoscopic", byte_size=1, sha256=f"{place:064}",
                stored_sha256="0" * 64, phash="0" * 16, uploaded_by=north.staff, **stored,
            )  # fmt: skip
            if replacing and place == len(outcomes) - 1:
                old = LesionImageFactory(case=case, lesion=image.lesion)
                waiting.append((AnalysisFactory(image=old, model_version=active_model), "urgent"))
                case.images.filter(pk=image.pk).update(replaces=old)
            if outcome != "never asked":
                state = outcome if outcome == "superseded" else "queued"
                waiting.append((AnalysisFactory(image=image, model_version=active_model, state=state), outcome))
        for analysis, outcome in waiting:
            if outcome != "superseded":
                end(analysis, outcome)
        return case

    return make


def combinations(silence):
    """Alone, beside each answer about another lesion and about the same one, beside another silence, and in the stead
    of an urgent image. (outcomes, whether of one lesion, whether the last one replaces another)
    """
    names = list(SILENCES)
    yield (silence,), False, False
    yield (silence, names[(names.index(silence) + 1) % len(names)]), False, False
    for answer in ANSWERS:
        yield (answer, silence), False, False
    yield (silence, "routine"), True, False
    yield ("routine", silence), True, True


def rows_of_page(browser):
    page = browser.get("/worklist/").content.decode()
    rows = re.findall(r'<tr data-case="([0-9a-f-]+)".*?</tr>', page, re.DOTALL)
    whole = re.findall(r"<tr data-case=.*?</tr>", page, re.DOTALL)
    return dict(zip(rows, map(html.unescape, whole), strict=True))


@pytest.mark.parametrize("silence", SILENCES)
def test_a_silence_reaches_the_dermatologist_flagged_and_never_routine(silence, north, case_with, client_for, api):
    made = {
        case_with(*names, one_lesion=same, replacing=replacing).pk: (names, same and not replacing, replacing)
        for names, same, replacing in combinations(silence)
    }
    Case.objects.filter(pk__in=made).update(analysis_deadline=timezone.now())
    sweep.ready_overdue_cases()
    page = rows_of_page(client_for(north.dermatologist))
    answer = api(north.dermatologist).get("/api/v1/worklist/?limit=100").json()
    told = {row["id"]: row for row in answer["results"]}
    under_any = [set(Worklist(north.dermatologist, WorklistFilter(flagged=True, threshold=t)).ids) for t in (0, 1)]
    for pk, (names, beside, replacing) in made.items():
        case = Case.objects.get(pk=pk)
        if silence == "modality" and beside:
            # A clinical image beside an answered one of its lesion is not scored by design: the answer stands.
            assert "not scored" in told[str(pk)]["rank_reason"], names
            continue
        assert (case.state, case.flagged, case.silent) == ("ready", True, True), names
        assert case.tier in ((Tier.URGENT,) if replacing else ("", Tier.URGENT)), names
        assert ("It stays urgent" in told[str(pk)]["rank_reason"]) is replacing, names
        assert all(pk in flagged for flagged in under_any), names
        words = words_for(silence, names)
        assert words in told[str(pk)]["rank_reason"], names
        assert told[str(pk)]["flagged"] is True, names
        assert told[str(pk)]["tier"] in (None, "urgent"), names
        assert words in page[str(pk)], names
        assert "tier-routine" not in page[str(pk)], names


def words_for(silence, names):
    """Where nothing at all was asked, the row says why."""
    unasked = {"superseded", "never asked"}
    if silence in unasked and set(names) <= unasked:
        return "No model version was active, so no image was analysed."
    return SILENCES[silence]


def test_the_table_knows_every_state_and_every_reason():
    assert set(SILENCES) >= set(AbstainReason.values)
    ended_otherwise = {AnalysisState.SUCCEEDED, AnalysisState.ABSTAINED}
    assert set(SILENCES) >= set(AnalysisState.values) - ended_otherwise


def test_an_answer_alone_may_be_routine(case_with):
    """The table would hold of a clinic that flags everything; this one does not."""
    case = case_with("routine")
    settled = settle_case(case.pk)
    assert (settled.state, settled.tier, settled.flagged) == ("ready", "routine", False)
