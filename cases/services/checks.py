"""Guards that several services share: what a field may hold."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import models
from django.utils import timezone

from cases.errors import InvalidInput


class Problems:
    """Collects what is wrong with each field, so that a person hears of everything at once."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}

    def add(self, field: str, sentence: str) -> None:
        self.found.setdefault(field, []).append(sentence)

    def text(self, field: str, value: str, *, longest: int) -> None:
        if not value:
            self.add(field, "This field is required.")
        elif len(value) > longest:
            self.add(field, f"At most {longest} characters; this has {len(value)}.")

    def choice(self, field: str, value: str, choices: type[models.TextChoices], *, blank: bool = False) -> None:
        if not value and not blank:
            self.add(field, f"This field is required: one of {', '.join(choices.values)}.")
        elif value and value not in choices.values:
            self.add(field, f"“{str(value)[:60]}” is not one of {', '.join(choices.values)}.")

    def past(self, field: str, value: date | datetime | None) -> None:
        now = timezone.now() if isinstance(value, datetime) else timezone.localdate()
        if value is not None and value > now:
            self.add(field, "This lies in the future.")

    def raise_if_any(self) -> None:
        if self.found:
            raise InvalidInput(self.found)


def unknown_fields(values: Mapping[str, object], known: tuple[str, ...]) -> list[str]:
    """The names in `values` that nobody knows."""
    return sorted(set(values) - set(known))
