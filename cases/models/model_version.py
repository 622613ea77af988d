from django.db import models
from django.db.models import Q

from cases.models.base import Record, one_of
from cases.models.clinic import Clinic
from cases.states import MODEL_MOVES, ModelStage


class ModelVersionQuerySet(models.QuerySet):
    def of_clinic(self, clinic):
        return self.filter(clinic=clinic)

    def active(self):
        return self.filter(stage=ModelStage.ACTIVE)


class ModelVersion(Record):
    """A bundle as one clinic knows it: weights, preprocessing, calibration and thresholds under one hash."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="model_versions")
    name = models.CharField(max_length=100)
    version = models.CharField(max_length=50)
    sha256 = models.CharField(max_length=64)
    stage = models.CharField(max_length=10, choices=ModelStage, default=ModelStage.DRAFT)
    bundle = models.CharField(max_length=500)  # a folder: its name inside MODELS_DIR, or a whole path
    thresholds = models.JSONField(default=dict)
    manifest = models.JSONField(default=dict)
    card = models.TextField(blank=True)
    registered_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-registered_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "name", "version"], name="model_version_once_per_clinic"),
            models.UniqueConstraint(fields=["clinic", "sha256"], name="model_bundle_once_per_clinic"),
            models.UniqueConstraint(
                fields=["clinic"], condition=Q(stage=ModelStage.ACTIVE), name="model_one_active_per_clinic"
            ),
            one_of("stage", ModelStage, name="model_stage_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def flag_threshold(self) -> float:
        """The malignancy from which the bundle itself flags, between 0 and 1."""
        return float(self.thresholds["malignancy"]["threshold"])

    def move_to(self, stage: ModelStage) -> None:
        MODEL_MOVES.check(self.stage, stage)
        self.stage = stage
