"""The clinic's records, one entity a file."""

from cases.models.analysis import Analysis
from cases.models.audit import AuditChain, AuditEvent, AuditReport
from cases.models.case import Case
from cases.models.clinic import Clinic, Membership
from cases.models.consent import Consent
from cases.models.explanation_request import ExplanationRequest
from cases.models.idempotency import IdempotencyKey
from cases.models.image import LesionImage, QualityCheck
from cases.models.lesion import Lesion
from cases.models.model_version import ModelVersion
from cases.models.patient import Patient
from cases.models.prediction import Embedding, Explanation, Prediction
from cases.models.queue import QueuePlace, QueueTally
from cases.models.read import Read
from cases.models.retake import RetakeRequest
from cases.models.reveal import Reveal
from cases.models.saved_filter import SavedFilter
from cases.models.scale import ImageScale
from cases.models.upload import Upload
from cases.models.usability import UsabilityAnswer
from cases.models.user import User

__all__ = [
    "Analysis",
    "AuditChain",
    "AuditEvent",
    "AuditReport",
    "Case",
    "Clinic",
    "Consent",
    "Embedding",
    "Explanation",
    "ExplanationRequest",
    "IdempotencyKey",
    "ImageScale",
    "Lesion",
    "LesionImage",
    "Membership",
    "ModelVersion",
    "Patient",
    "Prediction",
    "QualityCheck",
    "QueuePlace",
    "QueueTally",
    "Read",
    "RetakeRequest",
    "Reveal",
    "SavedFilter",
    "Upload",
    "UsabilityAnswer",
    "User",
]
