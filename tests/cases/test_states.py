"""Every pair of states: the legal moves happen, all others are refused with the legal ones named."""

import itertools

import pytest

from cases.errors import Conflict, IllegalTransition
from cases.models import Case, ModelVersion
from cases.states import ANALYSIS_MOVES, CASE_MOVES, MODEL_MOVES, AnalysisState, CaseState, ModelStage

TABLES = [(CASE_MOVES, CaseState), (ANALYSIS_MOVES, AnalysisState), (MODEL_MOVES, ModelStage)]

# Written out a second time, by hand, from the product's description: a slip in the table must not pass.
LEGAL_CASE = {
    "draft": "submitted cancelled entered_in_error",
    "submitted": "ready cancelled entered_in_error",
    "ready": "in_review awaiting_images cancelled entered_in_error",
    "in_review": "ready decided second_read awaiting_images cancelled entered_in_error",
    "awaiting_images": "submitted ready cancelled entered_in_error",
    "second_read": "decided adjudication entered_in_error",
    "adjudication": "decided entered_in_error",
    "decided": "closed follow_up awaiting_outcome entered_in_error",
    "follow_up": "closed awaiting_outcome entered_in_error",
    "awaiting_outcome": "closed follow_up entered_in_error",
    "closed": "entered_in_error",
    "cancelled": "",
    "entered_in_error": "",
}
LEGAL_ANALYSIS = {
    "queued": "running abstained superseded",
    "running": "queued succeeded abstained failed superseded",
    "failed": "queued superseded",
    "succeeded": "superseded",
    "abstained": "superseded",
    "superseded": "",
}
LEGAL_MODEL = {"draft": "shadow", "shadow": "active retired", "active": "retired", "retired": "active"}


@pytest.mark.parametrize(
    ("table", "legal"), [(CASE_MOVES, LEGAL_CASE), (ANALYSIS_MOVES, LEGAL_ANALYSIS), (MODEL_MOVES, LEGAL_MODEL)]
)
def test_the_table_is_the_products(table, legal):
    assert {state: set(table.legal(state)) for state in table.moves} == {
        state: set(moves.split()) for state, moves in legal.items()
    }


@pytest.mark.parametrize(
    ("table", "current", "target"),
    [(table, *pair) for table, states in TABLES for pair in itertools.product(states, repeat=2)],
)
def test_every_pair(table, current, target):
    if target in table.moves[current]:
        table.check(current, target)
        return
    with pytest.raises(IllegalTransition) as refusal:
        table.check(current, target)
    assert refusal.value.current == current
    assert set(refusal.value.legal) == set(table.moves[current])
    assert all(state in str(refusal.value) for state in table.moves[current])


def test_a_refused_move_changes_nothing():
    case = Case(state=CaseState.DRAFT)
    with pytest.raises(Conflict):
        case.move_to(CaseState.DECIDED)
    assert case.state == CaseState.DRAFT
    model_version = ModelVersion(stage=ModelStage.DRAFT)
    with pytest.raises(Conflict):
        model_version.move_to(ModelStage.ACTIVE)
    assert model_version.stage == ModelStage.DRAFT
