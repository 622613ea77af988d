from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower

from cases.models.base import Record
from cases.models.clinic import Clinic

LONGEST_NAME = 40


class SavedFilterQuerySet(models.QuerySet):
    def of_clinic(self, clinic):
        return self.filter(clinic=clinic)

    def named(self, name):
        """In upper or lower case; asked as the unique constraint asks: upper case makes one letter of others."""
        return self.alias(name_key=Lower("name")).filter(name_key=Lower(Value(name)))


class SavedFilter(Record):
    """A part of the queue that somebody looks at often, under a name of their own. A setting, no clinical fact."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="saved_filters")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="saved_filters")
    name = models.CharField(max_length=LONGEST_NAME)
    # Field → value, as they were when it was saved; what a value means may have gone since.
    criteria = models.JSONField()
    is_default = models.BooleanField(default=False)  # the queue opens with it
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint("owner", "clinic", Lower("name"), name="saved_filter_name_once_per_person"),
            models.UniqueConstraint(
                fields=["owner", "clinic"], condition=Q(is_default=True), name="saved_filter_one_default_per_person"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="saved_filter_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
