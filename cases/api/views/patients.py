from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cases import workflows
from cases.api.endpoint import Endpoint
from cases.api.idempotency import once
from cases.api.serializers.patients import (
    ConsentIn,
    ConsentOut,
    LesionIn,
    LesionOut,
    LikelyIn,
    LikelyOut,
    OfPatient,
    PatientIn,
    PatientOut,
)
from cases.permissions import visible_consents, visible_lesions, visible_patients
from cases.selectors.likely_patients import likely_patients
from cases.services.audit import record_view
from cases.services.lesions import register_lesion
from cases.services.patients import register_patient
from cases.vocabulary import Action


class Patients(Endpoint):
    acts = {"GET": "view_patients", "POST": "register_patient"}
    shapes = {"GET": PatientOut, "POST": PatientIn}

    @extend_schema(responses=PatientOut(many=True))
    def get(self, request: Request) -> Response:
        """The register, newest first."""
        return self.page(visible_patients(request.user), action=Action.PATIENTS_LISTED)

    @extend_schema(responses={201: PatientOut})
    @once
    def post(self, request: Request) -> Response:
        """Register a patient. An identifier that is known already is a 409 with the patient it belongs to."""
        patient = register_patient(actor=request.user, **self.checked())
        return self.created(PatientOut, patient)


class LikelyPatients(Endpoint):
    acts = {"POST": "register_patient"}
    shapes = {"POST": LikelyIn}

    @extend_schema(responses=LikelyOut(many=True))
    def post(self, request: Request) -> Response:
        """Who may be meant already, the likeliest first, at most five; none as long as too little is known.

        A question that changes nothing, asked by POST because no address may hold an identifier or a name. It needs no
        Idempotency-Key.
        """
        found = likely_patients(request.user, **self.checked())
        if found is not None:
            record_view(actor=request.user, action=Action.PATIENTS_LISTED, patients=len(found))
        return Response({"next": None, "results": LikelyOut(found or [], many=True).data})


class Patient(Endpoint):
    acts = {"GET": "view_patients"}
    shapes = {"GET": PatientOut}

    def get(self, request: Request, patient: UUID) -> Response:
        found = self.find(visible_patients, patient)
        record_view(actor=request.user, action=Action.PATIENT_VIEWED, about=found)
        return self.shown(PatientOut, found)


class Consents(Endpoint):
    acts = {"GET": "view_patients", "POST": "record_consent"}
    shapes = {"GET": ConsentOut, "POST": ConsentIn}

    @extend_schema(responses=ConsentOut(many=True))
    def get(self, request: Request, patient: UUID) -> Response:
        """Every answer of a patient, the last entered first; of a purpose the latest `decided_on` counts."""
        found = self.find(visible_patients, patient)
        consents = visible_consents(request.user).filter(patient=found)
        return self.page(consents, action=Action.PATIENT_VIEWED, about=found)

    @extend_schema(responses={201: ConsentOut})
    @once
    def post(self, request: Request, patient: UUID) -> Response:
        """Record an answer. A refusal of analysis ends what is queued or running; agreement queues it."""
        found = self.find(visible_patients, patient)
        return self.created(ConsentOut, workflows.record_consent(actor=request.user, patient=found, **self.checked()))


class Lesions(Endpoint):
    acts = {"GET": "view_patients", "POST": "register_lesion"}
    shapes = {"GET": LesionOut, "POST": LesionIn}

    @extend_schema(parameters=[OfPatient], responses=LesionOut(many=True))
    def get(self, request: Request) -> Response:
        """Lesions of the clinic, or of one patient, newest first."""
        lesions = visible_lesions(request.user).filter(**self.asked(OfPatient))
        return self.page(lesions, action=Action.LESION_VIEWED)

    @extend_schema(responses={201: LesionOut})
    @once
    def post(self, request: Request) -> Response:
        """Register a lesion of a patient."""
        return self.created(LesionOut, register_lesion(actor=request.user, **self.checked()))


class Lesion(Endpoint):
    acts = {"GET": "view_patients"}
    shapes = {"GET": LesionOut}

    def get(self, request: Request, lesion: UUID) -> Response:
        found = self.find(visible_lesions, lesion)
        record_view(actor=request.user, action=Action.LESION_VIEWED, about=found)
        return self.shown(LesionOut, found)
