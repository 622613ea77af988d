from typing import Any

from django import forms

from cases.models.saved_filter import LONGEST_NAME
from cases.selectors.saved_filters import wanted_by
from cases.selectors.worklist import WorklistFilter
from cases.states import WAITING_CASE
from cases.vocabulary import Site, Tier

ANY = [("", "Any")]
VIEWS = (
    ("flagged", "Flagged"),
    ("all", "All waiting"),
    ("mine", "Held by me"),
    ("unassessed", "Not assessed"),
    ("awaiting", "Awaiting images"),
)


class NameForm(forms.Form):
    """What a filter is to be called."""

    name = forms.CharField(max_length=LONGEST_NAME)


class WorklistForm(forms.Form):
    """What part of the queue to see. Everything is optional, and an address with nonsense in it filters nothing."""

    view = forms.ChoiceField(choices=VIEWS, required=False, widget=forms.HiddenInput)
    tier = forms.ChoiceField(
        label="Priority", choices=[*ANY, *Tier.choices, ("unassessed", "Not assessed")], required=False
    )
    state = forms.ChoiceField(
        label="State", choices=[*ANY, *((state.value, state.label) for state in WAITING_CASE)], required=False
    )
    site = forms.ChoiceField(label="Site", choices=[*ANY, *Site.choices], required=False)
    min_malignancy = forms.FloatField(
        label="Malignancy at least",
        required=False,
        min_value=0,
        max_value=1,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), "A number from 0 to 1, such as 0.30."),
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal", "placeholder": "0.00"}),
    )
    threshold = forms.FloatField(required=False, min_value=0, max_value=1)

    @property
    def chosen(self) -> dict[str, Any]:
        """The valid values that were given."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}

    @property
    def view_name(self) -> str:
        return self.chosen.get("view", "flagged")

    def as_filter(self) -> WorklistFilter:
        return wanted_by(self.chosen)
