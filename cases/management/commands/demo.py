"""`manage.py demo`: the demo clinic, its logins, and cases to look at."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cases.demo.clinic import ensure_demo_clinic, ensure_model
from cases.demo.loading import load_day, load_ham10000
from cases.demo.story import tell_story
from cases.errors import DomainError


class Command(BaseCommand):
    help = "Make the demo clinic; with --data, load real HAM10000 cases into it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data",
            type=Path,
            help="a HAM10000 folder; without it, invented people with generated pictures, once",
        )
        parser.add_argument("--cases", type=int, default=60, help="how many cases to load (default: 60)")
        parser.add_argument(
            "--story",
            action="store_true",
            help="nothing else: one case read and one sent back, once a running worker has looked at them",
        )

    def handle(self, *args: Any, data: Path | None, cases: int, story: bool, **options: Any) -> None:
        try:
            clinic, logins = ensure_demo_clinic()
            if story:
                self.stdout.write(f"{clinic}: {tell_story(clinic)} cases dealt with.")
                return
            model = ensure_model(clinic)
            filed = load_ham10000(clinic, data, count=cases) if data else load_day(clinic)
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{clinic}: {filed} new cases, analysed by {model}.")
        for role, login in logins.items():
            self.stdout.write(f"  {role:15} {login['username']:20} {login['password']}")
