"""Two people's reviews of one sheet, how far they agree, and the manifest that comes of it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from training.data.records import DataError
from training.data.synthetic import Manifest, SyntheticImage
from training.metrics.bootstrap import Interval, interval, resamples
from training.reporting.report import Cell, Report, Table
from training.synthesis.review_sheet import sheet_digest


@dataclass(frozen=True)
class Review:
    """One reviewer's decisions by picture: True keeps it."""

    reviewer: str
    sheet: str
    decisions: dict[str, bool]


def read_review(path: Path) -> Review:
    """Read what the sheet saved. Raises ``DataError`` for a file that is none."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text())
        found = Review(str(raw["reviewer"]).strip(), raw["sheet"], raw["decisions"])
        if not found.reviewer or not all(isinstance(kept, bool) for kept in found.decisions.values()):
            raise ValueError("a name is missing, or a decision is neither true nor false")
    except OSError:
        raise DataError(f"{path} cannot be read; give the file that the review sheet saved.") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is no review that a sheet saved: {error}") from None
    return found


@dataclass(frozen=True)
class Agreement:
    """Of two reviewers on N pictures: both keep, both reject, only the first or only the second keeps, and Cohen's κ.

    ``kappa`` is None where it says nothing: both gave one answer throughout.
    """

    both: int
    neither: int
    first_only: int
    second_only: int
    kappa: Interval | None

    @property
    def count(self) -> int:
        return self.both + self.neither + self.first_only + self.second_only


def agreement(first: NDArray[np.bool_], second: NDArray[np.bool_], *, bootstrap: int = 1000) -> Agreement:
    """Of two answers (N,), with a 95 % interval of κ (Cohen 1960) by bootstrap over pictures."""
    value = kappa(first, second)
    found = None
    if not math.isnan(value):
        draws = [kappa(first[rows], second[rows]) for rows in resamples(np.arange(len(first)), bootstrap)]
        found = interval(value, draws)
    return Agreement(
        int((first & second).sum()),
        int((~first & ~second).sum()),
        int((first & ~second).sum()),
        int((~first & second).sum()),
        found,
    )


def kappa(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Cohen's κ; NaN where both gave one and the same answer throughout, for then chance agrees as well."""
    if len({*first.tolist(), *second.tolist()}) < 2:
        return math.nan
    return float(cohen_kappa_score(first, second))


def reviewed(manifest: Manifest, reviews: Sequence[Review]) -> tuple[list[SyntheticImage], NDArray[np.bool_]]:
    """The pictures that both saw, and both answers (2,N).

    Raises ``DataError`` unless there are two reviews, by two people, of one sheet of this manifest, without a gap.
    """
    if len(reviews) != 2:
        raise DataError(f"Two reviews are joined, not {len(reviews)}.")
    first, second = reviews
    if first.reviewer.casefold() == second.reviewer.casefold():
        raise DataError(f"Both reviews are by {first.reviewer}; a second person must look too.")
    by_id = {image.image_id: image for image in manifest.images}
    for review in reviews:
        strangers = sorted(set(review.decisions) - set(by_id))
        if strangers:
            raise DataError(f"{review.reviewer} reviewed {strangers[0]}, which is not in this manifest.")
    missing = set(first.decisions) ^ set(second.decisions)
    seen = [image for image in manifest.images if image.image_id in first.decisions]
    if missing or not seen or {first.sheet, second.sheet} != {sheet_digest(seen)}:
        raise DataError(
            f"The reviews are not of one whole sheet of this manifest ({len(missing)} pictures decided by one alone): "
            "finish both, or make a new sheet where pictures were added or changed."
        )
    return seen, np.array([[review.decisions[image.image_id] for image in seen] for review in reviews])


def joined(manifest: Manifest, seen: Sequence[SyntheticImage], answers: NDArray[np.bool_]) -> Manifest:
    """``manifest`` with ``accepted``: of the pictures on this sheet what both keep; others stay as they were.

    A copy of a photograph, and a picture without scores, is not accepted whoever keeps it.
    """
    both = answers[0] & answers[1]
    kept = {image.image_id for image, keep in zip(seen, both, strict=True) if keep and image.may_be_accepted}
    shown = {image.image_id for image in seen}
    decided = (
        replace(image, accepted=image.image_id in kept) if image.image_id in shown else image
        for image in manifest.images
    )
    return replace(manifest, images=tuple(decided))


def build(
    seen: Sequence[SyntheticImage], answers: NDArray[np.bool_], names: Sequence[str], *, bootstrap: int
) -> Report:
    """The report of a joined review, class by class."""
    codes = np.array([image.diagnosis for image in seen])
    whole = agreement(*answers, bootstrap=bootstrap)
    rows = [["all", *_cells(whole)]]
    rows += [[code, *_cells(agreement(*answers[:, codes == code], bootstrap=bootstrap))] for code in sorted(set(codes))]
    columns = ("class", "pictures", "both keep", "both reject", f"only {names[0]} keeps", f"only {names[1]} keeps")
    lead = (
        f"{names[0]} and {names[1]} both keep {whole.both} of {whole.count} pictures; Cohen's κ {_said(whole.kappa)}. "
        "What only one of them keeps is not accepted."
    )
    return Report(
        "Review of generated pictures",
        lead,
        [Table("agreement", "Agreement", (*columns, "κ (95 %)"), rows, "Intervals by bootstrap over pictures.")],
        values={"reviewers": list(names), "rows": [dict(zip((*columns, "kappa"), row, strict=True)) for row in rows]},
        limits=["κ says how far two people agree, not that they are right."],
    )


def _cells(found: Agreement) -> list[Cell]:
    return [found.count, found.both, found.neither, found.first_only, found.second_only, _said(found.kappa)]


def _said(found: Interval | None) -> str:
    if found is None:
        return "says nothing (one answer throughout)"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
