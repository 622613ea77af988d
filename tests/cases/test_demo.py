"""The demo clinic: the same at every start, filed through the same services as everything else."""

import csv
import json
import re
from collections import Counter
from datetime import date
from hashlib import sha256

import pytest

from cases import workflows
from cases.demo.clinic import ensure_demo_clinic, ensure_model, logins_file
from cases.demo.day import GENERATED, cases_of_the_day, identifier_of
from cases.demo.filing import years_ago
from cases.demo.loading import load_day, load_ham10000
from cases.errors import InvalidInput, NotFound
from cases.models import Analysis, AuditEvent, Case, Clinic, LesionImage, ModelVersion, Patient, User
from cases.pictures import clean_picture
from cases.selectors.audit import verify_chain
from cases.services.analyses import perform_analysis
from cases.services.model_registry import activate_model
from inference.vocabulary import DIAGNOSES, DIAGNOSIS_NAMES
from tests.bundles import build_tiny_bundle
from tests.drawings import jpeg

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 1)


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path, media, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr("cases.workflows.publish_analysis", lambda _: True)
    return tmp_path


def test_the_same_logins_at_every_start(data_folder):
    clinic, logins = ensure_demo_clinic()
    assert ensure_demo_clinic() == (clinic, logins)
    assert json.loads((data_folder / "demo-logins.json").read_text()) == logins
    assert set(logins) == {"staff", "dermatologist", "admin"}
    assert logins_file().stat().st_mode & 0o777 == 0o600
    for role, login in logins.items():
        user = User.objects.get(username=login["username"])
        assert user.check_password(login["password"])
        assert (user.role, user.clinic) == (role, clinic)
    assert len({login["password"] for login in logins.values()}) == 3
    assert clinic.is_demo


def test_a_lost_file_gives_new_passwords_that_work():
    _, before = ensure_demo_clinic()
    logins_file().unlink()
    _, after = ensure_demo_clinic()
    assert after["staff"] != before["staff"]
    assert User.objects.get(username="demo-staff").check_password(after["staff"]["password"])


def test_a_lost_database_keeps_the_passwords_of_the_file(data_folder):
    kept = {
        role: {"username": f"demo-{role}", "password": f"kept-{role}-0123456789"}
        for role in ("staff", "dermatologist", "admin")
    }
    logins_file().write_text(json.dumps(kept))
    assert ensure_demo_clinic()[1] == kept
    assert User.objects.get(username="demo-admin").check_password(kept["admin"]["password"])


def test_a_day_of_invented_people_with_generated_pictures():
    clinic, _ = ensure_demo_clinic()
    assert load_day(clinic) == 43
    assert load_day(clinic) == 0
    assert all(patient.identifier.startswith("INVENTED-") for patient in Patient.objects.all())
    assert set(LesionImage.objects.values_list("image_manipulation", flat=True)) == {"synthetic"}
    assert verify_chain(clinic).ok


def test_a_start_that_broke_off_is_gone_on_with_and_leaves_no_patient_without_a_case(monkeypatch):
    clinic, _ = ensure_demo_clinic()
    submit, filed = workflows.submit_case, []

    def killed_at_the_third(**given):
        if len(filed) == 2:
            raise KeyboardInterrupt
        filed.append(given["case"])
        return submit(**given)

    with monkeypatch.context() as broken:
        broken.setattr(workflows, "submit_case", killed_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            load_day(clinic)
    assert Patient.objects.count() == Case.objects.exclude(state="draft").count() == 2
    assert load_day(clinic) == 41


def test_a_short_day_has_those_of_its_story():
    clinic, _ = ensure_demo_clinic()
    assert load_day(clinic, count=10) == 10
    filed = set(Patient.objects.values_list("identifier", flat=True))
    assert {identifier_of("read otherwise"), identifier_of("another image")} < filed


def test_a_clinic_with_patients_of_its_own_gets_no_invented_ones(ham10000):
    clinic, _ = ensure_demo_clinic()
    load_ham10000(clinic, ham10000, count=1)
    assert load_day(clinic) == 0


def test_the_day_is_the_same_at_every_start():
    first, again = ([(case.identifier, case.picture) for case in cases_of_the_day(TODAY)] for _ in range(2))
    assert first == again
    assert len({picture for _, picture in first}) == 43


def test_the_shipped_pictures_are_what_their_manifest_says_and_small():
    rows = json.loads((GENERATED / "manifest.json").read_text())["images"]
    assert Counter(row["diagnosis"] for row in rows) == dict.fromkeys(DIAGNOSES, 6)
    assert {row["image"] for row in rows} == {path.name for path in GENERATED.glob("*.jpg")}
    for row in rows:
        data = (GENERATED / row["image"]).read_bytes()
        assert len(data) <= 40_000
        assert sha256(data).hexdigest() == row["sha256"]
        assert row["image_manipulation"] == "synthetic"
        assert row["scores"]["copy"] == 0, "no photograph of a patient is shipped"
        assert row["generator"]
        assert len(row["weights_sha256"]) >= 64
        assert "CC BY-NC 4.0" in row["licence"]


def test_nothing_that_a_picture_was_drawn_as_reaches_the_clinic():
    clinic, _ = ensure_demo_clinic()
    load_day(clinic)
    reasons = " ".join(case.reason for case in Case.objects.all()).lower()
    told = reasons + " ".join(str(event.payload) for event in AuditEvent.objects.all()).lower()
    assert not [name for name in DIAGNOSIS_NAMES.values() if name.lower() in told]
    assert not set(DIAGNOSES) & set(re.findall(r"[a-z]+", reasons))


def test_the_network_reads_the_day_and_refuses_what_no_network_could_judge(settings, tmp_path):
    settings.MODELS_DIR = tmp_path / "models"
    build_tiny_bundle(settings.MODELS_DIR / "tiny-0.0")
    clinic, _ = ensure_demo_clinic()
    assert ensure_model(clinic).stage == "active"
    load_day(clinic)
    for pk in Analysis.objects.values_list("pk", flat=True):
        perform_analysis(pk)
    refused = Analysis.objects.filter(abstain_reason="low_quality")
    assert "Demir" in {analysis.image.case.patient.family_name for analysis in refused}, "the dark one"


def test_a_new_bundle_takes_over_and_a_rollback_stays(settings, tmp_path):
    settings.MODELS_DIR = tmp_path / "models"
    clinic, _ = ensure_demo_clinic()
    with pytest.raises(NotFound):
        ensure_model(clinic)
    build_tiny_bundle(settings.MODELS_DIR / "tiny-0.1", seed=1)
    first = ensure_model(clinic)
    build_tiny_bundle(settings.MODELS_DIR / "tiny-0.2", seed=2, changes={"created": "2026-01-01T00:00:00+00:00"})
    assert ensure_model(clinic).version == "0.2"
    activate_model(model_version=ModelVersion.objects.get(pk=first.pk))
    assert ensure_model(clinic) == first


@pytest.fixture
def ham10000(tmp_path):
    """A folder of the original's layout with drawn pictures."""
    folder = tmp_path / "ham"
    rows = []
    for number, (lesion, dx, age, sex, site) in enumerate(
        [
            ("HAM_1", "nv", "45.0", "male", "back"),
            ("HAM_1", "nv", "45.0", "male", "back"),
            ("HAM_2", "nv", "", "unknown", "unknown"),
            ("HAM_3", "mel", "70.0", "female", "scalp"),
            ("HAM_4", "vasc", "0.0", "female", "foot"),
        ]
    ):
        part = folder / f"HAM10000_images_part_{number % 2 + 1}"
        part.mkdir(parents=True, exist_ok=True)
        (part / f"ISIC_000000{number}.jpg").write_bytes(jpeg(number))
        rows.append([lesion, f"ISIC_000000{number}", dx, "histo", age, sex, site, "drawn"])
    with (folder / "HAM10000_metadata.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization", "dataset"])
        writer.writerows(rows)
    return folder


def test_real_cases_come_with_their_metadata_and_without_their_answer(ham10000):
    clinic, _ = ensure_demo_clinic()
    assert load_ham10000(clinic, ham10000, count=3) == 3
    assert {patient.identifier for patient in Patient.objects.all()} == {"HAM_3", "HAM_4"} | {
        identifier for identifier in ("HAM_1", "HAM_2") if Patient.objects.filter(identifier=identifier).exists()
    }
    assert load_ham10000(clinic, ham10000, count=60) == 1
    assert load_ham10000(clinic, ham10000, count=60) == 0
    melanoma = Patient.objects.get(identifier="HAM_3")
    case = melanoma.cases.get()
    assert (melanoma.sex, melanoma.lesions.get().site, case.state) == ("female", "scalp", "ready")
    assert melanoma.age_on(date.today()) == 70  # noqa: DTZ011  the day of the computer that loads
    unknown = Patient.objects.get(identifier="HAM_2")
    assert (unknown.birth_date, unknown.sex, unknown.lesions.get().site) == (None, "unknown", "unknown")
    told = f"{case.reason} {melanoma.given_name} {melanoma.family_name}"
    assert "mel" not in told.lower().split()


def test_pictures_that_the_network_has_not_learned_come_first(ham10000, settings, tmp_path):
    settings.MODELS_DIR = tmp_path / "models"
    build_tiny_bundle(settings.MODELS_DIR / "tiny-0.0")
    clinic, _ = ensure_demo_clinic()
    model = ensure_model(clinic)
    for unseen in ("ISIC_0000003", "ISIC_0000004"):
        model.manifest["training_data"]["test_images"] = [unseen]
        model.save(update_fields=["manifest"])
        assert load_ham10000(clinic, ham10000, count=1) == 1
        assert Case.objects.filter(reason__contains=unseen).exists()


def test_a_folder_without_ham10000_is_refused_in_words(tmp_path):
    clinic, _ = ensure_demo_clinic()
    with pytest.raises(InvalidInput, match="HAM10000_metadata"):
        load_ham10000(clinic, tmp_path, count=3)
    assert not Patient.objects.exists()


@pytest.mark.parametrize("age", [0, 1, 45, 85])
@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 6, 15), date(2026, 12, 31), date(2028, 2, 29)])
def test_a_birth_date_gives_its_age(age, day):
    assert Patient(birth_date=years_ago(age, day)).age_on(day) == age
    assert years_ago(None, day) is None


def test_every_picture_of_the_day_is_one_that_uploads_take():
    for case in cases_of_the_day(TODAY):
        assert clean_picture(case.picture).width == 512
    assert Clinic.objects.count() == 0
