"""Whether a model version finds enough of what must not be missed to answer in a clinic at all."""

from typing import Any

from django.conf import settings

from cases.models import ModelVersion


def below_floors(model_version: ModelVersion) -> list[str]:
    """A sentence for each floor that the version does not reach at its own flag threshold; empty when it may answer.

    A bundle that does not state a sensitivity does not reach its floor: unknown is not enough.
    """
    table = model_version.thresholds
    floors = (
        ("melanomas", table.get("melanoma_sensitivity"), settings.MELANOMA_SENSITIVITY_FLOOR),
        ("malignant lesions", table["malignancy"].get("sensitivity"), settings.MALIGNANT_SENSITIVITY_FLOOR),
    )
    return [_sentence(what, stated, floor) for what, stated, floor in floors if not _reaches(stated, floor)]


def _reaches(stated: dict[str, Any] | None, floor: float) -> bool:
    return stated is not None and stated["value"] >= floor


def _sentence(what: str, stated: dict[str, Any] | None, floor: float) -> str:
    if stated is None:
        return f"Its bundle does not say what share of {what} it flags; the floor is {floor:.0%}."
    return f"It flags {stated['value']:.1%} of {what} at its own threshold; the floor is {floor:.0%}."
