"""What all records share: an identity that may be shown, and constraints with a name."""

import uuid
from collections.abc import Sequence

from django.db import models


class Record(models.Model):
    """The primary key is the public id: there is no second number that could leak or be confused with it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.pk}"


def one_of(field: str, choices: type[models.TextChoices], *, name: str, blank: bool = False) -> models.CheckConstraint:
    """The database, too, knows the words of a coded field."""
    return one_of_values(field, choices.values, name=name, blank=blank)


def one_of_values(field: str, values: Sequence[str], *, name: str, blank: bool = False) -> models.CheckConstraint:
    allowed = ([""] if blank else []) + list(values)
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": allowed}), name=name)
