from collections.abc import Sequence
from typing import Any

from django import forms

from cases.models import LesionImage
from cases.models.retake import LONGEST_RETAKE_COMMENT
from cases.vocabulary import RetakeReason, UnableReason


def _comment(label: str) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=LONGEST_RETAKE_COMMENT, widget=forms.Textarea(attrs={"rows": 2})
    )


class RetakeForm(forms.Form):
    """What is wrong, with which image, and what to do better."""

    reason = forms.ChoiceField(
        label="A new image, because this one is",
        choices=RetakeReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what is wrong with the image."},
    )
    image = forms.ChoiceField(label="In place of", required=False, widget=forms.RadioSelect)
    comment = _comment("What to do better")

    def __init__(self, *args: Any, images: Sequence[LesionImage], **kwargs: Any) -> None:
        # The read's form on the same page has a reason and a comment of its own.
        super().__init__(*args, auto_id="retake_%s", **kwargs)
        self.fields["image"].choices = [
            *((str(image.pk), f"Image {number} of {image.lesion}") for number, image in images_by_number(images)),
            ("", "None: one more image"),
        ]

    def as_request(self, images: Sequence[LesionImage]) -> dict[str, Any]:
        """The words of `request_images`."""
        said = self.cleaned_data
        image = next((image for image in images if str(image.pk) == said["image"]), None)
        return {"reason": said["reason"], "comment": said["comment"], "image": image}


def images_by_number(images: Sequence[LesionImage]) -> list[tuple[int, LesionImage]]:
    """As the reading room counts them; one that was replaced keeps its number and is not offered."""
    return [(number, image) for number, image in enumerate(images, start=1) if not image.is_replaced]


class UnableForm(forms.Form):
    """Why there will be no other image."""

    reason = forms.ChoiceField(
        label="It cannot be taken, because",
        choices=UnableReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose why: the dermatologist decides on the old images then."},
    )
    comment = _comment("What the dermatologist should know")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # So has the history at the intake.
        super().__init__(*args, auto_id="unable_%s", **kwargs)
