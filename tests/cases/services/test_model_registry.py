"""Model versions: registered by content, staged by their own stored answers, one active at a time."""

import json

import pytest
from django.db import IntegrityError, transaction

from cases.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from cases.models import AuditEvent, ModelVersion
from cases.services import model_registry
from tests.bundles import build_tiny_bundle
from tests.factories import ModelVersionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def register(north, tmp_path):
    def act(seed, **changes):
        path = tmp_path / f"tiny-{seed}"
        build_tiny_bundle(path, seed=seed, **changes)
        return model_registry.register_model(clinic=north.clinic, bundle=str(path))

    return act


def staged(model_version):
    return model_registry.stage_model(model_version=model_version)


def test_a_bundle_is_known_by_its_content(north, tiny_bundle):
    first = model_registry.register_model(clinic=north.clinic, bundle=str(tiny_bundle.path))
    again = model_registry.register_model(clinic=north.clinic, bundle=str(tiny_bundle.path))
    assert first == again
    assert (first.stage, first.sha256, first.name) == ("draft", tiny_bundle.sha256, "tiny")
    assert first.flag_threshold == 0.3
    assert first.card.startswith("# Tiny test model")


def test_the_same_version_with_other_content_is_a_conflict(north, register, tmp_path):
    known = register(1)
    build_tiny_bundle(tmp_path / "other", seed=1, changes={"licence": "none"})
    with pytest.raises(Conflict, match="new version") as refusal:
        model_registry.register_model(clinic=north.clinic, bundle=str(tmp_path / "other"))
    assert refusal.value.existing == known


@pytest.mark.parametrize("harm", ["missing", "altered"])
def test_a_bundle_that_does_not_verify_is_not_registered(north, tmp_path, harm):
    path = tmp_path / "bundle"
    if harm == "altered":
        build_tiny_bundle(path)
        manifest = json.loads((path / "manifest.json").read_text())
        manifest["files"]["model.onnx"]["sha256"] = "0" * 64
        (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InvalidInput) as refusal:
        model_registry.register_model(clinic=north.clinic, bundle=str(path))
    assert "bundle" in refusal.value.errors
    assert not ModelVersion.objects.exists()


def test_a_bundle_that_answers_otherwise_stays_a_draft(north, register):
    wrong = [
        {"seed": 1, "metadata": {}, "logits": dict.fromkeys(("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"), 9.0)}
    ]
    model_version = register(1, changes={"self_check": wrong})
    with pytest.raises(InvalidInput):
        staged(model_version)
    model_version.refresh_from_db()
    assert model_version.stage == "draft"


def test_activation_retires_the_one_before_and_rollback_brings_it_back(north, register):
    first, second = staged(register(1)), staged(register(2))
    model_registry.activate_model(model_version=first, actor=north.admin)
    model_registry.activate_model(model_version=second, actor=north.admin)
    stages = dict(ModelVersion.objects.values_list("version", "stage"))
    assert stages == {"0.1": "retired", "0.2": "active"}
    model_registry.activate_model(model_version=first, actor=north.admin)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.stage, second.stage, first.retired_at) == ("active", "retired", None)
    moves = [
        (event.payload["from"], event.payload["to"])
        for event in AuditEvent.objects.filter(action="model_staged", actor=north.admin).order_by("seq")
    ]
    assert moves == [
        ("shadow", "active"), ("active", "retired"), ("shadow", "active"), ("active", "retired"), ("retired", "active"),
    ]  # fmt: skip


def test_a_draft_is_not_activated(north, register):
    with pytest.raises(IllegalTransition, match="shadow"):
        model_registry.activate_model(model_version=register(1), actor=north.admin)


def _measured(model_version, *, melanoma=0.8, malignant=0.8):
    """The version as it would be had its bundle stated these sensitivities; None: it states none for melanoma."""
    table = model_version.thresholds
    table["malignancy"]["sensitivity"] = {"low": malignant, "value": malignant, "high": malignant}
    del table["melanoma_sensitivity"]
    if melanoma is not None:
        table["melanoma_sensitivity"] = {"low": melanoma, "value": melanoma, "high": melanoma}
    model_version.save()
    return model_version


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        ({"melanoma": 0.799}, "It flags 79.9% of melanomas at its own threshold; the floor is 80%."),
        ({"malignant": 0.5}, "It flags 50.0% of malignant lesions at its own threshold; the floor is 80%."),
        ({"melanoma": None}, "Its bundle does not say what share of melanomas it flags; the floor is 80%."),
    ],
)
def test_a_model_below_a_floor_is_not_activated(north, active_model, register, stated, sentence):
    model_version = _measured(staged(register(1)), **stated)
    with pytest.raises(Conflict) as refusal:
        model_registry.activate_model(model_version=model_version, actor=north.admin)
    assert str(refusal.value) == f"tiny 0.1 cannot be activated. {sentence}"
    model_version.refresh_from_db()
    active_model.refresh_from_db()
    assert (model_version.stage, active_model.stage) == ("shadow", "active")  # the one before goes on answering


def test_a_rollback_goes_through_the_same_gate(north, register, settings):
    first, second = staged(register(1)), staged(register(2))
    model_registry.activate_model(model_version=first, actor=north.admin)
    model_registry.activate_model(model_version=second, actor=north.admin)
    settings.MELANOMA_SENSITIVITY_FLOOR = 0.9
    with pytest.raises(Conflict, match="the floor is 90%"):
        model_registry.activate_model(model_version=first, actor=north.admin)


def test_a_clinic_may_set_its_own_floors(north, register, settings):
    settings.MELANOMA_SENSITIVITY_FLOOR = settings.MALIGNANT_SENSITIVITY_FLOOR = 0.3
    model_version = _measured(staged(register(1)), melanoma=0.3, malignant=0.3)
    assert model_registry.activate_model(model_version=model_version, actor=north.admin).stage == "active"


def test_activation_is_the_admins_of_the_clinic(north, south, register):
    model_version = staged(register(1))
    with pytest.raises(Forbidden):
        model_registry.activate_model(model_version=model_version, actor=north.dermatologist)
    with pytest.raises(NotFound):
        model_registry.activate_model(model_version=model_version, actor=south.admin)


def test_the_database_knows_one_active_version_per_clinic(north, south):
    ModelVersionFactory(clinic=north.clinic, stage="active")
    ModelVersionFactory(clinic=south.clinic, stage="active")
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersionFactory(clinic=north.clinic, stage="active")


def test_the_newest_shipped_bundle_is_chosen(tmp_path):
    build_tiny_bundle(tmp_path / "old", seed=1)
    build_tiny_bundle(tmp_path / "new", seed=2, changes={"created": "2026-01-01T00:00:00+00:00"})
    assert model_registry.shipped_bundle(tmp_path) == "new"
    assert model_registry.shipped_bundle(tmp_path, "old") == "old"
    with pytest.raises(NotFound):
        model_registry.shipped_bundle(tmp_path / "new")
