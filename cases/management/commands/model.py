"""`manage.py model add|list|activate`: the model versions of a clinic."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cases.errors import DomainError
from cases.management.clinics import add_clinic_argument, chosen_clinic
from cases.models import Clinic, ModelVersion
from cases.services import model_registry


class Command(BaseCommand):
    help = "Register a model bundle, list the versions, or choose the one that answers."

    def add_arguments(self, parser: CommandParser) -> None:
        add_clinic_argument(parser)
        acts = parser.add_subparsers(dest="act", required=True)
        add = acts.add_parser("add", help="register a bundle, check its stored answers, and put it into shadow")
        add.add_argument("bundle", help="a folder inside MODELS_DIR, or a whole path")
        acts.add_parser("list", help="every version with its stage and hash")
        activate = acts.add_parser("activate", help="make a version the one that answers; also the way back")
        activate.add_argument("version", help="its version, its id, or the beginning of its SHA-256")

    def handle(self, *args: Any, act: str, clinic: str, **options: Any) -> None:
        try:
            getattr(self, f"_{act}")(chosen_clinic(clinic), **options)
        except DomainError as error:
            raise CommandError(str(error)) from error

    def _add(self, clinic: Clinic, *, bundle: str, **options: Any) -> None:
        added = model_registry.register_model(clinic=clinic, bundle=bundle)
        if added.stage == "draft":
            added = model_registry.stage_model(model_version=added)
        self._tell(added)

    def _list(self, clinic: Clinic, **options: Any) -> None:
        for model_version in ModelVersion.objects.of_clinic(clinic):
            self._tell(model_version)

    def _activate(self, clinic: Clinic, *, version: str, **options: Any) -> None:
        found = [
            known
            for known in ModelVersion.objects.of_clinic(clinic)
            if version in (known.version, str(known.pk)) or (len(version) >= 8 and known.sha256.startswith(version))
        ]
        if len(found) != 1:
            raise CommandError(f"{len(found)} versions of {clinic} match {version}; see `model list`.")
        self._tell(model_registry.activate_model(model_version=found[0]))

    def _tell(self, known: ModelVersion) -> None:
        self.stdout.write(f"{known.stage:8} {known.name} {known.version}  sha256 {known.sha256}  id {known.pk}")
