from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "cases"
    label = "cases"
    verbose_name = "Clinic"

    def ready(self) -> None:
        from cases import receivers  # noqa: F401  connects sign-in and sign-out to the audit trail
