"""Models that need no network, each with the numbers it reads: the floor that every network must start above."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, export_text
from tqdm import tqdm

from inference.metadata import MetadataEncoding
from inference.vocabulary import DIAGNOSES
from training.data.records import Record
from training.studies import abcdt, colour_radial, edges_colours

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

FOREST, LOGISTIC, TREE = "ExtraTrees on 182 numbers", "logistic on edges and colours", "tree of depth 4 on ABCDT"


@dataclass(frozen=True)
class FloorModel:
    """``describe`` turns a picture into numbers, ``make`` gives an unfitted classifier.

    ``balanced`` says that the classifier weighs classes evenly, so that its shares hold no prior.
    """

    describe: Callable[[Bytes], Floats]
    make: Callable[[], ClassifierMixin]
    balanced: bool = False


def forest(seed: int = 0) -> ExtraTreesClassifier:
    return ExtraTreesClassifier(300, min_samples_leaf=3, random_state=seed)


MODELS = {
    FOREST: FloorModel(colour_radial.describe, forest),
    LOGISTIC: FloorModel(
        edges_colours.describe, lambda: make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    ),
    TREE: FloorModel(
        abcdt.describe,
        lambda: DecisionTreeClassifier(max_depth=4, min_samples_leaf=10, class_weight="balanced", random_state=0),
        balanced=True,
    ),
}


def describe(model: FloorModel, pictures: Bytes, name: str = "describing") -> Floats:
    """(N,H,W,3) uint8 → (N,D)."""
    cv2.setNumThreads(1)  # a picture is too small to share
    return np.stack([model.describe(np.ascontiguousarray(picture)) for picture in tqdm(pictures, desc=name)])


def metadata(records: list[Record], train: list[int]) -> Floats:
    """Age in years, whether it is known, sex and site as 0 or 1, (N,18); an unknown age is the training median."""
    encoding = MetadataEncoding()
    encoded = np.stack([encoding.encode(record.metadata) for record in records]).astype(np.float64)
    ages = np.array([np.nan if r.metadata.age is None else r.metadata.age for r in records])
    ages[np.isnan(ages)] = np.nanmedian(ages[train])
    return np.column_stack([ages, encoded[:, 0], encoded[:, 3:]])


def metadata_names() -> tuple[str, ...]:
    return ("age", "age_known", *MetadataEncoding().columns[3:])


def fit_scores(
    model: FloorModel, x: Floats, target: NDArray[np.int64], train: list[int]
) -> tuple[Floats, ClassifierMixin]:
    """Fit on the rows ``train`` of ``x`` (N,D); prior-free scores (N,7) of all rows, and the fitted classifier.

    A score is the log of the class's share less the log of its frequency in training: its arg-max decides p/prior.
    """
    fitted = model.make().fit(x[train], target[train])
    share = np.zeros((len(x), len(DIAGNOSES)))
    share[:, fitted.classes_] = fitted.predict_proba(x)
    # A class for which no tree voted is unlikely, not impossible.
    scores = np.log(share + 1e-4)
    if not model.balanced:
        scores[:, fitted.classes_] -= log_prior(target[train])[fitted.classes_]
    return scores, fitted


def targets(records: list[Record]) -> NDArray[np.int64]:
    """The diagnosis of each record (N,), as its place in ``DIAGNOSES``."""
    return np.array([DIAGNOSES.index(record.diagnosis) for record in records])


def log_prior(target: NDArray[np.int64]) -> Floats:
    """Log of the class frequencies (7,); a class that does not occur gets a tiny one."""
    counts = np.bincount(target, minlength=len(DIAGNOSES))
    return np.asarray(np.log(np.maximum(counts / counts.sum(), 1e-6)))


def rules(fitted: ClassifierMixin, names: tuple[str, ...]) -> list[str]:
    """A fitted tree as indented lines, with the codes of the classes."""
    text = export_text(fitted, feature_names=list(names), class_names=[DIAGNOSES[k] for k in fitted.classes_])
    return str(text).splitlines()
