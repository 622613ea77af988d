"""On which side a table of several rows is judged, and what that leaves of it: sentences for its page."""

from __future__ import annotations

from collections.abc import Sequence

from training.metrics import holm

SIGNIFICANT = 0.05
_SPENT = {
    "validation": "Judged on the validation side, where the temperatures were fitted: arg-max p is told a little too "
    "kindly, p/prior is untouched. What is chosen here must still be measured on the test side.",
    "test": "Judged on the test side: whatever is chosen by this table has spent that side. Choose with --side "
    "validation.",
}
WINNER = (
    "The best of several rows is in part the luckiest: its figure, gain and interval are optimistic (winner's curse). "
    "Measure it again where it was not chosen."
)


def limits(side: str) -> tuple[str, str]:
    """What the page of such a table must say of its side and of its best row."""
    return _SPENT[side], WINNER


def corrected(p: Sequence[float | None]) -> list[float | None]:
    """Holm's correction over the rows that were compared with one base; None where a row was not."""
    known = iter(holm([one for one in p if one is not None]))
    return [None if one is None else next(known) for one in p]


def too_few(rows: int, bootstrap: int) -> str:
    """A sentence where so few resamples cannot tell any of ``rows`` from chance, else nothing."""
    if 2 * rows / (bootstrap + 1) < SIGNIFICANT:
        return ""
    return f"{bootstrap} resamples cannot tell any of {rows} rows from chance after Holm's correction; take more."
