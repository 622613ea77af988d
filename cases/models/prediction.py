from django.db import models
from django.db.models import Q

from cases.models.analysis import Analysis
from cases.models.base import Record, one_of
from cases.models.model_version import ModelVersion
from cases.vocabulary import Diagnosis, Tier
from inference.vocabulary import SEVERITY


class Prediction(Record):
    """What the network said, once and for good: a read may differ from it, nothing changes it."""

    analysis = models.OneToOneField(Analysis, on_delete=models.PROTECT, related_name="prediction")
    probabilities = models.JSONField()  # code → calibrated probability; the seven sum to 1
    diagnosis = models.CharField(max_length=10, choices=Diagnosis)  # the most probable
    malignancy = models.FloatField()  # mel + bcc + akiec
    prediction_set = models.JSONField()  # the codes that stay possible, in order of severity
    tier = models.CharField(max_length=10, choices=Tier, blank=True, default="")  # "" when it abstained
    attributions = models.JSONField(default=dict)  # image and metadata: code → logits that it added
    # Code, or "malignancy" for its log-odds → image, age, sex, site → exact Shapley value; {} before these were kept.
    shapley = models.JSONField(default=dict)
    scope = models.JSONField(null=True, blank=True)  # how near to what the network knows; NULL: the bundle cannot say
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(malignancy__gte=0, malignancy__lte=1), name="prediction_malignancy_is_a_probability"
            ),
            one_of("diagnosis", Diagnosis, name="prediction_diagnosis_known"),
            one_of("tier", Tier, name="prediction_tier_known", blank=True),
        ]

    @property
    def ranked(self) -> list[tuple[str, float, bool]]:
        """(code, probability, in the prediction set) in the order of severity, the same in every case."""
        return [(code, self.probabilities[code], code in self.prediction_set) for code in SEVERITY]


class Explanation(Record):
    """Where the network looked, for each diagnosis: small grids, drawn over the picture when asked for."""

    analysis = models.OneToOneField(Analysis, on_delete=models.PROTECT, related_name="explanation")
    labels = models.JSONField()  # the diagnosis of each grid, in the order of `heatmaps`
    rows = models.PositiveSmallIntegerField()
    columns = models.PositiveSmallIntegerField()
    heatmaps = models.BinaryField()  # uint8, (labels, rows, columns), each scaled to its own maximum
    maxima = models.JSONField()  # code → that maximum, in units of the logit
    geometry = models.JSONField()  # how a grid lies on the stored picture
    # Share of the heat inside the lesion, 0 to 1; NULL when there was no heat or no lesion was found.
    heat_inside_lesion = models.FloatField(null=True, blank=True)
    heat_on_border = models.FloatField(null=True, blank=True)  # on the outermost cells of the grid
    heat_on_artefacts = models.FloatField(null=True, blank=True)  # on hair, ruler and ink; NULL: not measured
    descriptors = models.JSONField(null=True, blank=True)  # of the lesion's outline and colours; NULL: not measured
    created_at = models.DateTimeField(auto_now_add=True)


class Embedding(Record):
    """The picture as a point in the space of one model version, where lesions that look alike lie near."""

    analysis = models.OneToOneField(Analysis, on_delete=models.PROTECT, related_name="embedding")
    # Points of two versions cannot be compared.
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="embeddings")
    size = models.PositiveSmallIntegerField()
    vector = models.BinaryField()  # float32, little-endian
    created_at = models.DateTimeField(auto_now_add=True)
