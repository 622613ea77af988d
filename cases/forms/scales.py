from django import forms

from cases.vocabulary import ScaleBasis


class ScaleForm(forms.Form):
    """How large a pixel of an image is; what each basis needs is the service's to say."""

    basis = forms.ChoiceField(choices=ScaleBasis.choices)
    pixel_spacing = forms.DecimalField(required=False, max_digits=7, decimal_places=6)
    length_mm = forms.DecimalField(required=False, max_digits=7, decimal_places=2)
    length_px = forms.DecimalField(required=False, max_digits=7, decimal_places=1)
