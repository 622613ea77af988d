"""Every refusal and every finding has words, for those who read and for those who took the picture."""

import pytest

from cases.models import Explanation, QualityCheck
from cases.vocabulary import AbstainReason, finding_words
from cases.wording import descriptor_rows, refusal_for_staff, set_note, trust, verdict
from tests.factories import AnalysisFactory, PredictionFactory

MEASURED = {"asymmetry": 0.12, "border": 1.3, "colours": 3, "diameter_mm": None, "area_share": 0.2, "texture": 4.2}


@pytest.mark.django_db
@pytest.mark.parametrize("reason", AbstainReason.values)
def test_a_refusal_says_why_and_what_to_do(reason):
    refused = AnalysisFactory(abstained=True, abstain_reason=reason)
    words = verdict(refused)
    assert words.headline
    assert "ead " in words.advice  # what there is to read, and how
    assert "dermatologist" in refusal_for_staff(refused)


@pytest.mark.django_db
def test_staff_are_told_what_is_wrong_with_a_picture():
    refused = AnalysisFactory(abstained=True, abstain_reason="low_quality")
    QualityCheck.objects.create(image=refused.image, verdict="rejected", reasons=["blur", "glare"])
    assert "image quality too low (out of focus, glare on the skin)" in refusal_for_staff(refused)


def test_a_finding_of_a_later_gate_keeps_its_own_words():
    assert finding_words(["blur", "upside_down"]) == "out of focus, upside down"


@pytest.mark.parametrize(
    ("inside", "border", "artefacts", "trusted", "sentence"),
    [
        (0.31, None, None, False, "Only 31 % of the heat lies on the lesion: do not read the heatmap as a reason."),
        (0.81, 0.02, 0.0, True, "81 % of the heat for melanoma lies on the lesion."),
        (0.81, 0.1, 0.05, True, "81 % of the heat for melanoma lies on the lesion. 10 % at the rim of the picture and 5 % on hair, ruler or ink."),
        (None, 0.1, None, False, "The network found no lesion to compare its heat with: do not read the heatmap as a reason."),
    ],
)  # fmt: skip
def test_where_the_heat_lies_is_said(inside, border, artefacts, trusted, sentence):
    explanation = Explanation(heat_inside_lesion=inside, heat_on_border=border, heat_on_artefacts=artefacts)
    assert trust(explanation, "mel") == (trusted, sentence)


@pytest.mark.django_db
def test_out_of_scope_is_said_with_its_number_and_doubts_the_declared_kind():
    refused = AnalysisFactory(abstained=True, abstain_reason="out_of_scope")
    PredictionFactory(analysis=refused, scope={"score": 5.25, "limit": 3.5, "distance": 4.0, "energy": 1.25})
    advice = verdict(refused).advice
    assert advice.startswith(
        "Its scope score is 5.2; above 3.5 nothing is answered, and below says nothing of the kind."
    )
    assert "declared dermoscopic" in advice
    refused.prediction.scope |= {"score": 3.5004}
    assert "score is 3.5004; above 3.5000 nothing" in verdict(refused).advice
    other = AnalysisFactory(abstained=True, abstain_reason="low_quality")
    PredictionFactory(analysis=other, scope={"score": 5.25, "limit": 3.5, "distance": 4.0, "energy": 1.25})
    assert "scope" not in verdict(other).advice
    assert "declared" not in verdict(other).advice


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["clinical: close-up", "clinical: overview"])
def test_a_picture_that_was_declared_clinical_is_doubted_too_and_its_score_says_nothing(kind):
    refused = AnalysisFactory(abstained=True, abstain_reason="modality", image__image_type=kind)
    PredictionFactory(analysis=refused, scope={"score": -0.4, "limit": 3.5, "distance": -0.3, "energy": -0.1})
    advice = verdict(refused).advice
    assert advice.startswith(f"It was declared {kind}. See whether that is so. The network was made for")
    assert "score" not in advice


def test_descriptors_have_units():
    assert dict(descriptor_rows(MEASURED, scaled=False)) == {
        "Asymmetry": "12 % beyond its mirror image",
        "Border": "1.30, where a disc has 1",
        "Colours": "3 of the 6 of the ABCD rule",
        "Area": "20 % of the picture",
        "Texture": "4.2 grey levels",
    }
    assert descriptor_rows(None, scaled=True) == []


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        ({"diameter_mm": 6.04, "touches_edge": False}, "6.0 mm"),
        ({"diameter_mm": 6.04, "touches_edge": True}, "at least 6.0 mm: the outline is cut off"),
        ({"diameter_mm": 6.04}, "6.0 mm, more if the outline is cut off: not checked in this older result"),
        ({"diameter_mm": None}, "not measured in this older result"),
    ],
)
def test_a_diameter_says_how_far_it_was_measured(measured, told):
    assert dict(descriptor_rows(MEASURED | measured, scaled=True))["Diameter"] == told


@pytest.mark.django_db
def test_a_likeliest_diagnosis_outside_the_set_is_named_beside_it():
    answer = PredictionFactory(diagnosis="mel", prediction_set=["mel", "bkl"])
    answer.analysis.model_version.manifest = {"conformal": {"alpha": 0.1}}
    assert set_note(answer) == "Both stay in the 90 % prediction set."
    assert verdict(answer.analysis).headline == "Melanoma or benign keratosis"
    answer.diagnosis, answer.probabilities = "nv", answer.probabilities | {"nv": 0.55}
    headline = verdict(answer.analysis).headline
    assert headline == "Nevus likeliest; the set holds melanoma or benign keratosis"
    assert set_note(answer) == (
        "Nevus is likeliest (0.55), but most lesions of its kind score higher, so it is outside the set and not ruled "
        "out. Of all sets 90 % hold the diagnosis, of such ones fewer: weigh both."
    )
