"""Which clinic a command is about."""

from django.core.management.base import CommandError, CommandParser

from cases.models import Clinic


def add_clinic_argument(parser: CommandParser) -> None:
    parser.add_argument("--clinic", default="", help="the clinic's slug; not needed while there is only one")


def chosen_clinic(slug: str) -> Clinic:
    """The named clinic, or the only one."""
    clinics = list(Clinic.objects.filter(slug=slug) if slug else Clinic.objects.all())
    if len(clinics) != 1:
        known = ", ".join(Clinic.objects.values_list("slug", flat=True)) or "none"
        raise CommandError(f"Name one clinic with --clinic; there are: {known}.")
    return clinics[0]
