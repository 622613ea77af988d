"""Keeping the queue's tallies short, and proving that they are true."""

import logging

from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import Count

from cases import queue_triggers
from cases.models import QueueTally

logger = logging.getLogger(__name__)

_WAY_OUT = "run `manage.py queue rebuild`."
_KIND = ("clinic_id", "line", "state", "tier", "band", "flagged", "silent")
_MOST = 20_000  # rows in one go


def fold_tallies(*, from_rows: int = 16) -> int:
    """Make one row of all those that count one kind of place, where there are so many; returns how many went.

    The rows are held before they are added up: of two sweepers the second finds them gone, and adds up nothing.
    """
    kinds = QueueTally.objects.order_by().values(*_KIND).annotate(rows=Count("pk")).filter(rows__gte=from_rows)
    return sum(_fold({name: kind[name] for name in _KIND}) for kind in kinds)


def triggers_are_on() -> bool:
    """Whoever writes a case moves its places too."""
    return not queue_triggers.amiss(connection)


def ensure_sound() -> str:
    """What the queue says of itself is what the cases say; RuntimeError with the way out if it is not."""
    off = queue_triggers.amiss(connection)
    if off:
        raise RuntimeError(f"triggers are off or out of date: {', '.join(off)}; {_WAY_OUT}")
    places, tallies = queue_triggers.differences(connection)
    if places or tallies:
        raise RuntimeError(f"{places} places and {tallies} tallies are wrong; {_WAY_OUT}")
    return "triggers are on, places and tallies are what the cases say"


def put_triggers_back() -> int:
    """What a migration that failed left off; returns how many triggers were. A migration under way is left alone."""
    off = queue_triggers.amiss(connection)
    if not off or not _schema_is_of_this_release():
        return 0
    logger.error("queue: triggers were off (%s); the places are made anew", ", ".join(off))
    queue_triggers.rebuild(connection)
    return len(off)


def make_sound() -> int:
    """Places and tallies that are not what the cases say, as after rows were loaded past the triggers, made anew."""
    if not triggers_are_on():
        return 0
    wrong = sum(queue_triggers.differences(connection))
    if wrong:
        logger.error("queue: %s places and tallies were wrong; they are made anew", wrong)
        queue_triggers.rebuild(connection)
    return wrong


def _schema_is_of_this_release() -> bool:
    """Neither older nor newer: the triggers of one release do not fit the tables of another."""
    loader = MigrationLoader(connection)
    applied, known = (
        {name for app, name in of if app == "cases"} for of in (loader.applied_migrations, loader.disk_migrations)
    )
    return applied == known


def _fold(kind: dict[str, object]) -> int:
    with transaction.atomic():
        rows = list(QueueTally.objects.filter(**kind).select_for_update()[:_MOST])
        change = sum(row.change for row in rows)
        QueueTally.objects.filter(pk__in=[row.pk for row in rows]).delete()
        if change:
            QueueTally.objects.create(**kind, change=change)
    return len(rows) - bool(change)
