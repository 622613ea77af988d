"""Learning from a teacher's answers as well as from the truth (Hinton et al. 2015).

Teacher and student see the same augmented view, mixed pictures too ("function matching", Beyer et al. 2022). Only the
picture's scores are taught: what the metadata add is learned from the truth alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

SAME_SIDE = "of the same training side"  # a teacher learned from the very pictures that it teaches
SAME_SIDE_CHOSEN = f"{SAME_SIDE}, chosen on the same validation side"  # by early stopping, at least one of them
OUT_OF_FOLD = "out of fold"  # each picture is taught by those teachers alone that did not see its lesion


@dataclass(frozen=True)
class Distillation:
    """``weight`` above 0 to 1 is the teacher's share of the picture's loss, ``temperature`` softens both answers.

    ``teachers`` (SHA-256 of each) and ``how`` (one of the constants above) are the record of a run; without teachers
    there is nothing to distil and the other fields do nothing.
    """

    weight: float = 0.7
    temperature: float = 2.0
    teachers: tuple[str, ...] = ()
    how: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.weight <= 1:
            raise ValueError(f"The teacher's weight is above 0 and at most 1, not {self.weight}.")
        if not self.temperature > 0:
            raise ValueError(f"The teacher's temperature is above 0, not {self.temperature}.")


class Lesson(NamedTuple):
    """The teachers' mean score of each picture, prior-free (N,K), and how the student is to take it."""

    scores: Tensor
    weight: float
    temperature: float


def divergence(scores: Tensor, lesson: Lesson, log_prior: Tensor) -> Tensor:
    """T² · KL(teacher ‖ student) of ``scores`` (N,K), both under ``log_prior`` and softened by T; a scalar, 0 if equal.

    The factor keeps the size of the gradient at any temperature (Hinton et al. 2015, section 2).
    """
    soft = lesson.temperature
    ours = F.log_softmax((scores + log_prior) / soft, dim=1)
    theirs = F.log_softmax((lesson.scores + log_prior) / soft, dim=1)
    return soft**2 * F.kl_div(ours, theirs, log_target=True, reduction="batchmean")
