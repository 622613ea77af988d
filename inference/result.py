"""The answer about one picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.artefacts import Artefacts
from inference.descriptors import Descriptors
from inference.head import Floats
from inference.preprocessing import Geometry
from inference.quality import QualityReport
from inference.scope import ScopeReport
from inference.uncertainty import AbstainReason, Tier

TRUSTED_FROM: Final = 0.5  # share of heat inside the lesion


@dataclass(frozen=True, eq=False)
class Result:
    """Everything that one prediction says; each mapping is keyed by diagnosis code.

    An abstained result still holds its figures, for audit and monitoring; they are not an answer and a
    page must not show them as one.

    Attributes:
        probabilities: calibrated p, sums to 1.
        balanced: p over prior, sums to 1; its arg-max is the balanced decision.
        logits: z, the sum of image_logits and metadata_logits.
        image_logits: the picture's part of z.
        metadata_logits: the part of age, sex and site; exactly 0 when nothing is known.
        attributions: by code the exact Shapley value, in logits, of "image", "age", "sex" and "site"; they sum to
            z less baseline_logits, and an unknown field has exactly 0 (``inference.attribution``).
        baseline_logits: z where nothing is known, neither picture nor metadata; there p is the prior.
        malignancy_attributions: the same four parts of the log-odds of ``malignancy``, and "start": the log-odds at the
            prior; the five sum to log(malignancy / (1 - malignancy)).
        malignancy: p(mel) + p(bcc) + p(akiec), 0 to 1.
        prediction_set: conformal set, most severe first, never empty.
        tier: urgent, soon or routine.
        abstain_reason: why no answer is given, or None.
        labels: the order of the first axis of ``heatmaps``; prefer ``heatmap(code)``.
        heatmaps: (7, h, w) uint8, Grad-CAM, each scaled to its own maximum.
        heatmap_maxima: that maximum, in logits per cell.
        lesion_mask: (h, w) bool, where the network sees lesion (sigmoid > 0.5).
        lesion_pixels: (H, W) bool, the same sharpened to the network's input by colour (``inference.lesion``).
        descriptors: asymmetry, border, colours, diameter, area and texture of lesion_pixels; None where no lesion
            of forty pixels was found.
        heat_inside_lesion: share (0 to 1) of the likeliest class's heat inside the mask; None without
            heat or without a lesion.
        heat_on_border: share of the same heat on the outermost ring of cells; None without heat.
        heat_on_artefacts: share of the same heat on hair, ruler and ink; None without heat.
        geometry: maps heatmaps onto the original (``inference.overlay``).
        quality: what was measured of the picture.
        artefacts: where hair, ruler and ink lie, over the network's input (H, W).
        scope: how foreign the picture is; None where the bundle cannot tell.
        embedding: (C,) float32, spatial mean of the features.
        model_name, model_version, model_sha256: which bundle answered.
        runtime: which engine computed it: name, version, precision and threads.
        timings: milliseconds by stage: decode, quality, network, gradcam, lesion, total.
    """

    probabilities: Mapping[str, float]
    balanced: Mapping[str, float]
    logits: Mapping[str, float]
    image_logits: Mapping[str, float]
    metadata_logits: Mapping[str, float]
    attributions: Mapping[str, Mapping[str, float]]
    baseline_logits: Mapping[str, float]
    malignancy_attributions: Mapping[str, float]
    malignancy: float
    prediction_set: tuple[str, ...]
    tier: Tier
    abstain_reason: AbstainReason | None
    labels: tuple[str, ...]
    heatmaps: NDArray[np.uint8]
    heatmap_maxima: Mapping[str, float]
    lesion_mask: NDArray[np.bool_]
    lesion_pixels: NDArray[np.bool_]
    descriptors: Descriptors | None
    heat_inside_lesion: float | None
    heat_on_border: float | None
    heat_on_artefacts: float | None
    geometry: Geometry
    quality: QualityReport
    artefacts: Artefacts
    scope: ScopeReport | None
    embedding: Floats
    model_name: str
    model_version: str
    model_sha256: str
    runtime: str
    timings: Mapping[str, float]

    @property
    def likeliest(self) -> str:
        """The code with the highest calibrated probability."""
        return max(self.probabilities, key=lambda code: self.probabilities[code])

    @property
    def heat_is_doubtful(self) -> bool:
        """Whether most of the likeliest class's heat lies off the lesion: the picture was judged by something else.

        True as well where there is no lesion to lie on; False without any heat, which points nowhere.
        """
        if self.heat_on_border is None:
            return False
        return self.heat_inside_lesion is None or self.heat_inside_lesion < TRUSTED_FROM

    def heatmap(self, code: str) -> NDArray[np.uint8]:
        """(h, w), 0 to 255: where the picture speaks for a diagnosis."""
        return np.asarray(self.heatmaps[self.labels.index(code)])
