"""The dermatologist's word. It stands beside the network's and never changes it."""

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from cases.models import Analysis, Case, Read, User
from cases.permissions import ensure_may
from cases.selectors.results import leading, possible, standing_answers
from cases.services import audit
from cases.services.checks import Problems
from cases.services.intake import locked_case
from cases.services.review import ensure_held
from cases.states import CASE_MOVES, CaseState
from cases.vocabulary import Action, Decision, Diagnosis, Management, OverrideReason

LONGEST_COMMENT = 4000


def record_read(
    *,
    reader: User,
    case: Case,
    decision: str,
    management: str,
    diagnosis: str = "",
    reason: str = "",
    comment: str = "",
) -> Read:
    """Sign a read of a case this reader holds: in_review → decided.

    To confirm is to agree with a diagnosis the network holds possible (left empty: its first); to override needs a
    diagnosis and a coded reason.
    """
    ensure_may(reader, "record_read")
    with transaction.atomic():
        case = locked_case(reader, case)
        CASE_MOVES.check(case.state, CaseState.DECIDED)
        ensure_held(case, reader)
        read = Read(
            case=case,
            reader=reader,
            order=(case.reads.aggregate(last=Max("order"))["last"] or 0) + 1,
            decision=decision,
            diagnosis=diagnosis,
            management=management,
            reason=reason,
            comment=comment.strip(),
            signed_at=timezone.now(),
        )
        answers = standing_answers(case)
        _set_beside_the_network(read, leading(answers))
        _check(read, possible(answers))
        read.save(force_insert=True)
        case.move_to(CaseState.DECIDED)
        case.decided_at = read.signed_at
        case.save()
        _record(read)
    return read


def close_case(*, reader: User, case: Case) -> Case:
    """decided → closed: nothing more is expected."""
    ensure_may(reader, "close_case")
    with transaction.atomic():
        case = locked_case(reader, case)
        case.move_to(CaseState.CLOSED)
        case.save()
        audit.record(clinic=case.clinic, actor=reader, action=Action.CASE_CLOSED, about=case)
    return case


def _set_beside_the_network(read: Read, answer: Analysis | None) -> None:
    read.analysis = answer
    read.network_diagnosis = read.analysis.prediction.diagnosis if read.analysis else ""
    if read.decision == Decision.CONFIRM and not read.diagnosis:
        read.diagnosis = read.network_diagnosis


def _check(read: Read, codes: list[str]) -> None:
    problems = Problems()
    problems.choice("decision", read.decision, Decision)
    if read.decision == Decision.CONFIRM:
        _check_confirmation(problems, read, codes)
    else:
        problems.choice("diagnosis", read.diagnosis, Diagnosis)
        problems.choice("reason", read.reason, OverrideReason)
    problems.choice("management", read.management, Management)
    if len(read.comment) > LONGEST_COMMENT:
        problems.add("comment", f"At most {LONGEST_COMMENT} characters; this has {len(read.comment)}.")
    problems.raise_if_any()


def _check_confirmation(problems: Problems, read: Read, codes: list[str]) -> None:
    if read.analysis is None:
        problems.add("decision", "The network gave no result to confirm. Record your own with “override”.")
        return
    problems.choice("diagnosis", read.diagnosis, Diagnosis)
    if read.diagnosis in Diagnosis.values and read.diagnosis not in codes:
        problems.add(
            "diagnosis",
            f"The network holds {', '.join(codes)} possible; to record {read.diagnosis}, override with a reason.",
        )
    if read.reason:
        problems.add("reason", "A reason belongs to an override only.")


def _record(read: Read) -> None:
    audit.record(
        clinic=read.case.clinic,
        actor=read.reader,
        action=Action.READ_SIGNED,
        about=read,
        payload={
            "case": str(read.case_id),
            "analysis": str(read.analysis_id) if read.analysis_id else None,
            "decision": read.decision,
            "diagnosis": read.diagnosis,
            "network_diagnosis": read.network_diagnosis,
            "management": read.management,
            "reason": read.reason,
        },
    )
