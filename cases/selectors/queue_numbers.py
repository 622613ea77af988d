"""The queue in numbers: how many wait in each view, and how their malignancies spread."""

from typing import NamedTuple

from django.db.models import Min

from cases.models import ModelVersion, User
from cases.models.queue import MODEL_LINES, NO_BAND, WHOLE_QUEUE, model_line, reader_line
from cases.permissions import visible_queue_places
from cases.selectors.queue_cells import BANDS, Tallies, WorklistFilter, tallies_of
from cases.selectors.worklist import Worklist
from cases.states import WAITING_CASE, CaseState

BINS = 20


class QueueNumbers(NamedTuple):
    of_view: dict[str, int]
    bands: list[int]  # waiting cases whose lesions were all answered, by whole hundredth of malignancy
    silent: int  # cases with a lesion that got no answer: flagged under any threshold

    @property
    def histogram(self) -> list[int]:
        """Cases per twentieth of malignancy."""
        width = BANDS // BINS
        return [sum(self.bands[place : place + width]) for place in range(0, BANDS, width)]


def queue_numbers(user: User, tallies: Tallies | None = None) -> QueueNumbers:
    tallies = tallies or tallies_of(user)
    waiting = [cell for cell in tallies.whole if cell.state in WAITING_CASE]
    bands = [0] * BANDS
    for cell in waiting:
        if cell.band != NO_BAND and not cell.silent:
            bands[min(cell.band, BANDS - 1)] += cell.count
    of_view = {
        "flagged": sum(cell.count for cell in waiting if cell.kept_flag),
        "all": sum(cell.count for cell in waiting),
        "mine": tallies.count(reader_line(user.pk)),
        "unassessed": sum(cell.count for cell in waiting if cell.tier == ""),
        "awaiting": sum(cell.count for cell in tallies.whole if cell.state == CaseState.AWAITING_IMAGES),
    }
    return QueueNumbers(of_view, bands, silent=sum(cell.count for cell in waiting if cell.silent))


def flagged_at(user: User, threshold: float, tallies: Tallies | None = None) -> int:
    """How many waiting cases this threshold flags: those that reach it, and the silent ones."""
    return len(Worklist(user, WorklistFilter(flagged=True, threshold=threshold), tallies=tallies))


def scored_by_others(tallies: Tallies, version: ModelVersion) -> int:
    """Scores of waiting cases that are by another model version than this one."""
    others = [line for line in tallies.cells if line.startswith(MODEL_LINES) and line != model_line(version.pk)]
    return sum(map(tallies.count, others))


def oldest_clock(user: User) -> float | None:
    """Second of the epoch since when the one who has waited longest waits; None when nobody does."""
    waiting = visible_queue_places(user).filter(line=WHOLE_QUEUE, state__in=WAITING_CASE)
    return waiting.aggregate(oldest=Min("clock"))["oldest"]
