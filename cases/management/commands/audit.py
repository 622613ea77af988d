"""`manage.py audit verify|export`: is the trail whole, and what does it hold?"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cases.management.clinics import add_clinic_argument, chosen_clinic
from cases.models import AuditEvent, Clinic
from cases.selectors.audit import verify_chain
from cases.services.audit_reports import csv_lines


class Command(BaseCommand):
    help = "Verify the audit chain of a clinic (or of all), or export one as CSV."

    def add_arguments(self, parser: CommandParser) -> None:
        add_clinic_argument(parser)
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("verify", help="recompute every link; names the first number that is wrong")
        acts.add_parser("export", help="write the whole trail of a clinic to standard output")

    def handle(self, *args: Any, act: str, clinic: str, **options: Any) -> None:
        if act == "export":
            events = AuditEvent.objects.of_clinic(chosen_clinic(clinic)).order_by("seq").select_related("actor")
            sys.stdout.writelines(csv_lines(events.iterator(chunk_size=2000)))
            return
        clinics = [chosen_clinic(clinic)] if clinic else list(Clinic.objects.all())
        broken = [found for found in map(verify_chain, clinics) if not self._told(found)]
        if broken:
            raise CommandError(f"{len(broken)} of {len(clinics)} audit chains do not verify.")

    def _told(self, found: Any) -> bool:
        if found.ok:
            self.stdout.write(f"{found.clinic}: {found.events} events, whole.")
        else:
            self.stdout.write(f"{found.clinic}: event {found.bad_seq} is bad. {found.problem}")
        return found.ok
