from rest_framework import serializers

from cases.models import ImageScale


class ScaleIn(serializers.ModelSerializer):
    class Meta:
        model = ImageScale
        fields = ["basis", "pixel_spacing", "length_mm", "length_px"]
        extra_kwargs = {
            "basis": {
                "help_text": "`stated` needs pixel_spacing, `ruler` length_mm and length_px; `unknown` takes back what "
                "was said before."
            },
            "pixel_spacing": {"help_text": "Millimetres per pixel of the stored picture, as DICOM's Pixel Spacing."},
            "length_mm": {"help_text": "Of something whose length is known, such as a ruler in the picture."},
            "length_px": {"help_text": "How many pixels of the stored picture it covers; 20 or more."},
        }


class ScaleOut(serializers.ModelSerializer):
    """One time that somebody said how large a pixel is. The newest holds."""

    class Meta:
        model = ImageScale
        fields = ["id", "image", "basis", "pixel_spacing", "length_mm", "length_px", "set_by", "created_at"]
        read_only_fields = fields
