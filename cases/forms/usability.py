from typing import Any

from django import forms

from cases.models.usability import HIGHEST, LONGEST_COMMENT, LOWEST, STATEMENTS

SCALE = [(rating, str(rating)) for rating in range(LOWEST, HIGHEST + 1)]


class UsabilityForm(forms.Form):
    """The ten statements, none answered beforehand, and room for words."""

    comment = forms.CharField(
        label="Anything else",
        required=False,
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What helps, what is in the way. No word about a patient, please.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, (name, words) in enumerate(STATEMENTS.items(), start=1):
            self.fields[name] = forms.TypedChoiceField(
                label=f"{number}. {words}",
                choices=SCALE,
                coerce=int,
                widget=forms.RadioSelect,
                error_messages={
                    "required": f"Statement {number} has no answer: “{words}”.",
                    "invalid_choice": f"The answer to statement {number} is a whole number from {LOWEST} to {HIGHEST}.",
                },
            )

    @property
    def statements(self) -> list[forms.BoundField]:
        return [self[name] for name in STATEMENTS]

    @property
    def faulty(self) -> list[forms.BoundField]:
        return [field for field in self.statements if field.errors]

    def as_answer(self) -> dict[str, Any]:
        """The words of `answer_usability`."""
        said = dict(self.cleaned_data)
        return {"comment": said.pop("comment"), "ratings": said}
