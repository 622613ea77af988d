"""Processes that share the tests meet neither in a folder nor in a broker."""

from pathlib import Path

import pytest

from skinclinic.settings.sharing import PROCESS, take_share

REDIS = "redis://127.0.0.1:6379/9"


def taken(folder: str, **environment: str) -> dict[str, str]:
    take_share(environment, Path(folder))
    return environment


def test_each_process_has_a_folder_and_a_broker_of_its_own():
    first, second = (
        taken(f"/{name}", **{PROCESS: name, "DATA_DIR": "/both", "CELERY_BROKER_URL": REDIS}) for name in ("gw0", "gw1")
    )
    assert (first["DATA_DIR"], first["CELERY_BROKER_URL"]) == ("/gw0", REDIS)
    assert (second["DATA_DIR"], second["CELERY_BROKER_URL"]) == ("/gw1", "redis://127.0.0.1:6379/10")


def test_a_command_that_a_test_starts_works_on_the_share_of_its_test():
    ours = taken("/gw1", **{PROCESS: "gw1", "CELERY_BROKER_URL": REDIS})
    theirs = dict(ours, DATA_DIR="/given-by-the-test")
    take_share(theirs, Path("/another"))
    assert theirs == dict(ours, DATA_DIR="/given-by-the-test")


@pytest.mark.parametrize(
    ("broker", "words"),
    [("redis://127.0.0.1:6379/15", "no number 16.*at most 14"), ("redis+socket:///run/redis.sock", "names no number")],
)
def test_a_broker_that_cannot_be_shared_is_said(broker, words):
    with pytest.raises(ValueError, match=words):
        taken("/gw1", **{PROCESS: "gw1", "CELERY_BROKER_URL": broker})


@pytest.mark.parametrize("broker", ["", "filesystem://localhost/"])
def test_a_broker_of_files_lies_in_the_folder_anyway(broker):
    assert taken("/gw1", **{PROCESS: "gw1", "CELERY_BROKER_URL": broker})["CELERY_BROKER_URL"] == broker


def test_one_process_alone_keeps_what_it_was_given():
    given = {"DATA_DIR": "/mine", "CELERY_BROKER_URL": REDIS}
    assert taken("/made", **given) == given
    assert taken("/made") == {"DATA_DIR": "/made"}
