"""The queue: flagged first, then tier, then malignancy × waiting; silence above "soon"; the same data, the same order."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cases.models import Case
from cases.selectors.progress import case_progress
from cases.selectors.queue_numbers import flagged_at
from cases.selectors.reading import images_to_read
from cases.selectors.results import leading_analysis
from cases.selectors.worklist import Worklist, WorklistFilter
from cases.services.submission import submit_case
from tests.factories import (
    AnalysisFactory,
    CaseFactory,
    ConsentFactory,
    LesionImageFactory,
    PredictionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(north):
    """`queue("urgent", 0.6, minutes=5)`: a ready case that stands in the queue like that."""

    def add(tier, malignancy=None, *, minutes=10, silent=None, site="back"):
        silent = malignancy is None if silent is None else silent
        case = CaseFactory(
            patient__clinic=north.clinic,
            ready=True,
            tier=tier,
            malignancy=malignancy,
            flag_threshold=0.3,
            silent=silent,
            flagged=silent or malignancy >= 0.3,
            submitted_at=timezone.now() - timedelta(minutes=minutes),
        )
        image = LesionImageFactory(case=case, lesion__site=site)
        if malignancy is None:
            AnalysisFactory(image=image, abstained=True)
        else:
            first = {"urgent": "mel", "soon": "bcc", "routine": "nv"}[tier]
            PredictionFactory(
                analysis__image=image, tier=tier, malignancy=malignancy, diagnosis=first, prediction_set=[first, "bkl"]
            )
        return case

    return add


def order(user, **wanted):
    return [row.case for row in Worklist(user, WorklistFilter(**wanted)).rows()]


@pytest.fixture
def draft_of_who_refuses(north, active_model):
    image = LesionImageFactory(case__patient__clinic=north.clinic)
    ConsentFactory(patient=image.case.patient, answer="refused")
    return image.case


def test_flagged_then_tier_then_malignancy_times_waiting(north, queue):
    routine_flagged = queue("routine", 0.35)
    urgent_below = queue("urgent", 0.2)
    soon = queue("soon", 0.5, minutes=10)
    soon_longer = queue("soon", 0.4, minutes=20)
    silent = queue("")
    urgent = queue("urgent", 0.4, minutes=1)
    routine = queue("routine", 0.02)
    soon_below = queue("soon", 0.1)
    assert order(north.dermatologist) == [
        urgent, silent, soon_longer, soon, routine_flagged, urgent_below, soon_below, routine,
    ]  # fmt: skip


def test_a_case_without_a_score_is_never_at_the_bottom(north, queue):
    queue("soon", 0.9, minutes=500)
    silent = queue("", minutes=1)
    queue("routine", 0.4, minutes=500)
    assert order(north.dermatologist)[0] == silent


def test_of_the_silent_ones_the_oldest_is_first(north, queue):
    young, old = queue("", minutes=1), queue("", minutes=60)
    assert order(north.dermatologist) == [old, young]


def test_equal_cases_keep_one_order(north, queue):
    for _ in range(5):
        queue("soon", 0.5)
    Case.objects.update(waiting_since=timezone.now() - timedelta(minutes=5))
    at = timezone.now()
    first = Worklist(north.dermatologist, as_of=at).ids
    assert all(Worklist(north.dermatologist, as_of=at).ids == first for _ in range(3))


def test_another_clinics_cases_and_drafts_are_not_in_it(north, south, queue):
    queue("urgent", 0.9)
    CaseFactory(patient__clinic=north.clinic)
    assert len(Worklist(north.dermatologist)) == 1
    assert len(Worklist(south.dermatologist)) == 0
    assert len(Worklist(north.auditor)) == 0


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"tier": "urgent"}, 1),
        ({"tier": "unassessed"}, 1),
        ({"min_malignancy": 0.5}, 2),
        ({"site": "scalp"}, 1),
        ({"state": "ready"}, 4),
        ({"state": "in_review"}, 0),
        ({"flagged": True}, 3),
        ({"flagged": False}, 1),
        ({"threshold": 0.55, "flagged": True}, 2),
        ({"threshold": 0.01, "flagged": True}, 4),
        ({"held_by_me": True}, 0),
    ],
)
def test_filters(north, queue, wanted, count):
    queue("urgent", 0.6)
    queue("soon", 0.5, site="scalp")
    queue("routine", 0.02)
    queue("")
    assert len(Worklist(north.dermatologist, WorklistFilter(**wanted))) == count


def test_the_count_of_flagged_cases_follows_the_threshold(north, queue):
    for malignancy in (0.1, 0.2, 0.3, 0.4):
        queue("soon", malignancy)
    assert Worklist(north.dermatologist).flagged_count == 2
    assert Worklist(north.dermatologist, WorklistFilter(threshold=0.15)).flagged_count == 3


@pytest.mark.parametrize("threshold", [None, 0.01, 0.99])
def test_silence_keeps_its_flag_under_any_threshold(north, queue, threshold):
    case = queue("urgent", 0.2, silent=True)
    wanted = WorklistFilter(flagged=True, threshold=threshold)
    assert [row.case for row in Worklist(north.dermatologist, wanted).rows()] == [case]
    assert flagged_at(north.dermatologist, threshold or 0.3) == 1


def test_the_reason_of_a_low_score_beside_silence_says_so(north, queue):
    queue("urgent", 0.2, silent=True)
    assert "Another of its images got no answer" in Worklist(north.dermatologist).rows()[0].reason


def test_rows_say_who_holds_the_case(north, queue):
    mine, theirs, free = (queue("soon", share) for share in (0.9, 0.8, 0.7))
    until = timezone.now() + timedelta(minutes=5)
    colleague = UserFactory(clinic=north.clinic, role="dermatologist")
    for case, reader in ((mine, north.dermatologist), (theirs, colleague)):
        Case.objects.filter(pk=case.pk).update(state="in_review", claimed_by=reader, claim_until=until)
    rows = Worklist(north.dermatologist).rows()
    assert [(row.held_by_me, row.held_by_other) for row in rows] == [(True, False), (False, True), (False, False)]


def test_rows_come_in_pages_with_their_rank(north, queue):
    for share in (0.9, 0.8, 0.7):
        queue("soon", share)
    worklist = Worklist(north.dermatologist)
    assert [row.rank for row in worklist.rows(1, 3)] == [2, 3]
    assert [row.case.pk for row in worklist.rows(1, 3)] == worklist.ids[1:]


@pytest.mark.parametrize(
    ("tier", "malignancy", "sentence"),
    [
        ("urgent", 0.6, "Melanoma in the prediction set (mel, bkl). Malignancy 0.60 reaches the threshold 0.30."),
        ("soon", 0.1, "Basal cell carcinoma in the prediction set (bcc, bkl). Malignancy 0.10 is below the threshold 0.30."),
        ("routine", 0.1, "No malignant diagnosis in the prediction set (bkl, nv). Malignancy 0.10 is below the threshold 0.30."),
        ("", None, "The network refused: too many diagnoses remain possible. Nobody has looked yet, so it ranks above every “soon”."),
    ],
)  # fmt: skip
def test_each_rank_has_its_sentence(north, queue, tier, malignancy, sentence):
    queue(tier, malignancy)
    assert Worklist(north.dermatologist).rows()[0].reason == sentence


def test_a_patients_refusal_is_not_told_as_the_networks(north, draft_of_who_refuses):
    submit_case(actor=north.staff, case=draft_of_who_refuses)
    [row] = Worklist(north.dermatologist).rows()
    assert row.reason.startswith("The patient has not agreed to analysis by a network. Nobody has looked yet")
    assert "network refused" not in row.reason


def test_no_row_loads_the_manifest_or_the_card_of_its_model(north, queue):
    case = queue("soon", 0.5)
    [row] = Worklist(north.dermatologist).rows()
    read = images_to_read(north.dermatologist, case)[0]
    told = case_progress(case).images[0]
    for analysis in (
        row.case.images.all()[0].current_analysis,
        read.current_analysis,
        told.analysis,
        leading_analysis(case),
    ):
        assert analysis.model_version.get_deferred_fields() == {"manifest", "card"}


def test_the_number_of_queries_does_not_grow(north, queue, django_assert_max_num_queries):
    for _ in range(6):
        queue("soon", 0.5)
    north.dermatologist.clinic  # noqa: B018  the membership is read once per request
    with django_assert_max_num_queries(6):
        assert len(Worklist(north.dermatologist).rows()) == 6


def test_that_a_case_was_never_asked_again_is_found_out_once_and_not_for_each_row(north, queue):
    for _ in range(3):
        queue("soon", 0.5)
    cases = [row.case for row in Worklist(north.dermatologist).rows()]
    assert [case.retakes.all()._result_cache for case in cases] == [[]] * 3  # None: not looked up yet
