"""Several networks asked together: the mean of their scores, as a bundle has it, that of their p, and a vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from inference.vocabulary import DIAGNOSES, SEVERITY
from training.evaluation.judged import Judged
from training.evaluation.paired import check_same_pictures
from training.metrics import Answers

Floats = NDArray[np.float64]


def join(members: Sequence[Judged]) -> Judged:
    """The mean of the members' scores, which is the rule by which ``export`` joins networks into a bundle.

    Calibrated on its validation side it answers as that bundle does.
    """
    first = members[0]
    for member in members[1:]:
        if not np.array_equal(member.target, first.target) or not np.array_equal(member.lesion, first.lesion):
            raise ValueError("The members do not answer the same pictures in the same order.")
    return replace(
        first,
        fused=_mean([member.fused for member in members]),
        image=_mean([member.image for member in members]),
    )


def average_scores(members: Sequence[Answers]) -> Answers:
    """The same rule where only answers are known: mean scores, and p from the mean of log p (no temperature of its
    own, for which its scores on a validation side would be needed)."""
    _check(members)
    log_p = _mean([np.log(np.maximum(member.p, 1e-9)) for member in members])
    return replace(members[0], scores=_mean([member.scores for member in members]), p=softmax(log_p, axis=1))


def average_p(members: Sequence[Answers], log_prior: Floats) -> Answers:
    """The mean of the members' p; scores are its log less ``log_prior`` (7,), so their arg-max decides p/prior."""
    _check(members)
    p = _mean([member.p for member in members])
    return replace(members[0], p=p, scores=np.log(np.maximum(p, 1e-9)) - log_prior)


def _mean(values: Sequence[Floats]) -> Floats:
    """Sorted first, so that sums are in one order: that of the members does not change a bit."""
    return np.asarray(np.sort(np.stack(values), axis=0).mean(axis=0))


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
