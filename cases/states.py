"""The states of a case, an analysis and a model version, and the only moves between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import models

from cases.errors import IllegalTransition


class CaseState(models.TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    READY = "ready", "Ready to read"
    IN_REVIEW = "in_review", "In review"
    AWAITING_IMAGES = "awaiting_images", "Awaiting images"
    SECOND_READ = "second_read", "Second read"
    ADJUDICATION = "adjudication", "Adjudication"
    DECIDED = "decided", "Decided"
    FOLLOW_UP = "follow_up", "Follow-up"
    AWAITING_OUTCOME = "awaiting_outcome", "Awaiting outcome"
    CLOSED = "closed", "Closed"
    CANCELLED = "cancelled", "Cancelled"
    ENTERED_IN_ERROR = "entered_in_error", "Entered in error"


class AnalysisState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    ABSTAINED = "abstained", "Abstained"
    FAILED = "failed", "Failed"
    SUPERSEDED = "superseded", "Superseded"


class ExplanationState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class ModelStage(models.TextChoices):
    DRAFT = "draft", "Draft"
    SHADOW = "shadow", "Shadow"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"


@dataclass(frozen=True)
class StateTable:
    """Every legal move of one kind of thing."""

    noun: str
    moves: Mapping[str, Sequence[str]]

    def legal(self, current: str) -> tuple[str, ...]:
        """The states that may follow."""
        return tuple(str(state) for state in self.moves[current])

    def check(self, current: str, target: str) -> None:
        """Refuse a move that is not in the table, naming those that are."""
        if target not in self.moves[current]:
            raise IllegalTransition(self.noun, str(current), str(target), self.legal(current))


_C, _A, _E, _M = CaseState, AnalysisState, ExplanationState, ModelStage

CASE_MOVES = StateTable(
    "case",
    {
        _C.DRAFT: [_C.SUBMITTED, _C.CANCELLED, _C.ENTERED_IN_ERROR],
        _C.SUBMITTED: [_C.READY, _C.CANCELLED, _C.ENTERED_IN_ERROR],
        _C.READY: [_C.IN_REVIEW, _C.AWAITING_IMAGES, _C.CANCELLED, _C.ENTERED_IN_ERROR],
        # Back to ready: released, or idle for too long.
        _C.IN_REVIEW: [_C.READY, _C.DECIDED, _C.SECOND_READ, _C.AWAITING_IMAGES, _C.CANCELLED, _C.ENTERED_IN_ERROR],
        # Back to ready: the request was withdrawn, or no other image can be taken.
        _C.AWAITING_IMAGES: [_C.SUBMITTED, _C.READY, _C.CANCELLED, _C.ENTERED_IN_ERROR],
        _C.SECOND_READ: [_C.DECIDED, _C.ADJUDICATION, _C.ENTERED_IN_ERROR],
        _C.ADJUDICATION: [_C.DECIDED, _C.ENTERED_IN_ERROR],
        _C.DECIDED: [_C.CLOSED, _C.FOLLOW_UP, _C.AWAITING_OUTCOME, _C.ENTERED_IN_ERROR],
        _C.FOLLOW_UP: [_C.CLOSED, _C.AWAITING_OUTCOME, _C.ENTERED_IN_ERROR],
        _C.AWAITING_OUTCOME: [_C.CLOSED, _C.FOLLOW_UP, _C.ENTERED_IN_ERROR],
        _C.CLOSED: [_C.ENTERED_IN_ERROR],
        _C.CANCELLED: [],
        _C.ENTERED_IN_ERROR: [],
    },
)

ANALYSIS_MOVES = StateTable(
    "analysis",
    {
        # Abstained without having run: the patient does not agree to it.
        _A.QUEUED: [_A.RUNNING, _A.ABSTAINED, _A.SUPERSEDED],
        # Back to queued: the worker was lost, or the fault may pass.
        _A.RUNNING: [_A.QUEUED, _A.SUCCEEDED, _A.ABSTAINED, _A.FAILED, _A.SUPERSEDED],
        _A.FAILED: [_A.QUEUED, _A.SUPERSEDED],
        _A.SUCCEEDED: [_A.SUPERSEDED],
        _A.ABSTAINED: [_A.SUPERSEDED],
        _A.SUPERSEDED: [],
    },
)

EXPLANATION_MOVES = StateTable(
    "explanation",
    {
        # Failed without having run: the patient refuses analysis.
        _E.QUEUED: [_E.RUNNING, _E.FAILED],
        # Back to queued: the worker was lost.
        _E.RUNNING: [_E.QUEUED, _E.DONE, _E.FAILED],
        _E.FAILED: [_E.QUEUED],
        _E.DONE: [],
    },
)

MODEL_MOVES = StateTable(
    "model version",
    {
        _M.DRAFT: [_M.SHADOW],
        _M.SHADOW: [_M.ACTIVE, _M.RETIRED],
        _M.ACTIVE: [_M.RETIRED],
        _M.RETIRED: [_M.ACTIVE],  # the rollback
    },
)

ENDED_ANALYSIS = (_A.SUCCEEDED, _A.ABSTAINED, _A.FAILED)
OPEN_ANALYSIS = (_A.QUEUED, _A.RUNNING)
OPEN_EXPLANATION = (_E.QUEUED, _E.RUNNING)
# While a case may still be told what its analyses found.
ASSESSABLE_CASE = (_C.SUBMITTED, _C.READY, _C.IN_REVIEW)
WAITING_CASE = (_C.READY, _C.IN_REVIEW)
EDITABLE_CASE = (_C.DRAFT, _C.AWAITING_IMAGES)
