"""Keeping the queue's tallies short, and proving that they are true."""

from django.db import connection, transaction
from django.db.models import Count

from cases import queue_triggers
from cases.models import QueueTally

_KIND = ("clinic_id", "line", "state", "tier", "band", "flagged", "silent")
_MOST = 20_000  # rows in one go


def fold_tallies(*, from_rows: int = 16) -> int:
    """Make one row of all those that count one kind of place, where there are so many; returns how many went.

    The rows are held before they are added up: of two sweepers the second finds them gone, and adds up nothing.
    """
    kinds = QueueTally.objects.order_by().values(*_KIND).annotate(rows=Count("pk")).filter(rows__gte=from_rows)
    return sum(_fold({name: kind[name] for name in _KIND}) for kind in kinds)


def ensure_sound() -> str:
    """What the queue says of itself is what the cases say; RuntimeError with the way out if it is not."""
    places, tallies = queue_triggers.differences(connection)
    if places or tallies:
        raise RuntimeError(f"{places} places and {tallies} tallies are wrong; run `manage.py queue rebuild`.")
    return "places and tallies are what the cases say"


def _fold(kind: dict[str, object]) -> int:
    with transaction.atomic():
        rows = list(QueueTally.objects.filter(**kind).select_for_update()[:_MOST])
        change = sum(row.change for row in rows)
        QueueTally.objects.filter(pk__in=[row.pk for row in rows]).delete()
        if change:
            QueueTally.objects.create(**kind, change=change)
    return len(rows) - bool(change)
