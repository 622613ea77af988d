"""What is measured: held-out answers, the truth, and the lesion that each row shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import DIAGNOSES, MALIGNANT

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

# The order of every table by class: those that a mean over pictures hides come first.
RARE_FIRST: Final = ("df", "vasc", "akiec", "bcc", "bkl", "mel", "nv")
RULES: Final = ("p/prior", "arg-max p")


@dataclass(frozen=True)
class Answers:
    """Held-out answers: prior-free scores (N,7), calibrated p (N,7), truth (N,) and the lesion of each row (N,)."""

    scores: Floats
    p: Floats
    target: Labels
    lesion: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> Answers:
        return Answers(self.scores[rows], self.p[rows], self.target[rows], self.lesion[rows])

    def guess(self, rule: str) -> Labels:
        """The class of each row (N,) by one of ``RULES``: the largest prior-free score, or the largest p."""
        chosen: Labels = {"p/prior": self.scores, "arg-max p": self.p}[rule].argmax(axis=1)
        return chosen

    @property
    def malignancy(self) -> Floats:
        """Summed probability of the malignant classes (N,), 0–1."""
        risk: Floats = self.p[:, [DIAGNOSES.index(code) for code in MALIGNANT]].sum(axis=1)
        return risk

    @property
    def malignant(self) -> NDArray[np.bool_]:
        return np.isin(self.target, [DIAGNOSES.index(code) for code in MALIGNANT])

    @property
    def melanoma(self) -> NDArray[np.bool_]:
        return np.equal(self.target, DIAGNOSES.index("mel"))
