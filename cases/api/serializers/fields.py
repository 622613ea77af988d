"""Fields that several shapes share."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from cases.models import User


class VisibleObject(serializers.PrimaryKeyRelatedField):
    """The id of something this person may see; a stranger's and a missing one fail alike."""

    default_error_messages = {"does_not_exist": "There is none with this id in your clinic."}

    def __init__(self, visible: Callable[[User], QuerySet], **kwargs: Any) -> None:
        self.visible = visible
        super().__init__(pk_field=serializers.UUIDField(), **kwargs)

    def get_queryset(self) -> QuerySet:
        return self.visible(self.context["request"].user)


class OptionalCode(serializers.ChoiceField):
    """A code, or null where there is none yet: the empty string of the database stays inside."""

    def __init__(self, choices: Any, **kwargs: Any) -> None:
        super().__init__(choices, **{"allow_null": True, "read_only": True, **kwargs})

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(value) or None


class Recognisable(serializers.BooleanField):
    """Yes, no, or not said: what a form leaves out must not become a no."""

    def __init__(self, **kwargs: Any) -> None:
        told = "A person could be known by it, as by a face: shown on request only. Has to be said near the face."
        super().__init__(**{"required": False, "allow_null": True, "help_text": told, **kwargs})
