"""The order that the database merges from cells is the order that the rule gives to the cases one by one."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from cases.models import Case, LesionImage
from cases.selectors.queue_numbers import flagged_at, queue_numbers
from cases.selectors.worklist import Worklist, WorklistFilter
from tests.factories import CaseFactory, LesionFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db
RANK = {"urgent": 0, "": 1, "soon": 2, "routine": 3}
MANY = 90


@pytest.fixture
def crowd(north):
    """Many cases of every kind, some of which have waited equally long; the same in each run."""
    rng, now = random.Random(20), timezone.now()
    colleague = UserFactory(clinic=north.clinic, role="dermatologist")
    patient = PatientFactory(clinic=north.clinic)
    lesions = [LesionFactory(patient=patient, site=site) for site in ("back", "ear", "scalp")]
    cases = [somebody(rng, now, patient, [colleague, north.dermatologist]) for _ in range(MANY)]
    Case.objects.bulk_create(cases)
    LesionImage.objects.bulk_create(
        picture_row(case, lesion) for case in cases for lesion in rng.sample(lesions, rng.choice([1, 1, 2]))
    )
    return north.dermatologist


def somebody(rng, now, patient, readers):
    tier = rng.choice(["urgent", "soon", "routine", ""])
    malignancy = None if not tier and rng.random() < 0.7 else rng.choice([0.004, 0.29, 0.3, rng.random()])
    silent = not tier or rng.random() < 0.1
    state = rng.choice(["ready"] * 5 + ["in_review"] * 2 + ["awaiting_images", "decided"])
    since = now - timedelta(minutes=rng.choice([5, 60, rng.randrange(1, 9000)]))
    held = {"claimed_by": rng.choice(readers), "claim_until": now + timedelta(minutes=9)}
    return CaseFactory.build(
        patient=patient, created_by=patient.created_by, tier=tier, malignancy=malignancy, silent=silent,
        flagged=silent or (malignancy or 0) >= 0.3, flag_threshold=0.3, state=state, submitted_at=since,
        paused_at=now - timedelta(minutes=2) if state == "awaiting_images" else None,
        **(held if state == "in_review" else {}),
    )  # fmt: skip


def picture_row(case, lesion):
    """Without a file: nobody looks at it here."""
    facts = {"media_type": "image/jpeg", "width": 1, "height": 1, "byte_size": 1, "phash": "0" * 16}
    people = {"uploaded_by": case.created_by, "image_type": "dermoscopic"}
    return LesionImage(case=case, lesion=lesion, sha256=lesion.pk.hex * 2, stored_sha256="", **facts, **people)


def by_the_rule(user, wanted, now):
    """The whole list as it ought to be, from the cases alone."""

    def let_through(case):
        return (
            case.state in ([wanted.state] if wanted.state else ["ready", "in_review"])
            and (not wanted.tier or case.tier == wanted.tier.replace("unassessed", ""))
            and (wanted.min_malignancy is None or (case.malignancy or -1) >= wanted.min_malignancy)
            and (not wanted.held_by_me or case.claimed_by_id == user.pk)
            and (not wanted.site or case.images.filter(lesion__site=wanted.site).exists())
            and wanted.flagged in (None, flag(case))
        )

    def flag(case):
        if wanted.threshold is None:
            return case.flagged
        return case.silent or (case.malignancy or -1) >= wanted.threshold

    def place(case):
        hundredths = int((case.malignancy or 0) * 100 + 1e-9)
        harm = 1.0 if case.tier == "" else (hundredths + 0.5) / 100
        waited = case.waited(now).total_seconds()
        return (not flag(case), RANK[case.tier], -round(harm * waited, 1), -round(waited, 1), case.pk)

    return [case.pk for case in sorted(filter(let_through, Case.objects.all()), key=place)]


@pytest.mark.parametrize(
    "wanted",
    [
        WorklistFilter(),
        WorklistFilter(flagged=True),
        WorklistFilter(flagged=False),
        WorklistFilter(threshold=0.3),
        WorklistFilter(threshold=0.29, flagged=True),
        WorklistFilter(threshold=0.555, flagged=False),
        WorklistFilter(min_malignancy=0.29),
        WorklistFilter(min_malignancy=0.2945, threshold=0.2965),
        WorklistFilter(tier="unassessed"),
        WorklistFilter(tier="soon", site="ear"),
        WorklistFilter(site="back", flagged=True, threshold=0.7),
        WorklistFilter(state="in_review"),
        WorklistFilter(state="awaiting_images"),
        WorklistFilter(held_by_me=True),
        WorklistFilter(held_by_me=True, site="back"),
    ],
    ids=str,
)
def test_the_order_and_the_length_under_each_filter(crowd, wanted):
    now = timezone.now()
    queue, ought = Worklist(crowd, wanted, as_of=now), by_the_rule(crowd, wanted, now)
    assert ought, "the filter lets nothing through, and so tests nothing"
    assert queue.ids == ought
    assert len(queue) == len(ought)
    assert [row.case.pk for row in queue.rows(0, 5)] == ought[:5]


@pytest.mark.parametrize("size", [1, 7, 50])
def test_pages_behind_one_another_are_the_whole_list(crowd, size):
    queue = Worklist(crowd)
    walked, behind = [], None
    while page := queue.places(stop=size, behind=behind):
        walked += [place.case for place in page]
        behind = page[-1].key
    assert walked == queue.ids


def test_each_case_knows_its_rank_and_its_neighbours(crowd):
    queue = Worklist(crowd)
    ids = queue.ids
    for at, case in enumerate(Case.objects.in_bulk(ids)[pk] for pk in ids):
        rank, behind, before = queue.around(case, 2)
        assert rank == at + 1
        assert [one.pk for one in behind] == ids[at + 1 : at + 3]
        assert [one.pk for one in before] == ids[max(at - 1, 0) : at]


def test_of_a_case_that_is_not_in_it_the_head_is_shown(crowd):
    queue = Worklist(crowd)
    rank, behind, before = queue.around(Case.objects.filter(state="decided").first(), 3)
    assert (rank, [one.pk for one in behind], before) == (None, queue.ids[:3], [])


def test_nobody_counts_beyond_the_thousandth(crowd, monkeypatch):
    monkeypatch.setattr("cases.selectors.worklist.MOST_RANKED", 10)
    queue = Worklist(crowd)
    cases = Case.objects.in_bulk(queue.ids)
    assert [queue.around(cases[queue.ids[at]], 1)[0] for at in (8, 9, 10, 40)] == [9, 10, None, None]


def test_the_numbers_are_those_of_the_cases(crowd):
    numbers, waiting = queue_numbers(crowd), list(Case.objects.waiting())
    assert numbers.of_view == {
        "flagged": sum(case.flagged for case in waiting),
        "all": len(waiting),
        "mine": sum(case.claimed_by_id == crowd.pk for case in waiting),
        "unassessed": sum(case.tier == "" for case in waiting),
        "awaiting": Case.objects.filter(state="awaiting_images").count(),
    }
    scores = [case.malignancy for case in waiting if not case.silent]
    assert numbers.histogram == [sum(n / 20 <= score < (n + 1) / 20 for score in scores) for n in range(20)]
    for hundredth in range(1, 100):  # the stops of the slider, in the browser and here
        ought = numbers.silent + sum(score >= hundredth / 100 for score in scores)
        assert flagged_at(crowd, hundredth / 100) == numbers.silent + sum(numbers.bands[hundredth:]) == ought
