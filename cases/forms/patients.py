from django import forms
from django.utils import timezone

from cases.vocabulary import Answer, ConsentAnswer, Purpose, Sex, SkinType


class PatientForm(forms.Form):
    """A new entry of the register. Everything that may be unknown starts as unknown."""

    identifier = forms.CharField(max_length=64, help_text="Your clinic's own number; duplicates are found.")
    given_name = forms.CharField(max_length=100)
    family_name = forms.CharField(max_length=100)
    birth_date = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The network weighs age. Empty is unknown.",
    )
    sex = forms.ChoiceField(choices=Sex.choices, initial=Sex.UNKNOWN)
    skin_type = forms.ChoiceField(label="Skin type (Fitzpatrick)", choices=SkinType.choices, initial=SkinType.UNKNOWN)
    personal_melanoma = forms.ChoiceField(
        label="Had a melanoma before", choices=Answer.choices, initial=Answer.UNKNOWN, widget=forms.RadioSelect
    )
    family_melanoma = forms.ChoiceField(
        label="Melanoma in the family", choices=Answer.choices, initial=Answer.UNKNOWN, widget=forms.RadioSelect
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["birth_date"].widget.attrs["max"] = timezone.localdate().isoformat()
        for name in ("identifier", "given_name", "family_name"):
            # Somebody else's data: the browser must neither offer nor remember it.
            self.fields[name].widget.attrs["autocomplete"] = "off"


class LikelyForm(forms.Form):
    """What stands in a new entry so far; what is not whole yet counts as not typed."""

    identifier = forms.CharField(max_length=64, required=False)
    given_name = forms.CharField(max_length=100, required=False)
    family_name = forms.CharField(max_length=100, required=False)
    birth_date = forms.DateField(required=False)


class FindForm(forms.Form):
    words = forms.CharField(max_length=100, required=False)


class ConsentForm(forms.Form):
    """One answer to one purpose; the one decided last counts."""

    purpose = forms.ChoiceField(choices=[("", "Choose…"), *Purpose.choices])
    answer = forms.ChoiceField(choices=[("", "Choose…"), *ConsentAnswer.choices])
    notice = forms.CharField(
        label="Revision of the notice",
        max_length=40,
        help_text="What is printed on the sheet that the patient was given.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    decided_on = forms.DateField(
        label="Date",
        initial=timezone.localdate,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
