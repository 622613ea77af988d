"""What the answers come to: the latest of each person, an interval only where there is one, no name."""

import pytest

from cases.selectors.usability import (
    current_answers,
    interval_of_mean,
    last_answered,
    student_quantile,
    usability_results,
)
from tests.factories import UsabilityAnswerFactory, UserFactory


@pytest.fixture
def answered(north):
    """`answered(role, ratings, comment)`: somebody new answers."""

    def answer(ratings="3333333333", role="staff", comment="", respondent=None):
        respondent = respondent or UserFactory(clinic=north.clinic, role=role)
        return UsabilityAnswerFactory(clinic=north.clinic, respondent=respondent, ratings=ratings, comment=comment)

    return answer


def test_without_an_answer_there_is_no_number(north, south):
    UsabilityAnswerFactory(clinic=south.clinic)
    assert usability_results(north.admin) is None


def test_of_each_person_the_latest_counts(north, answered):
    answered("1515151515", respondent=north.staff)
    latest = answered("5151515151", respondent=north.staff)
    other = answered(respondent=north.dermatologist)
    assert set(current_answers(north.admin)) == {latest, other}
    found = usability_results(north.admin)
    assert (found.count, found.mean) == (2, 75.0)
    assert found.by_role == [("Clinic staff", 1), ("Dermatologist", 1)]
    assert (found.first, found.last) == (latest.created_at, other.created_at)
    assert last_answered(north.staff) == latest.created_at
    assert last_answered(north.auditor) is None


def test_only_the_administrator_of_the_clinic_sees_them(north, south, answered):
    answered()
    assert usability_results(south.admin) is None
    for role in ("staff", "dermatologist", "auditor"):
        assert usability_results(getattr(north, role)) is None


def test_every_score_lies_in_one_band(north, answered):
    scores = {"1515151515": 0, "1514151515": 2.5, "3333333333": 50, "5155515151": 90, "5151515151": 100}
    for ratings in scores:
        answered(ratings)
    found = usability_results(north.admin)
    assert [band.count for band in found.bands] == [2, 0, 1, 0, 2]
    assert [band.share for band in found.bands] == [0.4, 0, 0.2, 0, 0.4]


def test_a_score_on_an_edge_lies_below_it(north, answered):
    answered("1515111115")  # odd 0; even 0+0+4+4+0 = 8; 8 × 2.5 = 20
    assert [band.count for band in usability_results(north.admin).bands] == [1, 0, 0, 0, 0]


def test_the_ratings_of_a_statement_are_counted(north, answered):
    answered("5133333333")
    answered("4133333333")
    first, second = usability_results(north.admin).statements[:2]
    assert first.words.startswith("I think that I would like")
    assert first.counts == [0, 0, 0, 1, 1]
    assert second.counts == [2, 0, 0, 0, 0]


def test_comments_carry_a_role_only_and_no_order_of_time(north, answered):
    answered(comment="Slow.", role="staff")
    answered(comment="Fine.", role="dermatologist")
    answered(comment="A key for this.", role="staff")
    answered(role="staff")
    wanted = [("Clinic staff", "A key for this."), ("Clinic staff", "Slow."), ("Dermatologist", "Fine.")]
    assert usability_results(north.admin).comments == wanted


def test_the_interval_of_five_is_students():
    # Mean 80, standard deviation √250, standard error √50 = 7.0711, t(4) = 2.7764: 80 ± 19.63.
    assert interval_of_mean([60.0, 70.0, 80.0, 90.0, 100.0]) == pytest.approx((60.37, 99.63), abs=0.01)


def test_an_interval_does_not_leave_the_scale():
    low, high = interval_of_mean([100.0, 100.0, 100.0, 100.0, 80.0])
    assert (round(low, 1), high) == (84.9, 100.0)
    assert interval_of_mean([0.0, 0.0, 0.0, 0.0, 20.0])[0] == 0.0


@pytest.mark.parametrize("scores", [[50.0], [10.0, 20.0, 30.0, 40.0], [70.0] * 5])
def test_too_few_or_equal_scores_have_no_interval(scores):
    assert interval_of_mean(scores) is None


@pytest.mark.parametrize(("freedom", "printed"), [(4, 2.776), (9, 2.262), (29, 2.045), (120, 1.980)])
def test_students_quantiles_are_those_of_the_printed_tables(freedom, printed):
    assert student_quantile(0.975, freedom) == pytest.approx(printed, abs=0.001)
