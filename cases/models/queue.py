import uuid

from django.db import models

from cases.models.base import Record
from cases.models.case import Case
from cases.models.clinic import Clinic

WHOLE_QUEUE = ""
NO_BAND = -1  # no malignancy
MODEL_LINES = "model:"


def site_line(site: str) -> str:
    return f"site:{site}"


def reader_line(user_id: uuid.UUID) -> str:
    """Of the cases that this person holds."""
    return f"reader:{user_id.hex}"


def model_line(model_version_id: uuid.UUID) -> str:
    return f"{MODEL_LINES}{model_version_id.hex}"


class QueuePlace(Record):
    """One case in one line of its clinic's queue: the whole queue, or that of a site, a reader or a model version.

    Triggers keep these rows from the cases themselves (`cases.queue_triggers`); nothing else may write them.
    """

    # Unchecked: triggers make a place from its case, and remove it with its case. To check a million of them would lock
    # and rewrite each of their cases.
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="places", db_constraint=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="queue_places", db_constraint=False)
    line = models.CharField(max_length=50, blank=True)
    state = models.CharField(max_length=20)
    tier = models.CharField(max_length=10, blank=True)
    # Whole hundredths of the malignancy, cut off: no threshold of whole hundredths splits a band. -1: no malignancy.
    band = models.SmallIntegerField()
    flagged = models.BooleanField()
    silent = models.BooleanField()
    # Second of the epoch since when the patient waits; where the clock stands still, minus the seconds it had run.
    clock = models.FloatField()
    malignancy = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "line"], name="queue_place_once_per_line")]
        indexes = [
            # A page of the queue reads the heads of a few dozen runs of this index, and never the table.
            models.Index(
                fields=["clinic", "line", "state", "tier", "band", "flagged", "silent", "clock", "case", "malignancy"],
                name="queue_place_in_order",
            ),
            models.Index(fields=["clinic", "line", "state", "clock"], name="queue_place_by_clock"),
        ]


class QueueTally(Record):
    """How many places of one kind came or went. The sum over a kind is how many there are.

    Each change is a row of its own, so that two people who move cases at once never wait for one counter; the sweeper
    folds rows of a kind into one.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="queue_tallies")
    line = models.CharField(max_length=50, blank=True)
    state = models.CharField(max_length=20)
    tier = models.CharField(max_length=10, blank=True)
    band = models.SmallIntegerField()
    flagged = models.BooleanField()
    silent = models.BooleanField()
    change = models.IntegerField()

    class Meta:
        verbose_name_plural = "queue tallies"
        indexes = [models.Index(fields=["clinic", "line"], name="queue_tally_by_line")]
