"""Bringing the clinic into the state that a test starts from: through its API, as a program of the clinic would."""

import itertools
from dataclasses import dataclass

from tests.processes import wait_until

ANALYSED_WITHIN = 60  # seconds
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """A patient; every word of it must stay where only the right eyes are."""

    identifier: str
    given_name: str
    family_name: str
    birth_date: str = "1957-03-14"
    sex: str = "female"

    @property
    def private_words(self) -> tuple[str, ...]:
        return self.identifier, self.given_name, self.family_name, self.birth_date


def somebody() -> Person:
    """A patient nobody else in this run is."""
    number = next(_numbers)
    return Person(f"MRN-77{number:04}", f"Quirina{number}", f"Zellweger{number}")


class Program:
    """One person's token on the REST API."""

    def __init__(self, playwright, url: str, login: dict[str, str]) -> None:
        with_nothing = playwright.request.new_context(base_url=url)
        token = self._answer(with_nothing.post("/api/v1/auth/token/", data=login), 200)["token"]
        with_nothing.dispose()
        headers = {"Authorization": f"Token {token}"}
        self._requests = playwright.request.new_context(base_url=url, extra_http_headers=headers)

    def get(self, path: str) -> dict:
        # A server may close a connection that was idle at the moment in which it is asked again; to ask twice is harmless.
        return self._answer(self._requests.get(f"/api/v1/{path}", max_retries=2), 200)

    def post(self, path: str, status: int = 201, **fields) -> dict:
        return self._answer(self._requests.post(f"/api/v1/{path}", data=fields), status)

    def draft(
        self,
        *,
        picture: bytes | None = None,
        image_type: str = "dermoscopic",
        person: Person | None = None,
        site: str = "back",
    ) -> dict:
        """A case that is not submitted yet, with its lesion, and its image if there is a picture."""
        person = person or somebody()
        patient = self.post("patients/", **vars(person))
        lesion = self.post("lesions/", patient=patient["id"], site=site, laterality="left")
        case = self.post("cases/", patient=patient["id"], reason="It has changed.", itch="yes")
        if picture:
            file = {"name": "image.jpg", "mimeType": "image/jpeg", "buffer": picture}
            fields = {"file": file, "lesion": lesion["id"], "image_type": image_type, "recognisable": "false"}
            self._answer(self._requests.post(f"/api/v1/cases/{case['id']}/images/", multipart=fields), 201)
        return self.get(f"cases/{case['id']}/")

    def submit(self, case: dict) -> dict:
        return self.post(f"cases/{case['id']}/submit/", status=202)

    def ready(self, picture: bytes, **kwargs) -> dict:
        """A case that the network has looked at."""
        case = self.submit(self.draft(picture=picture, **kwargs))
        return self.wait_until_analysed(case["id"])

    def wait_until_analysed(self, case: str) -> dict:
        wait_until(lambda: self.get(f"cases/{case}/")["state"] != "submitted", seconds=ANALYSED_WITHIN, every=0.2)
        return self.get(f"cases/{case}/")

    def _answer(self, response, status: int) -> dict:
        assert response.status == status, f"{response.url} answered {response.status}: {response.text()}"
        return response.json()
