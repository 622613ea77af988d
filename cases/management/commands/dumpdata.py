"""`manage.py dumpdata`, without what the database makes of the cases by itself."""

from typing import Any

from django.core.management.commands.dumpdata import Command as DumpData

from cases.models import QueuePlace, QueueTally


class Command(DumpData):
    """Loading a case makes its places: places of the dump's own would stand there twice, and be counted twice."""

    def handle(self, *labels: str, **options: Any) -> None:
        options["exclude"] = [*options["exclude"], QueuePlace._meta.label, QueueTally._meta.label]
        super().handle(*labels, **options)
