"""`manage.py clinic open|member`: a clinic on a new installation, and the people who may sign in."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.text import slugify

from cases.errors import DomainError
from cases.management.clinics import add_clinic_argument, chosen_clinic
from cases.models import Clinic
from cases.services import people
from cases.vocabulary import Role


class Command(BaseCommand):
    help = "Open a clinic, or let a person into one with a random password that is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        add_clinic_argument(parser)
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("open", help="make a clinic").add_argument("name")
        member = acts.add_parser("member", help="make a login with one role")
        member.add_argument("username")
        member.add_argument("--role", required=True, choices=Role.values)

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        getattr(self, f"_{act}")(**options)

    def _open(self, *, name: str, clinic: str, **options: Any) -> None:
        slug = slugify(clinic or name)
        if not slug or Clinic.objects.filter(slug=slug).exists():
            raise CommandError(f"The short name {slug!r} is empty or taken; choose one with --clinic.")
        Clinic.objects.create(name=name, slug=slug)
        self.stdout.write(f"{name} is open; its short name is {slug}.")

    def _member(self, *, username: str, role: str, clinic: str, **options: Any) -> None:
        password = secrets.token_urlsafe(15)
        try:
            people.add_member(clinic=chosen_clinic(clinic), username=username, password=password, role=role)
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{username} may sign in as {role}. Password, shown this once: {password}")
