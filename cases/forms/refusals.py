"""A service's refusal, told at the field that it is about."""

from django import forms

from cases.errors import InvalidInput


def tell(form: forms.Form, refusal: InvalidInput) -> None:
    """Put each sentence beside its field, or above the form when it has no such field."""
    for field, sentences in refusal.errors.items():
        for sentence in sentences:
            form.add_error(field if field in form.fields else None, sentence)
