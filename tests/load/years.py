"""Years of a group of clinics, made up: how patients, lesions, cases, answers and reads are spread.

A patient has two cases on average. Sites are as frequent as in HAM10000; one case in five is urgent or soon.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from cases.models import Clinic, ModelVersion, User
from cases.models.patient import HEAD
from cases.names import fold
from tests.load.multiplying import SCATTER
from tests.load.names import drawn

Row = dict[str, Any]

SITES = {
    "back": 22, "lower extremity": 21, "trunk": 14, "upper extremity": 11, "abdomen": 10, "face": 7, "chest": 4,
    "foot": 3, "unknown": 2, "neck": 2, "scalp": 1, "hand": 1, "ear": 0.6, "genital": 0.5, "acral": 0.1,
}  # fmt: skip
# Tier → its share, and how the malignancy of its cases is spread (a beta distribution).
TIERS = {"urgent": (8, 4, 3), "soon": (12, 3, 4), "routine": (76, 1, 14), "": (4, 2, 8)}
WAITING = {"ready": 970, "in_review": 5, "awaiting_images": 25}
OVER = {"closed": 930, "decided": 40, "cancelled": 20, "draft": 10}
LEADING = {"urgent": "mel", "soon": "bcc", "routine": "nv", "": "bkl"}
YEARS = 5


class House(NamedTuple):
    """One clinic with its people and its model version."""

    clinic: Clinic
    staff: User
    readers: list[User]
    version: ModelVersion


class Years:
    """`chunk(count)`: the rows of so many cases, by table. The same seed makes the same years."""

    def __init__(self, house: House, *, waiting: float, pictures: list[Row], seed: int) -> None:
        self._house, self._pictures, self._waiting = house, pictures, waiting
        self._rng = random.Random(seed)
        self._now = datetime.now(UTC)
        self._patients = seed << 28
        self._threshold = house.version.flag_threshold

    def chunk(self, count: int) -> dict[str, list[Row]]:
        rows: dict[str, list[Row]] = {
            name: [] for name in ("Patient", "Lesion", "Case", "LesionImage", "QualityCheck", "Analysis", "Prediction",
                                  "Read", "RetakeRequest")
        }  # fmt: skip
        while len(rows["Case"]) < count:
            patient = self._patient()
            rows["Patient"].append(patient)
            lesions = [self._lesion(patient, number) for number in (1, 2)[: self._rng.choice((1, 1, 1, 2))]]
            rows["Lesion"] += lesions
            for _ in range(min(self._rng.choice((1, 1, 2, 4)), count - len(rows["Case"]))):
                for name, row in self._visit(patient, self._rng.choice(lesions)):
                    rows[name].append(row)
        return rows

    def _patient(self) -> Row:
        rng = self._rng
        pk, (given, family) = self._id(), drawn(rng)
        return {
            "id": pk,
            "given_name": given,
            "family_name": family,
            "given_key": fold(given),
            "family_key": fold(family),
            "family_head": fold(family)[:HEAD],
            "clinic_id": self._house.clinic.pk,
            "created_by_id": self._house.staff.pk,
            "pseudonym": f"P-{self._number() * SCATTER % 2**32:08x}",
            "identifier": f"LOAD-{pk.hex[:16]}",
            "birth_date": date(1935, 1, 1) + timedelta(days=rng.randrange(27_000)),
            "sex": rng.choice(("female", "male")),
            "created_at": self._now - timedelta(days=rng.uniform(0, 365 * YEARS)),
        }

    def _lesion(self, patient: Row, number: int) -> Row:
        site = self._one_of(SITES)
        kept = {"patient_id": patient["id"], "created_by_id": patient["created_by_id"], "number": number}
        return {"id": self._id(), "site": site, "created_at": patient["created_at"], **kept}

    def _visit(self, patient: Row, lesion: Row) -> Iterator[tuple[str, Row]]:
        case = self._case(patient)
        image = {
            **self._rng.choice(self._pictures),
            "id": self._id(),
            "case_id": case["id"],
            "lesion_id": lesion["id"],
            "uploaded_by_id": patient["created_by_id"],
            "uploaded_at": case["created_at"],
        }
        yield "Case", case
        yield "LesionImage", image
        if case["state"] in ("draft", "cancelled"):
            return
        yield "QualityCheck", {"id": self._id(), "image_id": image["id"], "checked_at": case["created_at"]}
        analysis = self._analysis(case, image)
        yield "Analysis", analysis
        if case["tier"]:
            yield "Prediction", self._prediction(case, analysis)
        if case["decided_at"]:
            yield "Read", self._read(case, analysis)
        if case["state"] == "awaiting_images":
            kept = {"created_at": case["paused_at"], "requested_by_id": self._rng.choice(self._house.readers).pk}
            yield "RetakeRequest", {"id": self._id(), "case_id": case["id"], "image_id": image["id"], **kept}

    def _case(self, patient: Row) -> Row:
        rng = self._rng
        waits = rng.random() < self._waiting
        state = self._one_of(WAITING if waits else OVER)
        since = self._now - timedelta(days=rng.expovariate(1 / 4) if waits else rng.uniform(15, 365 * YEARS))
        case: Row = {"id": self._id(), "patient_id": patient["id"], "created_by_id": patient["created_by_id"]}
        case |= {
            "patients_clinic_id": patient["clinic_id"],
            "state": state,
            "created_at": since,
            "updated_at": since,
            "decided_at": None,
        }
        case |= {"tier": "", "malignancy": None, "silent": False, "flagged": False}
        if state in ("draft", "cancelled"):
            return case
        times = dict.fromkeys(("submitted_at", "waiting_since", "ready_at"), since)
        return case | times | self._assessed() | self._standing(state, since)

    def _assessed(self) -> Row:
        tier = self._one_of({tier: share for tier, (share, _, _) in TIERS.items()})
        malignancy = self._rng.betavariate(*TIERS[tier][1:]) if tier else None
        silent = not tier or (tier == "urgent" and self._rng.random() < 0.03)
        flagged = silent or malignancy >= self._threshold
        return {"tier": tier, "malignancy": malignancy, "silent": silent, "flagged": flagged}

    def _standing(self, state: str, since: datetime) -> Row:
        if state in ("decided", "closed"):
            return {"decided_at": since + timedelta(hours=self._rng.uniform(1, 90))}
        if state == "in_review":
            until = self._now + timedelta(minutes=self._rng.uniform(5, 15))
            return {"claimed_by_id": self._rng.choice(self._house.readers).pk, "claim_until": until}
        return {"paused_at": self._now - (self._now - since) * self._rng.random()} if state == "awaiting_images" else {}

    def _analysis(self, case: Row, image: Row) -> Row:
        ended = {"state": "succeeded"} if case["tier"] else {"state": "abstained", "abstain_reason": "out_of_scope"}
        times = dict.fromkeys(("created_at", "started_at", "finished_at", "published_at"), case["created_at"])
        return {"id": self._id(), "image_id": image["id"], **ended, **times}

    def _prediction(self, case: Row, analysis: Row) -> Row:
        kept = {"analysis_id": analysis["id"], "created_at": case["created_at"]}
        said = {"malignancy": case["malignancy"], "tier": case["tier"], "diagnosis": LEADING[case["tier"]]}
        possible = f'["{LEADING[case["tier"]]}"]'
        return {"id": self._id(), "prediction_set": possible, **kept, **said}

    def _read(self, case: Row, analysis: Row) -> Row:
        decision = "confirm" if case["tier"] else "override"
        return {
            "id": self._id(),
            "case_id": case["id"],
            "reader_id": self._rng.choice(self._house.readers).pk,
            "analysis_id": analysis["id"] if case["tier"] else None,
            "decision": decision,
            "reason": "" if decision == "confirm" else "dermoscopic_criteria",
            "diagnosis": LEADING[case["tier"]],
            "network_diagnosis": LEADING[case["tier"]] if case["tier"] else "",
            "signed_at": case["decided_at"],
        }

    def _one_of(self, shares: dict[str, float]) -> str:
        return self._rng.choices(tuple(shares), tuple(shares.values()))[0]

    def _number(self) -> int:
        """Of a patient: no two alike, over all houses."""
        self._patients += 1
        return self._patients

    def _id(self) -> uuid.UUID:
        return uuid.UUID(int=self._rng.getrandbits(128), version=4)
