"""`manage.py queue check|rebuild`: are the queue's triggers on, its places and counts what the cases say?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from cases import queue_triggers
from cases.services.queue import ensure_sound


class Command(BaseCommand):
    help = "Compare the queue's places and counts with the cases, or make them anew from the cases."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["check", "rebuild"])

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        if act == "rebuild":
            queue_triggers.rebuild(connection)
        try:
            self.stdout.write(ensure_sound())
        except RuntimeError as error:
            raise CommandError(str(error)) from error
