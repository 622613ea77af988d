"""A limit on sign-ins is one limit, whichever process answers."""

import pytest

from tests.skinclinic.test_settings import start

DEVELOPMENT = "skinclinic.settings.development"
# Each run is a process of its own, as each web worker is.
TRY = """
import django; django.setup()
from rest_framework.test import APIClient
client, body = APIClient(), {"username": "rosa", "password": "wrong"}
print([client.post("/api/v1/auth/token/", body, format="json", headers={"host": "localhost"}).status_code for _ in range(2)])
"""


def test_two_processes_share_one_count(tmp_path):
    env = {"module": DEVELOPMENT, "TOKEN_RATE": "3/hour", "LOG_LEVEL": "CRITICAL"}
    migrated = start(tmp_path, "manage.py", "migrate", "--noinput", "--verbosity=0", **env)
    assert migrated.returncode == 0, migrated.stderr
    first, second = (start(tmp_path, "-c", TRY, **env) for _ in range(2))
    assert (first.stdout.strip(), second.stdout.strip()) == ("[401, 401]", "[401, 429]"), second.stderr


@pytest.mark.parametrize(
    ("url", "backend"),
    [("", "DatabaseCache"), ("redis://127.0.0.1:6379/1", "RedisCache"), ("locmemcache://", "LocMem")],
)
def test_a_setting_chooses_where_the_count_is(tmp_path, url, backend):
    show = "from django.conf import settings as s; print(s.CACHES['default']['BACKEND'])"
    assert backend in start(tmp_path, "-c", show, module=DEVELOPMENT, CACHE_URL=url).stdout
