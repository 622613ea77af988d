"""The ten statements, and the page of what was said of them."""

import html
import re

import pytest
from django.urls import reverse

from cases.models import AuditEvent, UsabilityAnswer
from cases.models.usability import STATEMENTS
from tests.factories import UsabilityAnswerFactory, UserFactory

pytestmark = pytest.mark.django_db
FORM = {**dict.fromkeys(STATEMENTS, "4"), "comment": "Quick, but the map is small."}


def text(answer):
    """The page's words without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


@pytest.fixture
def ask(north, client_for):
    """`ask()`: the form as staff sees it; `ask(**fields)`: what sending it answers."""
    client = client_for(north.staff)

    def call(**fields):
        return client.post(reverse("cases:usability"), fields) if fields else client.get(reverse("cases:usability"))

    return call


@pytest.fixture
def results(north, client_for):
    return lambda: client_for(north.admin).get(reverse("cases:usability_results"))


def test_the_form_asks_brookes_ten_statements_and_answers_none_beforehand(ask):
    page = ask().content.decode()
    assert re.findall(r"<legend>(\d+)\. (.+?)</legend>", page) == [
        (str(number), words) for number, words in enumerate(STATEMENTS.values(), start=1)
    ]
    assert len(re.findall(r'type="radio"', page)) == 50
    assert "checked" not in page
    assert "Brooke" in page


def test_an_answer_is_kept_and_thanked_for(ask, north):
    answer = ask(**FORM)
    assert answer["Location"] == reverse("cases:home")
    kept = UsabilityAnswer.objects.get()
    assert (kept.respondent, kept.statement_10, kept.comment) == (north.staff, 4, FORM["comment"])
    assert "the new answer counts" in text(ask())


def test_a_missing_answer_is_named_and_nothing_entered_is_lost(ask):
    answer = ask(**{name: value for name, value in FORM.items() if name not in ("statement_3", "statement_8")})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert not UsabilityAnswer.objects.exists()
    missing = re.findall(r'<li><a href="#id_(statement_\d+)_0">(.+?)</a></li>', page)
    assert [name for name, _ in missing] == ["statement_3", "statement_8"]
    assert html.unescape(missing[0][1]) == f"Statement 3 has no answer: “{STATEMENTS['statement_3']}”."
    for name in STATEMENTS:
        open_one = name in ("statement_3", "statement_8")
        assert len(re.findall(rf'name="{name}" value="4"[^>]*checked', page)) == (0 if open_one else 1)
        assert (f'aria-describedby="id_{name}_error"' in page) == open_one
    assert FORM["comment"] in page


def test_the_link_of_a_missing_answer_leads_to_a_control(ask):
    page = ask(**{**FORM, "statement_3": ""}).content.decode()
    target = re.search(r'<a href="#(id_statement_3_\d)">', page)[1]
    assert re.search(rf'<input[^>]*id="{target}"', page)


@pytest.mark.parametrize("nonsense", ["6", "0", "4.5", "very"])
def test_an_answer_off_the_scale_is_refused(ask, nonsense):
    answer = ask(**{**FORM, "statement_2": nonsense})
    assert answer.status_code == 422
    assert "The answer to statement 2 is a whole number from 1 to 5." in text(answer)
    assert not UsabilityAnswer.objects.exists()


def test_an_empty_form_is_refused_and_not_just_shown_again(north, client_for):
    assert client_for(north.staff).post(reverse("cases:usability")).status_code == 422


def test_a_comment_that_is_too_long_is_told_at_its_field(ask):
    answer = ask(**{**FORM, "comment": "x" * 2001})
    assert answer.status_code == 422
    assert 'id="id_comment_error_1"' in answer.content.decode()


def test_before_the_first_answer_the_page_says_so_and_shows_no_number(results):
    page = text(results())
    assert "No answers yet." in page
    assert "Mean" not in page
    assert AuditEvent.objects.get(action="usability_viewed").payload == {"answers": 0}


def test_few_answers_have_a_mean_and_no_interval(north, results):
    for ratings in ("5151515151", "4242424242", "3333333333", "3333333333"):
        UsabilityAnswerFactory(clinic=north.clinic, ratings=ratings)
    page = text(results())
    assert "People answered 4 Clinic staff: 4" in page
    assert "Mean score, of 0 to 100 68.8" in page  # (100 + 75 + 50 + 50) / 4
    assert "Too few answers for an interval: it needs 5" in page
    assert "95 %" not in page
    assert AuditEvent.objects.get(action="usability_viewed").payload == {"answers": 4}


def test_five_answers_have_an_interval(north, results):
    for ratings in ("5151515151", "4242424242", "3333333333", "3333333333", "1515151515"):
        UsabilityAnswerFactory(clinic=north.clinic, ratings=ratings)
    # Scores 100, 75, 50, 50, 0: mean 55, standard deviation 37.08, 55 ± 2.776 × 16.58.
    assert "55.0 95 % interval 9.0 to 100.0" in text(results())


def test_five_equal_scores_are_not_called_too_few(north, results):
    for _ in range(5):
        UsabilityAnswerFactory(clinic=north.clinic)
    page = text(results())
    assert "All scores are equal, so they give no interval" in page
    assert "Too few" not in page


def test_a_comment_stands_beside_a_role_and_never_a_name(north, results):
    writer = UserFactory(clinic=north.clinic, role="dermatologist", username="zellweger")
    answer = UsabilityAnswerFactory(clinic=north.clinic, respondent=writer, comment="<b>Keys</b>\nplease.")
    page = results().content.decode()
    assert re.search(r"Dermatologist</p><p>&lt;b&gt;Keys&lt;/b&gt;<br>please.</p>", page)
    assert "zellweger" not in page
    assert str(answer.pk) not in page


def test_each_role_finds_its_page_in_the_menu(north, client):
    places = {"staff": "usability", "dermatologist": "usability", "admin": "usability_results", "auditor": None}
    for role, wanted in places.items():
        client.force_login(getattr(north, role))
        page = client.get(reverse("cases:home")).content.decode()
        for name in ("usability", "usability_results"):
            assert (f'href="{reverse(f"cases:{name}")}"' in page) == (name == wanted), (role, name)
