"""One factory per record. Each builds what it hangs on, within one clinic."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import factory
from django.core.files.base import ContentFile
from django.utils import timezone
from factory.django import DjangoModelFactory, Password

from cases import models
from cases.models.usability import STATEMENTS
from cases.pictures import clean_picture
from cases.states import AnalysisState, CaseState, ModelStage
from cases.storage import new_key, private_storage
from inference.vocabulary import DIAGNOSES, SEVERITY
from tests.drawings import clear_png, jpeg

PASSWORD = "correct horse battery staple"


class ClinicFactory(DjangoModelFactory):
    class Meta:
        model = models.Clinic

    name = factory.Sequence(lambda n: f"Clinic {n}")
    slug = factory.Sequence(lambda n: f"clinic-{n}")


class UserFactory(DjangoModelFactory):
    """A login with its membership; `role=""` leaves it without one."""

    class Meta:
        model = models.User

    username = factory.Sequence(lambda n: f"user-{n}")
    password = Password(PASSWORD)
    clinic = factory.SubFactory(ClinicFactory)
    role = "staff"

    @classmethod
    def _create(cls, model_class, *args, clinic, role, **kwargs):
        user = super()._create(model_class, *args, **kwargs)
        if role:
            models.Membership.objects.create(user=user, clinic=clinic, role=role)
        return user


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = models.Membership

    user = factory.SubFactory(UserFactory, role="")
    clinic = factory.SubFactory(ClinicFactory)
    role = "staff"


class PatientFactory(DjangoModelFactory):
    class Meta:
        model = models.Patient

    clinic = factory.SubFactory(ClinicFactory)
    identifier = factory.Sequence(lambda n: f"MRN-{n:05}")
    given_name = "Ada"
    family_name = factory.Sequence(lambda n: f"Example{n}")
    birth_date = date(1958, 4, 12)
    sex = "female"
    skin_type = "II"
    created_by = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..clinic"))


class ConsentFactory(DjangoModelFactory):
    class Meta:
        model = models.Consent

    patient = factory.SubFactory(PatientFactory)
    purpose = "ai"
    answer = "given"
    notice = "2026-1"
    decided_on = date(2026, 11, 1)
    recorded_by = factory.SelfAttribute("patient.created_by")


class LesionFactory(DjangoModelFactory):
    class Meta:
        model = models.Lesion

    patient = factory.SubFactory(PatientFactory)
    number = factory.LazyAttribute(lambda lesion: lesion.patient.lesions.count() + 1)
    site = "back"
    laterality = "left"
    created_by = factory.SelfAttribute("patient.created_by")


class CaseFactory(DjangoModelFactory):
    """A draft; the traits give it the fields that its state goes with."""

    class Meta:
        model = models.Case

    class Params:
        submitted = factory.Trait(
            state=CaseState.SUBMITTED,
            submitted_at=factory.LazyFunction(timezone.now),
            analysis_deadline=factory.LazyAttribute(lambda case: case.submitted_at + timedelta(minutes=5)),
        )
        ready = factory.Trait(
            state=CaseState.READY,
            submitted_at=factory.LazyFunction(timezone.now),
            ready_at=factory.SelfAttribute("submitted_at"),
        )
        in_review = factory.Trait(
            ready=True,
            state=CaseState.IN_REVIEW,
            claimed_by=factory.SubFactory(
                UserFactory, clinic=factory.SelfAttribute("..patient.clinic"), role="dermatologist"
            ),
            claimed_at=factory.SelfAttribute("ready_at"),
            claim_until=factory.LazyAttribute(lambda case: case.ready_at + timedelta(minutes=15)),
        )
        awaiting_images = factory.Trait(
            ready=True, state=CaseState.AWAITING_IMAGES, paused_at=factory.LazyFunction(timezone.now)
        )

    patient = factory.SubFactory(PatientFactory)
    reason = "A mole that grows."
    submitted_at = None
    waiting_since = factory.SelfAttribute("submitted_at")
    created_by = factory.SelfAttribute("patient.created_by")


class LesionImageFactory(DjangoModelFactory):
    """A drawn picture, stored like an upload; `seed` chooses the drawing."""

    class Meta:
        model = models.LesionImage

    class Params:
        seed = factory.Sequence(int)

    case = factory.SubFactory(CaseFactory)
    lesion = factory.SubFactory(LesionFactory, patient=factory.SelfAttribute("..case.patient"))
    image_type = "dermoscopic"
    uploaded_by = factory.SelfAttribute("case.created_by")

    @factory.lazy_attribute
    def _picture(self):
        return clean_picture(jpeg(self.seed))

    @classmethod
    def _create(cls, model_class, *args, _picture, **kwargs):
        storage, file, thumbnail = private_storage(), new_key(_picture.suffix), new_key(".jpg")
        storage.save(file, ContentFile(_picture.data))
        storage.save(thumbnail, ContentFile(_picture.thumbnail))
        facts = ("media_type", "width", "height", "sha256", "stored_sha256", "phash")
        stored = {"file": file, "thumbnail": thumbnail, "byte_size": len(_picture.data)}
        stored |= {fact: getattr(_picture, fact) for fact in facts}
        return super()._create(model_class, *args, **{**stored, **kwargs})


class ImageScaleFactory(DjangoModelFactory):
    class Meta:
        model = models.ImageScale

    image = factory.SubFactory(LesionImageFactory)
    basis = "stated"
    pixel_spacing = Decimal("0.02")
    set_by = factory.SelfAttribute("image.uploaded_by")


class RevealFactory(DjangoModelFactory):
    """A veiled image that its viewer sees for a quarter of an hour."""

    class Meta:
        model = models.Reveal

    image = factory.SubFactory(LesionImageFactory, lesion__site="genital")
    viewer = factory.SubFactory(
        UserFactory, clinic=factory.SelfAttribute("..image.case.patient.clinic"), role="dermatologist"
    )
    revealed_at = factory.LazyFunction(timezone.now)
    until = factory.LazyAttribute(lambda reveal: reveal.revealed_at + timedelta(minutes=15))


class UploadFactory(DjangoModelFactory):
    """Announced, and nothing of it there."""

    class Meta:
        model = models.Upload

    case = factory.SubFactory(CaseFactory)
    lesion = factory.SubFactory(LesionFactory, patient=factory.SelfAttribute("..case.patient"))
    image_type = "dermoscopic"
    byte_size = 1000
    sha256 = factory.Sequence(lambda n: f"{n:064x}")
    created_by = factory.SelfAttribute("case.created_by")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=24))


class QualityCheckFactory(DjangoModelFactory):
    class Meta:
        model = models.QualityCheck

    image = factory.SubFactory(LesionImageFactory)
    verdict = "passed"
    metrics = factory.LazyFunction(lambda: {"detail": {"value": 20.0, "unit": "grey levels", "accepted": True}})


class ModelVersionFactory(DjangoModelFactory):
    """A row without a bundle behind it; the `active_model` fixture registers a real one."""

    class Meta:
        model = models.ModelVersion

    clinic = factory.SubFactory(ClinicFactory)
    name = "tiny"
    version = factory.Sequence(lambda n: f"9.{n}")
    sha256 = factory.Sequence(lambda n: f"{n:064x}")
    stage = ModelStage.SHADOW
    bundle = "nowhere"
    thresholds = factory.LazyFunction(lambda: thresholds(0.3))


def thresholds(threshold: float) -> dict:
    rate = {"low": 0.7, "value": 0.8, "high": 0.9}
    point = {"threshold": threshold, "sensitivity": rate, "specificity": rate}
    return {
        "split": "none",
        "malignancy": point,
        "operating_points": [point],
        "max_set_size": 5,
        "melanoma_sensitivity": rate,
    }


class AnalysisFactory(DjangoModelFactory):
    """A queued analysis; the traits give it the fields that its state goes with."""

    class Meta:
        model = models.Analysis

    class Params:
        running = factory.Trait(
            state=AnalysisState.RUNNING,
            attempt=1,
            lease_token=factory.Faker("uuid4", cast_to=None),
            lease_until=factory.LazyFunction(lambda: timezone.now() + timedelta(seconds=20)),
        )
        succeeded = factory.Trait(state=AnalysisState.SUCCEEDED, step="done", attempt=1)
        failed = factory.Trait(state=AnalysisState.FAILED, step="done", attempt=3, error="The worker was lost.")
        abstained = factory.Trait(state=AnalysisState.ABSTAINED, step="done", attempt=1, abstain_reason="set_too_large")

    image = factory.SubFactory(LesionImageFactory)
    model_version = factory.SubFactory(ModelVersionFactory, clinic=factory.SelfAttribute("..image.case.patient.clinic"))
    metadata = factory.LazyFunction(lambda: {"age": 68, "sex": "female", "localization": "back"})
    input_hash = factory.Sequence(lambda n: f"{n:064x}")


class PredictionFactory(DjangoModelFactory):
    """Probabilities that sum to 1, most of it on `diagnosis`."""

    class Meta:
        model = models.Prediction

    class Params:
        share = 0.64

    analysis = factory.SubFactory(AnalysisFactory, succeeded=True)
    diagnosis = "nv"
    malignancy = factory.LazyAttribute(lambda p: sum(p.probabilities[code] for code in ("mel", "bcc", "akiec")))
    prediction_set = factory.LazyAttribute(lambda p: [code for code in SEVERITY if code == p.diagnosis])
    tier = "routine"

    @factory.lazy_attribute
    def probabilities(self):
        rest = (1 - self.share) / (len(DIAGNOSES) - 1)
        return {code: self.share if code == self.diagnosis else rest for code in DIAGNOSES}


class ExplanationFactory(DjangoModelFactory):
    class Meta:
        model = models.Explanation

    analysis = factory.SubFactory(AnalysisFactory, succeeded=True)
    labels = factory.LazyFunction(lambda: list(DIAGNOSES))
    rows, columns = 9, 12
    heatmaps = bytes(range(108)) * 7
    maxima = factory.LazyFunction(lambda: dict.fromkeys(DIAGNOSES, 1.0))
    geometry = factory.LazyAttribute(
        lambda e: {
            "width": e.analysis.image.width,
            "height": e.analysis.image.height,
            "turned": False,
            "box": [0, 0, e.analysis.image.width, e.analysis.image.height],
        }
    )
    heat_inside_lesion = 0.8


class ExplanationRequestFactory(DjangoModelFactory):
    """Queued; `done=True` has a picture of one clear pixel."""

    class Meta:
        model = models.ExplanationRequest

    class Params:
        done = factory.Trait(
            state="done", progress=100, samples=240, seed=0, r2=0.8, weights=[1.5, -0.5], overlay=clear_png()
        )

    analysis = factory.SubFactory(AnalysisFactory, succeeded=True)
    method = "lime"
    diagnosis = "mel"
    requested_by = factory.SubFactory(
        UserFactory,
        clinic=factory.SelfAttribute("..analysis.image.case.patient.clinic"),
        role="dermatologist",
    )


class ReadFactory(DjangoModelFactory):
    class Meta:
        model = models.Read

    case = factory.SubFactory(CaseFactory, ready=True)
    reader = factory.SubFactory(
        UserFactory, clinic=factory.SelfAttribute("..case.patient.clinic"), role="dermatologist"
    )
    order = factory.LazyAttribute(lambda read: read.case.reads.count() + 1)
    decision = "override"
    diagnosis = "mel"
    management = "excise"
    reason = "dermoscopic_criteria"
    signed_at = factory.LazyFunction(timezone.now)


class RetakeRequestFactory(DjangoModelFactory):
    """An open request; the case awaits images since then."""

    class Meta:
        model = models.RetakeRequest

    case = factory.SubFactory(CaseFactory, awaiting_images=True)
    requested_by = factory.SubFactory(
        UserFactory, clinic=factory.SelfAttribute("..case.patient.clinic"), role="dermatologist"
    )
    reason = "blur"
    created_at = factory.SelfAttribute("case.paused_at")


class SavedFilterFactory(DjangoModelFactory):
    class Meta:
        model = models.SavedFilter

    clinic = factory.SubFactory(ClinicFactory)
    owner = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..clinic"), role="dermatologist")
    name = factory.Sequence(lambda n: f"Filter {n}")
    criteria = factory.LazyFunction(lambda: {"view": "all", "site": "ear"})


class AuditReportFactory(DjangoModelFactory):
    class Meta:
        model = models.AuditReport

    clinic = factory.SubFactory(ClinicFactory)
    requested_by = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..clinic"), role="admin")
    since = datetime(2026, 1, 1, tzinfo=UTC)
    last_seq = 0
    events = 0


class UsabilityAnswerFactory(DjangoModelFactory):
    """`ratings="5151515151"` is one digit a statement."""

    class Meta:
        model = models.UsabilityAnswer

    clinic = factory.SubFactory(ClinicFactory)
    respondent = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..clinic"))
    role = factory.SelfAttribute("respondent.role")
    ratings = "3333333333"

    @classmethod
    def _adjust_kwargs(cls, *, ratings, **kwargs):
        return {**dict(zip(STATEMENTS, map(int, ratings), strict=True)), **kwargs}


class IdempotencyKeyFactory(DjangoModelFactory):
    class Meta:
        model = models.IdempotencyKey

    user = factory.SubFactory(UserFactory)
    key = factory.Sequence(lambda n: f"key-{n}")
    fingerprint = "0" * 64
