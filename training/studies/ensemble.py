"""Several networks asked together: the mean of their probabilities, and the majority of their decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import DIAGNOSES, SEVERITY
from training.metrics import Answers
from training.studies.measured import check_same_pictures

Floats = NDArray[np.float64]


def average(members: Sequence[Answers], log_prior: Floats) -> Answers:
    """The mean of the members' p; the order of the members does not change a bit of it.

    Scores are its log less ``log_prior`` (7,), so their arg-max decides p/prior.
    """
    _check(members)
    p = np.sort(np.stack([member.p for member in members]), axis=0).mean(axis=0)  # sorted: sums in one order
    return replace(members[0], p=p, scores=np.log(np.maximum(p, 1e-9)) - log_prior)


def vote(members: Sequence[Answers]) -> Answers:
    """Each member gives one vote, its p/prior decision; of classes with equally many the most severe wins.

    Scores are the votes, less a little for each step down in severity; p are the shares of the votes.
    """
    _check(members)
    votes = np.stack([np.eye(len(DIAGNOSES))[member.scores.argmax(1)] for member in members]).sum(axis=0)
    step = np.array([SEVERITY.index(code) for code in DIAGNOSES]) / (2 * len(DIAGNOSES))  # below half a vote
    return replace(members[0], scores=votes - step, p=votes / len(members))


def _check(members: Sequence[Answers]) -> None:
    if len(members) < 2:
        raise ValueError("An ensemble needs two members or more.")
    for member in members[1:]:
        check_same_pictures(members[0], member)
