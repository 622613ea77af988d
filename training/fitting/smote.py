"""SMOTE (Chawla et al. 2002) in the feature space of a trained network, and its linear head fitted anew.

Only the training side is ever oversampled: synthetic rows exist as arrays between the training features and the fit of
the head, have no image id, and cannot be judged.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from imblearn.over_sampling import SMOTE
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from inference.vocabulary import DIAGNOSES
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.sides import rows_of
from training.fitting.forward import embed
from training.fitting.runs import Run

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Features (N,C), class positions (N,) and which rows are ``synthetic`` (N,)."""

    features: Floats
    target: Labels
    synthetic: NDArray[np.bool_]


def embedded(run: Run, records: list[Record], pictures: Pictures, side: str, *, batch: int = 32) -> Rows:
    """Pooled features of one side of the run's own split, in its order. Raises ``DataError`` for a network without."""
    rows = rows_of(run.split, records, side)
    target = np.array([DIAGNOSES.index(records[row].diagnosis) for row in rows])
    return Rows(embed(run, records, pictures, rows, batch=batch), target, np.zeros(len(rows), bool))


def oversample(rows: Rows, *, seed: int, neighbours: int = 5) -> Rows:
    """``rows`` and, after them, as many synthetic ones as bring each class to the size of the largest.

    A class of few rows has fewer neighbours; raises ``DataError`` for a class of a single one, and for rows that hold
    synthetic ones already.
    """
    if rows.synthetic.any():
        raise DataError("These rows were oversampled already; SMOTE is for real training rows.")
    fewest, k = Counter(rows.target.tolist()).most_common()[-1][::-1]
    if fewest < 2:
        raise DataError(f"{DIAGNOSES[k]} has a single training picture; SMOTE needs two of each class.")
    drawn = SMOTE(k_neighbors=min(neighbours, fewest - 1), random_state=seed)
    features, target = drawn.fit_resample(rows.features, rows.target)
    return Rows(features, target, np.arange(len(target)) >= len(rows.target))


@dataclass(frozen=True)
class Head:
    """A linear head on pooled features: prior-free scores (N,7) = features @ weight.T + bias."""

    weight: Floats
    bias: Floats

    def scores(self, rows: Rows) -> Floats:
        """Raises ``DataError`` for synthetic rows: nothing is measured on what was made up."""
        if rows.synthetic.any():
            raise DataError("Synthetic rows are not judged; give the rows of a side of the split.")
        return rows.features @ self.weight.T + self.bias


def refit(rows: Rows, *, strength: float = 1.0) -> Head:
    """Multinomial logistic regression (L2, C = ``strength``) on standardised features, freed of the rows' own prior.

    Raises ``DataError`` where a class is missing.
    """
    counts = np.bincount(rows.target, minlength=len(DIAGNOSES))
    if not counts.all():
        raise DataError(f"No training picture shows {DIAGNOSES[int(counts.argmin())]}; the head cannot be fitted.")
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))
    model.fit(rows.features, rows.target)
    scaler, linear = model[0], model[1]
    weight = linear.coef_ / scaler.scale_
    return Head(weight, linear.intercept_ - weight @ scaler.mean_ - np.log(counts / counts.sum()))
