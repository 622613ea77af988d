from django import forms

from cases.services.wrong_patient import LONGEST
from cases.vocabulary import DermoscopicType, ImageManipulation, ImageType, Laterality, Site

MANIPULATIONS = [("", "As photographed"), *ImageManipulation.choices]


class LesionForm(forms.Form):
    """A lesion that is not in the patient's list yet. The site has no default: unknown has to be said."""

    site = forms.ChoiceField(choices=[("", "Choose…"), *Site.choices])
    laterality = forms.ChoiceField(label="Side", choices=Laterality.choices, initial=Laterality.UNKNOWN)
    body_x = forms.FloatField(required=False, widget=forms.HiddenInput)
    body_y = forms.FloatField(required=False, widget=forms.HiddenInput)


class ImageKindForm(forms.Form):
    """What kind of image it is; how it was taken only matters under a dermatoscope."""

    image_type = forms.ChoiceField(label="Kind", choices=ImageType.choices, initial=ImageType.DERMOSCOPIC)
    dermoscopic_type = forms.ChoiceField(
        label="Taken with", choices=[("", "Not stated"), *DermoscopicType.choices], required=False
    )
    recognisable = forms.BooleanField(label="A person can be recognised", required=False)
    image_manipulation = forms.ChoiceField(label="Altered or generated?", choices=MANIPULATIONS, required=False)

    def clean(self) -> dict[str, str]:
        values = super().clean()
        if values.get("image_type") != ImageType.DERMOSCOPIC:
            values["dermoscopic_type"] = ""
        return values


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """One or more files; whether each is a picture is found out where pictures are decoded."""

    widget = ManyFilesInput(attrs={"accept": "image/jpeg,image/png,image/webp"})

    def clean(self, data: object, initial: object = None) -> list[object]:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(ManyFilesField, self).clean(file, initial) for file in files]


class PlacedImageForm(ImageKindForm):
    """An image with the lesion that it shows."""

    # Asked with every image near the face, and then without a default: nobody overlooks what is not answered for them.
    recognisable = forms.TypedChoiceField(
        label="Can a person be recognised in it?",
        choices=[("yes", "Yes"), ("no", "No")],
        coerce=lambda answer: answer == "yes",
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    lesion = forms.UUIDField(widget=forms.HiddenInput)
    replaces = forms.UUIDField(required=False)
    override_reason = forms.CharField(
        label="Why it belongs to this patient too",
        max_length=LONGEST,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="It stays in the audit trail for good: write no names.",
    )


class StartUploadForm(PlacedImageForm):
    """A file that will be sent in parts: what it will be is said before."""

    byte_size = forms.IntegerField()
    sha256 = forms.CharField(max_length=64)


class CompletionForm(forms.Form):
    """Every part is there; the image that it was taken instead of goes."""

    instead_of = forms.UUIDField(required=False)


class UploadForm(PlacedImageForm):
    files = ManyFilesField(label="Image files", allow_empty_file=True)

    def clean(self) -> dict[str, object] | None:
        values = super().clean() or {}
        if values.get("override_reason", "").strip() and len(values.get("files", [])) > 1:
            self.add_error(
                "files",
                "A reason speaks for one picture: choose that file alone, then add the others without a reason. "
                "Nothing was kept.",
            )
        return values
