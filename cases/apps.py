from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class CasesConfig(AppConfig):
    name = "cases"
    label = "cases"
    verbose_name = "Clinic"

    def ready(self) -> None:
        from cases import receivers  # connects sign-in and sign-out to the audit trail

        pre_migrate.connect(receivers.on_migration, sender=self)
        post_migrate.connect(receivers.on_migrated, sender=self)
