"""What people say of the software itself."""

from collections.abc import Mapping

from django.db import transaction

from cases.errors import InvalidInput
from cases.models import UsabilityAnswer, User
from cases.models.usability import HIGHEST, LONGEST_COMMENT, LOWEST, STATEMENTS
from cases.permissions import ensure_may
from cases.services import audit
from cases.services.checks import Problems, unknown_fields
from cases.vocabulary import Action


@transaction.atomic
def answer_usability(*, actor: User, ratings: Mapping[str, int], comment: str = "") -> UsabilityAnswer:
    """Keep one person's ten ratings, `statement_1` to `statement_10`, beside all earlier ones; the latest counts.

    The trail tells that somebody answered, never what.
    """
    ensure_may(actor, "answer_usability")
    unknown = unknown_fields(ratings, tuple(STATEMENTS))
    if unknown:
        raise InvalidInput(dict.fromkeys(unknown, "The scale has no such statement."))
    comment = comment.strip()
    _check(ratings, comment)
    answer = UsabilityAnswer(
        clinic=actor.clinic,
        respondent=actor,
        role=actor.role,
        comment=comment,
        **{name: ratings[name] for name in STATEMENTS},
    )
    answer.save(force_insert=True)
    audit.record(clinic=actor.clinic, actor=actor, action=Action.USABILITY_ANSWERED, about=answer)
    return answer


def _check(ratings: Mapping[str, int], comment: str) -> None:
    problems = Problems()
    for number, (name, words) in enumerate(STATEMENTS.items(), start=1):
        rating = ratings.get(name)
        if rating is None:
            problems.add(name, f"Statement {number} has no answer: “{words}”.")
        elif rating not in range(LOWEST, HIGHEST + 1):
            problems.add(name, f"The answer to statement {number} is a whole number from {LOWEST} to {HIGHEST}.")
    if len(comment) > LONGEST_COMMENT:
        problems.add("comment", f"At most {LONGEST_COMMENT} characters; this has {len(comment)}.")
    problems.raise_if_any()
