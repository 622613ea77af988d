"""How often a page asks the database: a fixed number of times, however many wait."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases.models import Case
from cases.services.review import claim_case
from tests.cases.api.conftest import answered_case
from tests.factories import (
    AnalysisFactory,
    CaseFactory,
    ExplanationFactory,
    LesionImageFactory,
    PredictionFactory,
    ReadFactory,
    RetakeRequestFactory,
    SavedFilterFactory,
)

pytestmark = pytest.mark.django_db

MOST = 12
MOST_IN_THE_ROOM = 21
QUEUE = "/worklist/"


@pytest.fixture
def reader(north, active_model, client_for):
    """A dermatologist with a filter of their own, in a clinic where cases wait: free, held, of two sites, unscored."""
    for number in range(6):
        case = answered_case(north.clinic, flagged=number % 2 == 0)
        LesionImageFactory(case=case, lesion__site="ear")
    claim_case(reader=north.dermatologist, case=case)
    mine = {"clinic": north.clinic, "owner": north.dermatologist}
    SavedFilterFactory(criteria={"view": "all", "site": "ear", "threshold": 0.4}, **mine)
    Case.objects.filter(pk=case.pk).update(tier="", malignancy=None, silent=True)
    return client_for(north.dermatologist)


def questions(ask):
    """Statements that read or write rows, and the answer."""
    with CaptureQueriesContext(connection) as asked:
        answer = ask()
    return [query["sql"] for query in asked if not re.match(r"(RELEASE )?SAVEPOINT", query["sql"])], answer


@pytest.mark.parametrize(
    "query",
    [
        "",
        "view=all",
        "view=all&site=back&tier=soon&min_malignancy=0.10&state=ready",
        "view=flagged&threshold=0.25",
        "view=all&threshold=0.25",
        "view=mine",
        "view=unassessed",
        "view=awaiting",
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_a_page_of_the_queue(reader, query, htmx):
    headers = {"HTTP_HX_REQUEST": "true"} if htmx else {}
    asked, answer = questions(lambda: reader.get(f"{QUEUE}?{query}", **headers))
    assert answer.status_code == 200
    assert len(asked) <= MOST, "\n".join(asked)


def test_reading_next(reader):
    asked, answer = questions(lambda: reader.post(reverse("cases:read_next")))
    assert "/reading/" in answer["Location"]
    assert len(asked) <= MOST, "\n".join(asked)


def test_a_case_that_was_asked_again_costs_one_question_more(reader, north):
    before, _ = questions(lambda: reader.get(f"{QUEUE}?view=all"))
    now, case = timezone.now(), answered_case(north.clinic)
    RetakeRequestFactory(case=case, created_at=now, answered_at=now, answered_by=north.staff)
    asked, _ = questions(lambda: reader.get(f"{QUEUE}?view=all"))
    assert len(asked) == len(before) + 1


def test_more_cases_bring_no_more_questions(reader, north):
    few, _ = questions(lambda: reader.get(f"{QUEUE}?view=all"))
    for _ in range(4):
        answered_case(north.clinic)
    many, answer = questions(lambda: reader.get(f"{QUEUE}?view=all"))
    assert answer.content.decode().count("data-case=") == 10
    assert len(many) == len(few)


def read(reader, case):
    return questions(lambda: reader.get(reverse("cases:reading", args=[case.pk])))


def test_the_reading_room(reader, north):
    asked, answer = read(reader, answered_case(north.clinic, flag_threshold=0.1))
    assert answer.status_code == 200
    assert len(asked) <= MOST_IN_THE_ROOM, "\n".join(asked)


def test_more_images_reads_and_cases_bring_no_more_questions_there(reader, north):
    case = answered_case(north.clinic)
    lesion = case.images.get().lesion
    few, _ = read(reader, case)
    for _ in range(3):
        analysis = AnalysisFactory(succeeded=True, image__case=case, image__lesion=lesion)
        PredictionFactory(analysis=analysis)
        ExplanationFactory(analysis=analysis)
        earlier = CaseFactory(patient=case.patient, state="decided", decided_at=timezone.now())
        LesionImageFactory(case=earlier, lesion=lesion)
        ReadFactory(case=earlier, reader=north.dermatologist)
        answered_case(north.clinic)
    many, answer = read(reader, case)
    page = answer.content.decode()
    assert (page.count('aria-current="true"'), page.count("Image 4:")) == (1, 1)
    assert page.count(f'<span class="faint">{north.dermatologist.username}</span>') == 3
    assert len(many) <= len(few), "\n".join(many)
