"""What the network said about a case, its images, and where it looked."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from cases.errors import NotFound
from cases.models import Analysis, Case, Explanation
from cases.selectors.full import BULKY
from cases.states import AnalysisState
from cases.vocabulary import Diagnosis
from inference.overlay import overlay_png
from inference.preprocessing import Geometry
from inference.vocabulary import SEVERITY


class Probability(NamedTuple):
    """One row of the result: always seven of them, in one order."""

    code: str
    name: str
    value: float
    possible: bool  # in the prediction set


def standing_answers(case: Case) -> list[Analysis]:
    """What the network answered about the images that nothing has replaced."""
    found = Analysis.objects.standing().filter(image__case=case, state=AnalysisState.SUCCEEDED)
    return list(found.select_related("prediction", "image", "model_version").defer(*BULKY))


def leading(answers: Iterable[Analysis]) -> Analysis | None:
    """The answer that speaks for the case: the one with the highest malignancy."""
    return min(answers, key=lambda one: (-one.prediction.malignancy, one.created_at, one.pk), default=None)


def possible(answers: Iterable[Analysis]) -> list[str]:
    """Every diagnosis that a prediction set of the case holds, in order of severity."""
    predictions = [answer.prediction for answer in answers]
    found = {code for one in predictions for code in (*one.prediction_set, one.diagnosis)}
    return [code for code in SEVERITY if code in found]


def leading_analysis(case: Case) -> Analysis | None:
    return leading(standing_answers(case))


def possible_diagnoses(case: Case) -> list[str]:
    return possible(standing_answers(case))


def probability_rows(analysis: Analysis) -> list[Probability]:
    """The seven calibrated probabilities in the order in which eyes learn them: what harms first."""
    prediction = analysis.prediction
    return [Probability(code, Diagnosis(code).label, value, possible) for code, value, possible in prediction.ranked]


def shown_explanation(analysis: Analysis) -> Explanation:
    """Where the network looked for its answer. Where it gave none, there is nothing to show."""
    if analysis.answer is None:
        raise NotFound("This analysis has no answer, and so no heatmap.")
    explanation = Explanation.objects.filter(analysis=analysis).first()
    if explanation is None:
        raise NotFound("There is no heatmap for this analysis.")
    return explanation


def heatmap_png(analysis: Analysis, diagnosis: str) -> bytes:
    """Grad-CAM of one diagnosis as a transparent PNG that lies on the stored picture."""
    explanation = shown_explanation(analysis)
    if diagnosis not in explanation.labels:
        raise NotFound("There is no such heatmap.")
    shape = (len(explanation.labels), explanation.rows, explanation.columns)
    grids = np.frombuffer(bytes(explanation.heatmaps), dtype=np.uint8).reshape(shape)
    return overlay_png(grids[explanation.labels.index(diagnosis)], _geometry(explanation))


def _geometry(explanation: Explanation) -> Geometry:
    kept = explanation.geometry
    return Geometry(kept["width"], kept["height"], kept["turned"], tuple(kept["box"]))
