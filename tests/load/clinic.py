"""`make load`: cases sent to a running clinic through its API, and how long until each can be read."""

import argparse
import json
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.drawings import jpeg
from tests.load.figures import line

PATIENCE = 120.0  # seconds for a case to become ready


class Visitor:
    """One login with its token; every call is timed under its name."""

    def __init__(self, address: str, login: dict[str, str]) -> None:
        self.address, self.token = address.rstrip("/"), ""
        self.times: dict[str, list[float]] = defaultdict(list)
        self.token = self.post("sign in", "auth/token/", login)["token"]

    def post(self, name: str, path: str, fields: dict[str, Any]) -> Any:
        return self._send(name, path, json.dumps(fields).encode(), "application/json")

    def get(self, name: str, path: str) -> Any:
        return self._send(name, path, None, "application/json")

    def upload(self, path: str, fields: dict[str, str], picture: bytes) -> Any:
        border = secrets.token_hex(16)
        parts = [f'--{border}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
        head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="p.jpg"\r\n'
        body = "".join(parts) + head + "Content-Type: image/jpeg\r\n\r\n"
        data = body.encode() + picture + f"\r\n--{border}--\r\n".encode()
        return self._send("upload", path, data, f"multipart/form-data; boundary={border}")

    def _send(self, name: str, path: str, data: bytes | None, media_type: str) -> Any:
        headers = {"Content-Type": media_type} | ({"Authorization": f"Token {self.token}"} if self.token else {})
        request = urllib.request.Request(f"{self.address}/api/v1/{path}", data=data, headers=headers)  # noqa: S310
        start = time.perf_counter()
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            body = json.load(answer)
        self.times[name].append(1000 * (time.perf_counter() - start))
        return body


def send_case(visitor: Visitor, number: int) -> float:
    """Register, upload, submit, wait; returns the seconds from submission to ready."""
    patient = visitor.post(
        "patient",
        "patients/",
        {"identifier": f"LOAD-{secrets.token_hex(6)}", "given_name": "Load", "family_name": "Test"},
    )
    lesion = visitor.post("lesion", "lesions/", {"patient": patient["id"], "site": "back"})
    case = visitor.post("case", "cases/", {"patient": patient["id"], "reason": "A measurement, not a patient."})
    _attach(visitor, case["id"], {"lesion": lesion["id"], "image_type": "dermoscopic"}, jpeg(number, (600, 450)))
    start = time.perf_counter()
    visitor.post("submit", f"cases/{case['id']}/submit/", {})
    while visitor.get("poll", f"cases/{case['id']}/")["state"] == "submitted":
        if time.perf_counter() - start > PATIENCE:
            raise TimeoutError(f"Case {case['id']} was not ready after {PATIENCE:g} s.")
        time.sleep(0.2)
    return time.perf_counter() - start


def _attach(visitor: Visitor, case: str, fields: dict[str, str], picture: bytes) -> None:
    """A drawing that an earlier run has sent is another patient's: said once, it is taken with a reason."""
    try:
        visitor.upload(f"cases/{case}/images/", fields, picture)
    except urllib.error.HTTPError as refusal:
        if refusal.code != HTTPStatus.CONFLICT:
            raise
        visitor.upload(f"cases/{case}/images/", {**fields, "override_reason": "A measurement."}, picture)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--users", type=int, default=4)
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--logins", type=Path, default=Path("var/demo-logins.json"))
    arguments = parser.parse_args()
    login = json.loads(arguments.logins.read_text())["staff"]
    visitors = [Visitor(arguments.url, login) for _ in range(arguments.users)]
    start = time.perf_counter()
    with ThreadPoolExecutor(arguments.users) as pool:
        shares = [range(user, arguments.cases, arguments.users) for user in range(arguments.users)]
        waits = [wait for part in pool.map(_send_all, visitors, shares) for wait in part]
    took = time.perf_counter() - start
    for name in visitors[0].times:
        print(line(name, [ms for visitor in visitors for ms in visitor.times[name]], "ms"))
    print(line("until ready", waits, "s"))
    print(f"{len(waits)} cases by {arguments.users} users in {took:.1f} s: {len(waits) / took:.2f} a second")
    return 0


def _send_all(visitor: Visitor, numbers: range) -> list[float]:
    return [send_case(visitor, number) for number in numbers]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, TimeoutError) as error:
        sys.exit(f"The clinic did not answer as expected: {error}")
