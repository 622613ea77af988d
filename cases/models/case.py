import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cases.models.base import Record, one_of
from cases.models.clinic import Clinic
from cases.models.patient import Patient
from cases.states import CASE_MOVES, EDITABLE_CASE, WAITING_CASE, CaseState
from cases.vocabulary import Answer, Tier

SYMPTOMS = ("itch", "grew", "bled", "hurt", "changed", "elevated")


def _answer() -> models.CharField:
    return models.CharField(max_length=10, choices=Answer, default=Answer.UNKNOWN)


class PatientsClinic(models.ForeignKey):
    """The clinic of the patient, written down again with the case: a list of a clinic is then a run of one index.

    A patient never changes clinics, nor a case its patient. What somebody may see is still asked of the patient.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> uuid.UUID:  # noqa: FBT001  Django's signature
        if add:
            setattr(model_instance, self.attname, model_instance.patient.clinic_id)
        return super().pre_save(model_instance, add)


class CaseQuerySet(models.QuerySet):
    def of_clinic(self, clinic):
        return self.filter(patient__clinic=clinic)

    def waiting(self):
        """Ready for a dermatologist, whether held by one or not."""
        return self.filter(state__in=WAITING_CASE)

    def ready(self):
        return self.filter(state=CaseState.READY)

    def in_clinic_and_state(self, clinic, state: CaseState):
        """As an index has them, in the order of their beginning."""
        return self.filter(patients_clinic=clinic, state=state)

    def flagged(self):
        return self.filter(flagged=True)

    def past_analysis_deadline(self, now):
        return self.filter(state=CaseState.SUBMITTED, analysis_deadline__lte=now)

    def with_idle_claim(self, now):
        return self.filter(state=CaseState.IN_REVIEW, claim_until__lte=now)


class Case(Record):
    """One question about one patient's skin, from intake to a signed answer."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="cases")
    # Without an index and a check of its own: those below begin with it, and the patient's clinic is checked.
    patients_clinic = PatientsClinic(
        Clinic, on_delete=models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=20, choices=CaseState, default=CaseState.DRAFT)

    itch, grew, bled, hurt, changed, elevated = (_answer() for _ in SYMPTOMS)
    # NULL: not measured.
    size_mm = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)

    # What the analyses say together; NULL and "" while, or where, nothing could be assessed.
    tier = models.CharField(max_length=10, choices=Tier, blank=True, default="")
    malignancy = models.FloatField(null=True, blank=True)
    # A lesion got no answer: a reason to look under any threshold.
    silent = models.BooleanField(default=False)
    flagged = models.BooleanField(default=False)
    # The threshold that `flagged` was judged by; a later change of policy does not rewrite it.
    flag_threshold = models.FloatField(null=True, blank=True)

    submitted_at = models.DateTimeField(null=True, blank=True)  # for the first time
    # The patient has waited since then; moved on by the time for which the clock stood still.
    waiting_since = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    analysis_deadline = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claimed_cases", null=True, blank=True
    )
    claimed_at = models.DateTimeField(null=True, blank=True)  # by who holds it now; NULL where nobody wrote it down
    claim_until = models.DateTimeField(null=True, blank=True)

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="cases_created")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            one_of("state", CaseState, name="case_state_known"),
            one_of("tier", Tier, name="case_tier_known", blank=True),
            *(one_of(symptom, Answer, name=f"case_{symptom}_known") for symptom in SYMPTOMS),
            models.CheckConstraint(
                condition=Q(malignancy__isnull=True) | Q(malignancy__gte=0, malignancy__lte=1),
                name="case_malignancy_is_a_probability",
            ),
            models.CheckConstraint(condition=Q(size_mm__isnull=True) | Q(size_mm__gt=0), name="case_size_above_zero"),
            models.CheckConstraint(
                condition=Q(state=CaseState.IN_REVIEW, claimed_by__isnull=False, claim_until__isnull=False)
                | (~Q(state=CaseState.IN_REVIEW) & Q(claimed_by__isnull=True, claim_until__isnull=True)),
                name="case_claimed_iff_in_review",
            ),
            models.CheckConstraint(
                condition=Q(state=CaseState.AWAITING_IMAGES, paused_at__isnull=False)
                | (~Q(state=CaseState.AWAITING_IMAGES) & Q(paused_at__isnull=True)),
                name="case_paused_iff_awaiting_images",
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True)
                | Q(state__in=["decided", "follow_up", "awaiting_outcome", "closed", "entered_in_error"]),
                name="case_decided_at_only_once_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "analysis_deadline"], name="case_by_deadline"),
            models.Index(fields=["patient", "-created_at"], name="case_by_patient"),
            models.Index(fields=["state", "created_at"], name="case_by_state"),
            models.Index(fields=["patients_clinic", "state", "created_at"], name="case_by_clinic_and_state"),
            models.Index(
                fields=["patients_clinic", "-updated_at"],
                condition=Q(state=CaseState.DRAFT),
                name="case_drafts_of_clinic",
            ),
            models.Index(fields=["submitted_at"], name="case_by_submission"),
            models.Index(fields=["decided_at"], name="case_by_decision"),
        ]

    def __str__(self) -> str:
        return f"C-{str(self.pk)[:8]}"

    @property
    def clinic(self):
        return self.patient.clinic

    @property
    def symptoms(self) -> dict[str, str]:
        """Each symptom with its answer: yes, no or unknown."""
        return {symptom: getattr(self, symptom) for symptom in SYMPTOMS}

    @property
    def legal_moves(self) -> tuple[str, ...]:
        return CASE_MOVES.legal(self.state)

    @property
    def is_editable(self) -> bool:
        """Images and intake may still change."""
        return self.state in EDITABLE_CASE

    @property
    def standing_images(self) -> list:
        """The images that nothing has replaced, in their order. Reads a prefetched list without a query."""
        images = list(self.images.all())
        replaced = {image.replaces_id for image in images}
        return [image for image in images if image.pk not in replaced]

    @property
    def open_retake(self):
        """What other images are asked for, or None. Reads a prefetched list without a query."""
        return next((retake for retake in self.retakes.all() if retake.is_open), None)

    def waited(self, now: datetime) -> timedelta:
        """How long the patient has waited for the clinic: without the time in which the clinic waited for images."""
        return (self.paused_at or now) - (self.waiting_since or now)

    def move_to(self, state: CaseState, *, now: datetime | None = None) -> None:
        """Take a legal step (unsaved); an illegal one is refused with the legal ones named.

        The clock stands still for as long as the case awaits images.
        """
        CASE_MOVES.check(self.state, state)
        now = now or timezone.now()
        if self.paused_at and self.waiting_since:
            self.waiting_since += now - self.paused_at
        self.paused_at = now if state == CaseState.AWAITING_IMAGES else None
        self.state = state
        if state != CaseState.IN_REVIEW:
            self.claimed_by = self.claimed_at = self.claim_until = None
