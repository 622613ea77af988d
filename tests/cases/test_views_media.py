"""Pictures and heat as bytes: sealed, private, and nameless."""

import json

import pytest
from django.urls import reverse

from cases.models import AuditEvent
from tests.factories import AnalysisFactory, ExplanationFactory, LesionImageFactory, PredictionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(north):
    return LesionImageFactory(case__patient__clinic=north.clinic, case__ready=True)


@pytest.mark.parametrize(("name", "field"), [("picture", "file"), ("thumbnail", "thumbnail")])
def test_the_stored_bytes_come_sealed(client_for, north, image, name, field):
    answer = client_for(north.dermatologist).get(reverse(f"cases:{name}", args=[image.pk]))
    with getattr(image, field).open("rb") as stored:
        assert b"".join(answer.streaming_content) == stored.read()
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, no-store"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_the_file_name_says_nothing_of_the_patient(client_for, north, image):
    answer = client_for(north.dermatologist).get(reverse("cases:picture", args=[image.pk]))
    list(answer.streaming_content)  # read to its end, which closes the file behind it
    patient = image.case.patient
    for secret in (patient.identifier, patient.family_name, patient.pseudonym):
        assert secret not in answer.get("Content-Disposition", "")


def test_looking_at_a_picture_is_an_event_and_its_thumbnail_in_a_list_is_none(client_for, north, image):
    client = client_for(north.dermatologist)
    list(client.get(reverse("cases:thumbnail", args=[image.pk])).streaming_content)
    assert not AuditEvent.objects.about(image.pk).filter(action="image_viewed").exists()
    list(client.get(reverse("cases:picture", args=[image.pk])).streaming_content)
    assert AuditEvent.objects.about(image.pk).get(action="image_viewed").actor == north.dermatologist


def test_a_missing_file_is_told_without_its_path(client_for, north, image):
    image.file.storage.delete(image.file.name)
    answer = client_for(north.dermatologist).get(reverse("cases:picture", args=[image.pk]))
    assert answer.status_code == 404
    assert "missing" in answer.content.decode()
    assert image.file.name not in answer.content.decode()


def test_heat_holds_each_grid_under_its_own_diagnosis(client_for, north, image):
    labels = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
    raw = b"".join(bytes([place]) * 108 for place in range(7))
    analysis = AnalysisFactory(image=image, succeeded=True)
    PredictionFactory(analysis=analysis)
    ExplanationFactory(analysis=analysis, labels=labels, heatmaps=raw)
    answer = client_for(north.dermatologist).get(reverse("cases:heat", args=[analysis.pk]))
    heat = json.loads(answer.content)
    assert heat["grids"]["mel"] == [4] * 108
    assert heat["grids"]["nv"] == [5] * 108
    assert (heat["rows"], heat["columns"]) == (9, 12)
    assert heat["geometry"]["box"] == [0, 0, image.width, image.height]
    assert answer["Cache-Control"] == "private, no-store"


def test_what_an_abstention_looked_at_is_not_shown(client_for, north, image):
    analysis = AnalysisFactory(image=image, abstained=True)
    PredictionFactory(analysis=analysis)
    ExplanationFactory(analysis=analysis)
    answer = client_for(north.dermatologist).get(reverse("cases:heat", args=[analysis.pk]))
    assert answer.status_code == 404
    assert "no answer" in answer.content.decode()


def test_an_analysis_without_an_explanation_has_no_heat(client_for, north, image):
    analysis = AnalysisFactory(image=image, failed=True)
    assert client_for(north.dermatologist).get(reverse("cases:heat", args=[analysis.pk])).status_code == 404
