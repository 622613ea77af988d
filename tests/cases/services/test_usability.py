"""What people say of the software: kept as it was said, complete or not at all."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from cases.errors import Forbidden, InvalidInput
from cases.models import AuditEvent, UsabilityAnswer
from cases.models.usability import LONGEST_COMMENT, STATEMENTS
from cases.services.usability import answer_usability
from tests.factories import UsabilityAnswerFactory

pytestmark = pytest.mark.django_db
RATINGS = dict(zip(STATEMENTS, [4, 2, 5, 1, 4, 2, 5, 1, 4, 3], strict=True))


@pytest.mark.parametrize(
    ("ratings", "score"),
    [
        ("5151515151", 100.0),
        ("1515151515", 0.0),
        ("3333333333", 50.0),
        ("5555555555", 50.0),  # agreeing with everything cancels out
        ("4251425143", 82.5),  # 3+3+4+4+3+3+4+4+3+2 = 33, times 2.5
        ("4333333333", 52.5),
        ("3433333333", 47.5),
    ],
)
def test_the_score_is_brookes(ratings, score):
    assert UsabilityAnswerFactory(ratings=ratings).score == score


def test_an_answer_is_kept_with_its_role_and_noted_without_its_content(north):
    answer = answer_usability(actor=north.dermatologist, ratings=RATINGS, comment=" More keys, please. ")
    kept = UsabilityAnswer.objects.get()
    assert (kept.respondent, kept.clinic, kept.role) == (north.dermatologist, north.clinic, "dermatologist")
    assert {name: getattr(kept, name) for name in STATEMENTS} == RATINGS
    assert kept.comment == "More keys, please."
    event = AuditEvent.objects.get(action="usability_answered")
    assert (event.actor, event.object_id, event.payload) == (north.dermatologist, str(answer.pk), {})


def test_a_second_answer_leaves_the_first(north):
    for _ in range(2):
        answer_usability(actor=north.staff, ratings=RATINGS)
    assert UsabilityAnswer.objects.count() == 2


@pytest.mark.parametrize(
    ("ratings", "field", "words"),
    [
        ({name: 3 for name in STATEMENTS if name != "statement_8"}, "statement_8", "cumbersome to use”"),
        (RATINGS | {"statement_2": 0}, "statement_2", "statement 2 is a whole number from 1 to 5"),
        (RATINGS | {"statement_10": 6}, "statement_10", "statement 10 is a whole number from 1 to 5"),
        (RATINGS | {"statement_1": "4"}, "statement_1", "statement 1 is a whole number from 1 to 5"),
        (RATINGS | {"statement_11": 3}, "statement_11", "no such statement"),
    ],
)
def test_what_is_not_on_the_scale_is_refused_by_its_statement(north, ratings, field, words):
    with pytest.raises(InvalidInput) as refusal:
        answer_usability(actor=north.staff, ratings=ratings)
    assert list(refusal.value.errors) == [field]
    assert words in str(refusal.value)
    assert not UsabilityAnswer.objects.exists()
    assert not AuditEvent.objects.filter(action="usability_answered").exists()


def test_a_comment_has_an_end(north):
    answer_usability(actor=north.staff, ratings=RATINGS, comment="x" * LONGEST_COMMENT)
    with pytest.raises(InvalidInput, match="this has 2001"):
        answer_usability(actor=north.staff, ratings=RATINGS, comment="x" * (LONGEST_COMMENT + 1))


@pytest.mark.parametrize("role", ["admin", "auditor"])
def test_who_does_not_work_with_it_does_not_judge_it(north, role):
    with pytest.raises(Forbidden):
        answer_usability(actor=getattr(north, role), ratings=RATINGS)


@pytest.mark.parametrize(
    "change",
    [
        lambda: UsabilityAnswer.objects.update(statement_1=5),
        lambda: UsabilityAnswer.objects.get().delete(),
    ],
)
def test_the_database_refuses_to_change_or_delete_an_answer(change):
    UsabilityAnswerFactory()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()
    assert UsabilityAnswer.objects.get().statement_1 == 3


@pytest.mark.parametrize("same", ["id", "rowid"])
def test_the_database_refuses_to_replace_an_answer(same):
    if connection.vendor != "sqlite":
        pytest.skip("INSERT OR REPLACE is SQLite's own")
    UsabilityAnswerFactory()
    columns = ["rowid", *(field.column for field in UsabilityAnswer._meta.local_fields)]
    fresh = {"rowid": "900", "id": "'0'", "statement_1": "5"}
    values = ", ".join(name if name == same else fresh.get(name, name) for name in columns)
    table = UsabilityAnswer._meta.db_table
    replace = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table}"  # noqa: S608
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(replace)
    assert UsabilityAnswer.objects.get().statement_1 == 3


@pytest.mark.parametrize("ratings", ["0333333333", "3333333336"])
def test_the_database_knows_the_scale_too(ratings):
    with pytest.raises(IntegrityError, match="usability_ratings_on_the_scale"), transaction.atomic():
        UsabilityAnswerFactory(ratings=ratings)
