from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from cases.models import User
from cases.vocabulary import Action

_DATE = forms.DateInput(attrs={"type": "date"})


class AuditForm(forms.Form):
    """Which part of the trail: whole days in the clinic's time zone, both included."""

    since = forms.DateField(label="From", required=False, widget=_DATE)
    until = forms.DateField(label="To", required=False, widget=_DATE)
    actor = forms.ModelChoiceField(User.objects.none(), label="Who", required=False, empty_label="Anybody")
    action = forms.ChoiceField(label="Did", choices=[("", "Anything"), *Action.choices], required=False)
    object = forms.UUIDField(
        label="To which object",
        required=False,
        widget=forms.TextInput(
            attrs={"placeholder": "id, or press one below", "autocomplete": "off", "spellcheck": "false"}
        ),
        error_messages={"invalid": "Paste the id whole: it is 36 characters long."},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["actor"].queryset = User.objects.filter(membership__clinic=user.clinic)

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        if said.get("since") and said.get("until") and said["since"] > said["until"]:
            self.add_error("until", "The period ends before it begins.")
        return said

    def as_report(self) -> dict[str, Any]:
        """The words of `create_audit_report`."""
        said = self.cleaned_data
        until = said["until"]
        return {
            "since": _midnight(said["since"]),
            "until": _midnight(until + timedelta(days=1) if until else None),
            "action": said["action"],
            "about": str(said["object"] or ""),
            "by": said["actor"],
        }


def _midnight(day: Any) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None
