"""How usable people find the clinic's software: the System Usability Scale.

Statements and score are those of J. Brooke, "SUS: A 'quick and dirty' usability scale", in Usability Evaluation in
Industry, Taylor & Francis, 1996, pp. 189–194. Free to use where the source is named.
"""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from cases.models.base import Record, one_of
from cases.models.clinic import Clinic
from cases.vocabulary import Role

# In Brooke's order, which the score depends on: every odd one praises, every even one complains.
STATEMENTS: Final = {
    "statement_1": "I think that I would like to use this system frequently",
    "statement_2": "I found the system unnecessarily complex",
    "statement_3": "I thought the system was easy to use",
    "statement_4": "I think that I would need the support of a technical person to be able to use this system",
    "statement_5": "I found the various functions in this system were well integrated",
    "statement_6": "I thought there was too much inconsistency in this system",
    "statement_7": "I would imagine that most people would learn to use this system very quickly",
    "statement_8": "I found the system very cumbersome to use",
    "statement_9": "I felt very confident using the system",
    "statement_10": "I needed to learn a lot of things before I could get going with this system",
}
LOWEST, HIGHEST = 1, 5  # strongly disagree, strongly agree
LONGEST_COMMENT = 2000


class UsabilityAnswer(Record):
    """What one person thought on one day. Database triggers keep it as it is; a later one counts in its stead."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="usability_answers")
    respondent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="usability_answers")
    role = models.CharField(max_length=20, choices=Role)  # at that time: it may change
    statement_1 = models.PositiveSmallIntegerField()
    statement_2 = models.PositiveSmallIntegerField()
    statement_3 = models.PositiveSmallIntegerField()
    statement_4 = models.PositiveSmallIntegerField()
    statement_5 = models.PositiveSmallIntegerField()
    statement_6 = models.PositiveSmallIntegerField()
    statement_7 = models.PositiveSmallIntegerField()
    statement_8 = models.PositiveSmallIntegerField()
    statement_9 = models.PositiveSmallIntegerField()
    statement_10 = models.PositiveSmallIntegerField()
    comment = models.TextField(blank=True, default="", max_length=LONGEST_COMMENT)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            one_of("role", Role, name="usability_role_known"),
            models.CheckConstraint(
                condition=Q(**{f"{name}__range": (LOWEST, HIGHEST) for name in STATEMENTS}),
                name="usability_ratings_on_the_scale",
            ),
        ]

    @property
    def score(self) -> float:
        """Brooke's score, 0 to 100 in steps of 2.5: agreeing with praise, or not with a complaint, is worth 0 to 4."""
        ratings = [getattr(self, name) for name in STATEMENTS]
        praise = sum(rating - LOWEST for rating in ratings[::2])
        complaint = sum(HIGHEST - rating for rating in ratings[1::2])
        return (praise + complaint) * 2.5
