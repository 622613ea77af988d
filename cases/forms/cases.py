from django import forms

from cases.models.case import SYMPTOMS
from cases.vocabulary import Answer

_QUESTIONS = {
    "itch": "Does it itch?",
    "grew": "Has it grown?",
    "bled": "Has it bled?",
    "hurt": "Does it hurt?",
    "changed": "Has it changed in shape or colour?",
    "elevated": "Is it raised?",
}


class ReasonForm(forms.Form):
    """Why the patient comes: free words, with the usual ones offered."""

    reason = forms.CharField(
        label="Reason for this case",
        max_length=500,
        widget=forms.TextInput(attrs={"list": "reasons", "autocomplete": "off"}),
    )
    suggestions = ("New lesion", "Lesion has changed", "Referral", "Follow-up", "Skin check")


class HistoryForm(ReasonForm):
    """What the patient tells. Each question starts, and may stay, unknown: that is not a "no"."""

    size_mm = forms.DecimalField(
        label="Largest diameter in mm",
        required=False,
        max_digits=5,
        decimal_places=1,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.1", "min": "0.1", "max": "500"}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for symptom in SYMPTOMS:
            self.fields[symptom] = forms.ChoiceField(
                label=_QUESTIONS[symptom],
                choices=Answer.choices,
                initial=Answer.UNKNOWN,
                required=False,
                widget=forms.RadioSelect,
            )

    @property
    def questions(self) -> list[forms.BoundField]:
        return [self[symptom] for symptom in SYMPTOMS]
