from django import forms


class MarkForm(forms.Form):
    """Whether a person can be recognised in an image, and, where the answer is no, why."""

    recognisable = forms.TypedChoiceField(choices=[("yes", "Yes"), ("no", "No")], coerce=lambda answer: answer == "yes")
    reason = forms.CharField(required=False)
