"""A token for a password, for a while."""

from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from knox.models import AuthToken

from cases.models import AuditEvent
from tests.factories import PASSWORD

ADDRESS = "/api/v1/auth/token/"


@pytest.fixture(autouse=True)
def _no_attempts_before():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def sign_in(api):
    return lambda user, password=PASSWORD: api().post(ADDRESS, {"username": user.username, "password": password})


def test_it_expires_within_90_days(north, sign_in):
    expires_at = datetime.fromisoformat(sign_in(north.staff).json()["expires_at"])
    assert timezone.now() < expires_at <= timezone.now() + timedelta(days=90)


def test_only_its_hash_is_kept(north, sign_in):
    token = sign_in(north.staff).json()["token"]
    assert token not in str(AuthToken.objects.values())


def test_once_expired_it_opens_nothing(north, sign_in, api):
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Token {sign_in(north.staff).json()['token']}")
    assert client.get("/api/v1/patients/").status_code == 200
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert client.get("/api/v1/patients/").status_code == 401


def test_a_login_that_was_switched_off_opens_nothing(north, sign_in, api):
    client = api(north.staff)
    north.staff.is_active = False
    north.staff.save()
    assert client.get("/api/v1/patients/").status_code == 401
    assert sign_in(north.staff).status_code == 401


@pytest.mark.parametrize("body", [{}, {"username": "a"}, {"password": "b"}])
def test_it_needs_both(body, api):
    answer = api().post(ADDRESS, body)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"username", "password"} - set(body)


def test_a_wrong_password_and_an_unknown_login_are_told_alike(north, sign_in, api):
    wrong = sign_in(north.staff, "wrong")
    unknown = api().post(ADDRESS, {"username": "nobody", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong["WWW-Authenticate"] == "Token"


def test_guessing_is_stopped_even_if_the_last_guess_is_right(north, sign_in):
    guesses = [sign_in(north.staff, f"wrong {n}").status_code for n in range(20)]
    assert guesses[0] == 401
    assert guesses[-1] == 429
    assert sign_in(north.staff).status_code == 429


def test_an_address_in_a_header_buys_no_further_attempts(api, north):
    def attempt(n):
        body = {"username": f"nobody-{n}", "password": "wrong"}
        return api().post(ADDRESS, body, headers={"x-forwarded-for": f"10.0.0.{n}"}).status_code

    assert 429 in [attempt(n) for n in range(40)]


def test_issuing_and_refusing_are_in_the_trail(north, sign_in):
    sign_in(north.staff, "wrong")
    sign_in(north.staff)
    actions = AuditEvent.objects.filter(object_id=str(north.staff.pk)).order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["sign_in_refused", "token_issued"]


def test_its_answer_is_a_secret_and_so_not_kept_under_a_key(north, api):
    body = {"username": north.staff.username, "password": PASSWORD}
    answers = [api().post(ADDRESS, body, headers={"Idempotency-Key": "k"}).json()["token"] for _ in range(2)]
    assert answers[0] != answers[1]
