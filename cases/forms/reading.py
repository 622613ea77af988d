from typing import Any

from django import forms

from cases.vocabulary import Decision, Diagnosis, Management, OverrideReason
from cases.wording import is_malignant, signing_question

# What sends a patient home: beside a malignant diagnosis it may be a slip of one key.
SENDS_HOME = frozenset({Management.DISCHARGE, Management.REASSURE})
CHOOSE = ("", "Choose …")


class ReadForm(forms.Form):
    """One signature. The button that is pressed says whether it confirms or overrides.

    A malignant diagnosis that sends the patient home is asked about once more; `sure` answers that very question.
    """

    decision = forms.ChoiceField(choices=Decision.choices)
    management = forms.ChoiceField(
        choices=Management.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what is to be done."},
    )
    confirmed = forms.ChoiceField(
        label="Confirm as",
        choices=Diagnosis.choices,
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "The network does not hold this possible. To record it, override."},
    )
    diagnosis = forms.ChoiceField(label="Your diagnosis", choices=[CHOOSE, *Diagnosis.choices], required=False)
    reason = forms.ChoiceField(label="Because of", choices=[CHOOSE, *OverrideReason.choices], required=False)
    comment = forms.CharField(
        label="Comment", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2})
    )
    sure = forms.CharField(required=False)
    question = ""

    def __init__(self, *args: Any, possible: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["confirmed"].choices = [(code, Diagnosis(code).label) for code in possible]

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        if said.get("decision") == Decision.OVERRIDE:
            if not said.get("diagnosis"):
                self.add_error("diagnosis", "Choose your diagnosis.")
            if not said.get("reason"):
                self.add_error("reason", "Choose what your diagnosis rests on.")
        if not self.errors:
            self._ask_about(said)
        return said

    def _ask_about(self, said: dict[str, Any]) -> None:
        if said["sure"] == self.about:
            return
        if said["sure"]:
            self.add_error(None, "The read was changed after the question, so it was not signed. Sign it again.")
        elif is_malignant(self._diagnosis) and said["management"] in SENDS_HOME:
            self.question = signing_question(self._diagnosis, Management(said["management"]).label)
            self.add_error("sure", self.question)

    @property
    def about(self) -> str:
        """The read that a question is about; an answer to another read counts for nothing."""
        return f"{self.cleaned_data['decision']} {self._diagnosis} {self.cleaned_data['management']}"

    @property
    def _diagnosis(self) -> str:
        said = self.cleaned_data
        if said["decision"] == Decision.CONFIRM:
            return said["confirmed"] or self.initial.get("confirmed", "")  # left empty: the network's first
        return said["diagnosis"]

    @property
    def is_overriding(self) -> bool:
        """Whether the override's own fields were being filled in when the form came back with errors."""
        return self.is_bound and self.data.get("decision") == Decision.OVERRIDE

    def as_read(self) -> dict[str, str]:
        """The words of `record_read`."""
        said = self.cleaned_data
        common = {name: said[name] for name in ("decision", "management", "comment")}
        if said["decision"] == Decision.CONFIRM:
            return {**common, "diagnosis": said["confirmed"]}
        return {**common, "diagnosis": said["diagnosis"], "reason": said["reason"]}
