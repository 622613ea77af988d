"""The time a case waits is the clinic's: it stands still while images are awaited."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cases.models import AuditEvent
from cases.services import retakes, submission
from tests.factories import CaseFactory, LesionImageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch):
    """`clock(hours)` moves the time on; between its moves it stands."""
    now = timezone.now()

    def move(hours):
        nonlocal now
        now += timedelta(hours=hours)
        return now

    monkeypatch.setattr(timezone, "now", lambda: now)
    return move


def waited_by_the_trail(case, now):
    """From the first submission to now, without what lies between each request and its end."""
    ends = {"case_submitted", "retake_unable", "retake_withdrawn"}
    waited, since = timedelta(), None
    for event in AuditEvent.objects.about(case.pk).order_by("seq"):
        if event.action in ends and since is None:
            since = event.at
        elif event.action == "retake_requested":
            waited, since = waited + event.at - since, None
    return waited + (now - since if since else timedelta())


def test_the_clock_stands_still_while_images_are_awaited(north, clock):
    case = CaseFactory(patient__clinic=north.clinic)
    LesionImageFactory(case=case)
    reader = {"dermatologist": north.dermatologist, "case": case}
    submission.submit_case(actor=north.staff, case=case)  # without a model it is ready at once
    steps = [
        (2, lambda: retakes.request_images(reason="another_view", **reader)),
        (30, lambda: LesionImageFactory(case=case)),
        (1, lambda: submission.submit_case(actor=north.staff, case=case)),
        (3, lambda: retakes.request_images(reason="blur", **reader)),
        (50, lambda: retakes.decline_retake(actor=north.staff, case=case, unable="no_better")),
        (4, lambda: retakes.request_images(reason="blur", **reader)),
        (5, lambda: retakes.withdraw_request(**reader)),
        (6, lambda: None),
    ]
    for hours, act in steps:
        now = clock(hours)
        act()
        case.refresh_from_db()
        assert case.waited(now) == waited_by_the_trail(case, now)
    assert case.waited(now) == timedelta(hours=2 + 3 + 4 + 6)
    assert now - case.submitted_at == timedelta(hours=sum(hours for hours, _ in steps))
