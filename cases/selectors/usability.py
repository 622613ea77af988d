"""What the answers to the System Usability Scale come to."""

from collections import Counter
from datetime import datetime
from math import sqrt
from statistics import NormalDist, mean, stdev
from typing import NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery

from cases.models import UsabilityAnswer, User
from cases.models.usability import HIGHEST, LOWEST, STATEMENTS
from cases.permissions import visible_usability_answers
from cases.vocabulary import Role

FEWEST = 5  # answers below which an interval would claim more than they can tell
BANDS = ((0, 20), (20, 40), (40, 60), (60, 80), (80, 100))  # each without its lower end, but for the first


class Band(NamedTuple):
    """How many scores lie above `low` (the first: from it) and up to `high`."""

    low: int
    high: int
    count: int
    share: float


class Ratings(NamedTuple):
    """How often each rating was given to one statement, from strongly disagree to strongly agree."""

    words: str
    counts: list[int]


class UsabilityResults(NamedTuple):
    """Each person's latest answer, together. `interval` is None where none can be given."""

    count: int
    by_role: list[tuple[str, int]]
    mean: float
    interval: tuple[float, float] | None
    bands: list[Band]
    statements: list[Ratings]
    comments: list[tuple[str, str]]  # (role, words): no name, no time, and in no order that would tell either
    first: datetime
    last: datetime


def last_answered(user: User) -> datetime | None:
    return user.usability_answers.order_by("-created_at").values_list("created_at", flat=True).first()


def current_answers(user: User) -> QuerySet[UsabilityAnswer]:
    """Of everybody who answered in the clinic, the latest answer."""
    visible = visible_usability_answers(user)
    latest = visible.filter(respondent=OuterRef("respondent")).order_by("-created_at", "-pk").values("pk")[:1]
    return visible.filter(pk=Subquery(latest))


def usability_results(user: User) -> UsabilityResults | None:
    """None while nobody has answered: there is no number without an answer."""
    answers = list(current_answers(user))
    if not answers:
        return None
    scores = [answer.score for answer in answers]
    roles = Counter(Role(answer.role).label for answer in answers)
    return UsabilityResults(
        count=len(answers),
        by_role=sorted(roles.items()),
        mean=mean(scores),
        interval=interval_of_mean(scores),
        bands=[_band(low, high, scores) for low, high in BANDS],
        statements=[Ratings(words, _counts(answers, name)) for name, words in STATEMENTS.items()],
        comments=sorted((Role(answer.role).label, answer.comment) for answer in answers if answer.comment),
        first=min(answer.created_at for answer in answers),
        last=max(answer.created_at for answer in answers),
    )


def interval_of_mean(scores: list[float]) -> tuple[float, float] | None:
    """Student's 95 % interval of the mean, cut at the ends of the scale.

    None below FEWEST scores, and for equal ones: their spread of 0 would make a sure thing of a few answers.
    """
    if len(scores) < FEWEST or len(set(scores)) == 1:
        return None
    half = student_quantile(0.975, len(scores) - 1) * stdev(scores) / sqrt(len(scores))
    return max(mean(scores) - half, 0.0), min(mean(scores) + half, 100.0)


def student_quantile(share: float, freedom: int) -> float:
    """The quantile of Student's t, to 0.001 from 4 degrees of freedom on at the usual 0.975.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5. The clinic's requirements hold no SciPy.
    """
    z = NormalDist().inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))


def _band(low: int, high: int, scores: list[float]) -> Band:
    count = sum(low < score <= high or score == low == 0 for score in scores)
    return Band(low, high, count, count / len(scores))


def _counts(answers: list[UsabilityAnswer], statement: str) -> list[int]:
    given = Counter(getattr(answer, statement) for answer in answers)
    return [given[rating] for rating in range(LOWEST, HIGHEST + 1)]
