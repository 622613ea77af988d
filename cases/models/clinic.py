from django.conf import settings
from django.db import models
from django.db.models import Q

from cases.models.base import Record, one_of
from cases.vocabulary import Role


class Clinic(Record):
    """A house whose patients, cases and audit trail are its own."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=60, unique=True)
    is_demo = models.BooleanField(default=False)
    # NULL: the clinic follows the threshold that its active model version was measured at.
    flag_threshold = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(flag_threshold__isnull=True) | Q(flag_threshold__gt=0, flag_threshold__lt=1),
                name="clinic_flag_threshold_is_a_probability",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(Record):
    """The one role that a login has in the one clinic it belongs to."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="membership")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [one_of("role", Role, name="membership_role_known")]
