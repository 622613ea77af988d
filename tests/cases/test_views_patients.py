"""The register: list, search, new entry, one patient."""

import re

import pytest
from django.urls import reverse

from cases.models import AuditEvent, Patient
from tests.factories import CaseFactory, LesionImageFactory, PatientFactory

pytestmark = pytest.mark.django_db

FORM = {
    "identifier": "MRN-1",
    "given_name": "Ada",
    "family_name": "Example",
    "birth_date": "1958-04-12",
    "sex": "female",
    "skin_type": "II",
    "personal_melanoma": "no",
    "family_melanoma": "unknown",
}


def find(client, words, **headers):
    return client.post(reverse("cases:find_patients"), {"words": words}, headers=headers).content.decode()


@pytest.fixture
def ingrid(north):
    return PatientFactory(clinic=north.clinic, identifier="MRN-4711", given_name="Ingrid", family_name="Halvorsen")


def test_the_register_shows_the_newest_first_with_what_is_open(north, client_for):
    older = PatientFactory(clinic=north.clinic)
    newer = PatientFactory(clinic=north.clinic)
    CaseFactory(patient=older)
    CaseFactory(patient=older, state="cancelled")
    page = client_for(north.staff).get(reverse("cases:patients")).content.decode()
    assert page.index(newer.pseudonym) < page.index(older.pseudonym)
    row = re.search(rf"{older.pseudonym}.*?</tr>", page, re.DOTALL)[0]
    assert re.search(r'data-label="Open cases">1<', row)


def test_the_register_is_paged(north, client_for):
    PatientFactory.create_batch(26, clinic=north.clinic)
    client = client_for(north.staff)
    first = client.get(reverse("cases:patients")).content.decode()
    second = client.get(reverse("cases:patients"), {"page": 2}).content.decode()
    pseudonyms = re.compile(r"P-[0-9a-f]{8}(?=</a>)")
    assert len(pseudonyms.findall(first)) == 25
    assert len(pseudonyms.findall(second)) == 1
    assert not set(pseudonyms.findall(first)) & set(pseudonyms.findall(second))


@pytest.mark.parametrize("words", ["MRN-4711", "halvor", "ingrid halv"])
def test_care_staff_find_by_identifier_and_name(north, ingrid, client_for, words):
    PatientFactory(clinic=north.clinic)
    page = find(client_for(north.staff), words)
    assert re.findall(r"P-[0-9a-f]{8}(?=</a>)", page) == [ingrid.pseudonym]


@pytest.mark.parametrize("words", ["Jose", "JOSÉ", "nunez", "núñ jos", "Jose\u0301"])
def test_accents_and_case_make_no_difference_to_the_search(north, ingrid, client_for, words):
    jose = PatientFactory(clinic=north.clinic, given_name="José", family_name="Núñez")
    assert re.findall(r"P-[0-9a-f]{8}(?=</a>)", find(client_for(north.staff), words)) == [jose.pseudonym]


def likely(client, **typed):
    return client.post(reverse("cases:likely_patients"), typed, headers={"HX-Request": "true"})


def test_while_an_entry_is_typed_whoever_is_likely_is_named_with_the_reason(north, ingrid, client_for):
    answer = likely(client_for(north.staff), identifier="mrn-4711", given_name="", family_name="", birth_date="")
    piece = answer.content.decode()
    assert f'href="{reverse("cases:patient", args=[ingrid.pk])}"' in piece
    assert "Same identifier" in piece
    assert "Ingrid Halvorsen" in piece
    assert "<html" not in piece
    assert "no-store" in answer["Cache-Control"]
    assert AuditEvent.objects.get(action="patients_listed").payload == {"patients": 1}


def test_a_date_that_is_not_whole_yet_does_not_keep_the_rest_from_being_looked_for(north, ingrid, client_for):
    assert "Name begins alike" in likely(client_for(north.staff), family_name="halv", birth_date="19").content.decode()


def test_as_long_as_too_little_is_typed_nothing_is_said_and_nothing_is_told_to_the_trail(north, ingrid, client_for):
    assert likely(client_for(north.staff), family_name="ha").content.strip() == b""
    assert not AuditEvent.objects.filter(action="patients_listed").exists()


def test_that_nobody_is_likely_is_said_and_is_a_look_at_the_register_too(north, ingrid, client_for):
    assert "Nobody in your register" in likely(client_for(north.staff), family_name="Quirke").content.decode()
    assert AuditEvent.objects.get(action="patients_listed").payload == {"patients": 0}


def test_another_clinics_patients_are_never_likely(ingrid, south, client_for):
    assert ingrid.pseudonym not in likely(client_for(south.staff), identifier="MRN-4711").content.decode()


def test_the_page_asks_by_post_and_only_where_somebody_new_is_registered(north, ingrid, client_for):
    client = client_for(north.staff)
    assert (
        f'hx-post="{reverse("cases:likely_patients")}"'
        in client.get(reverse("cases:register_patient")).content.decode()
    )
    correcting = client.get(reverse("cases:correct_patient", args=[ingrid.pk])).content.decode()
    assert reverse("cases:likely_patients") not in correcting
    assert client.get(reverse("cases:likely_patients"), {"family_name": "halvorsen"}).status_code == 405


def test_everybody_finds_by_a_part_of_the_pseudonym(north, ingrid, client_for):
    assert ingrid.pseudonym in find(client_for(north.admin), ingrid.pseudonym[2:7])


@pytest.mark.parametrize("words", ["MRN-4711", "halvorsen"])
def test_an_admin_cannot_find_out_who_a_pseudonym_is(north, ingrid, client_for, words):
    client = client_for(north.admin)
    assert ingrid.pseudonym not in find(client, words)
    shown = client.get(reverse("cases:patient", args=[ingrid.pk])).content.decode()
    assert "Halvorsen" not in shown
    assert "MRN-4711" not in shown
    assert "1958" not in shown


def test_another_clinic_finds_nobody(ingrid, south, client_for):
    page = find(client_for(south.staff), "halvorsen")
    assert ingrid.pseudonym not in page
    assert "Nobody in your clinic matches" in page


def test_words_of_a_search_never_reach_an_address(north, client_for):
    client = client_for(north.staff)
    assert client.get(reverse("cases:find_patients"), {"words": "halvorsen"}).status_code == 405
    page = find(client, "halvorsen")
    assert not re.search(r'(?:href|action|hx-[a-z]+)="[^"]*halvorsen', page, re.IGNORECASE)


def test_a_search_as_one_types_answers_with_the_rows_only(north, ingrid, client_for):
    piece = find(client_for(north.staff), "halvorsen", **{"HX-Request": "true"})
    assert ingrid.pseudonym in piece
    assert "<html" not in piece
    assert ingrid.pseudonym in find(client_for(north.staff), " ", **{"HX-Request": "true"})


def test_registering_gives_a_pseudonym_and_goes_on_to_the_case(north, client_for):
    answer = client_for(north.staff).post(reverse("cases:register_patient"), FORM)
    patient = Patient.objects.get(identifier="MRN-1")
    assert answer["Location"] == reverse("cases:patient", args=[patient.pk])
    assert (patient.clinic, patient.personal_melanoma, patient.family_melanoma) == (north.clinic, "no", "unknown")


def test_a_known_identifier_leads_to_the_patient_who_has_it(north, ingrid, client_for):
    answer = client_for(north.staff).post(reverse("cases:register_patient"), FORM | {"identifier": "MRN-4711"})
    assert answer.status_code == 409
    assert f'href="{reverse("cases:patient", args=[ingrid.pk])}"' in answer.content.decode()
    assert Patient.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("identifier", "", "This field is required."),
        ("birth_date", "2999-01-01", "This lies in the future."),
        ("birth_date", "31 May", "Enter a valid date."),
        ("sex", "robot", "Select a valid choice."),
    ],
)
def test_a_wrong_field_is_told_at_the_field_and_the_rest_is_kept(north, client_for, field, value, words):
    answer = client_for(north.staff).post(reverse("cases:register_patient"), FORM | {field: value})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert re.search(rf'id="id_{field}_error_1">{words}', page)
    assert 'value="Example"' in page
    assert not Patient.objects.exists()


def test_nothing_answered_is_unknown_and_not_no(north, client_for):
    page = client_for(north.staff).get(reverse("cases:register_patient")).content.decode()
    assert re.findall(r'value="(\w+)"[^>]*checked', page) == ["unknown", "unknown"]


def test_the_patients_page_shows_lesions_with_images_and_cases(north, ingrid, client_for):
    image = LesionImageFactory(case__patient=ingrid)
    page = client_for(north.staff).get(reverse("cases:patient", args=[ingrid.pk])).content.decode()
    assert "L1" in page
    assert "back, left" in page
    assert reverse("cases:thumbnail", args=[image.pk]) in page
    assert reverse("cases:case", args=[image.case_id]) in page


def test_the_name_is_in_no_title_and_no_address(north, ingrid, client_for):
    LesionImageFactory(case__patient=ingrid)
    page = client_for(north.staff).get(reverse("cases:patient", args=[ingrid.pk])).content.decode()
    assert f"<title>{ingrid.pseudonym} " in page
    assert not re.search(r'(?:href|src|action)="[^"]*(?:Halvorsen|MRN-4711)', page)


def test_looking_is_an_event_of_the_trail(north, ingrid, client_for):
    client = client_for(north.staff)
    client.get(reverse("cases:patient", args=[ingrid.pk]))
    find(client, "halvorsen")
    viewed = AuditEvent.objects.get(action="patient_viewed")
    listed = AuditEvent.objects.get(action="patients_listed")
    assert (viewed.actor, viewed.object_id) == (north.staff, str(ingrid.pk))
    assert listed.payload == {"patients": 1}


def test_an_entry_is_corrected_on_its_own_page(north, ingrid, client_for):
    client = client_for(north.staff)
    where = reverse("cases:correct_patient", args=[ingrid.pk])
    assert where in client.get(reverse("cases:patient", args=[ingrid.pk])).content.decode()
    page = client.get(where).content.decode()
    assert 'value="1958-04-12"' in page
    assert 'value="Halvorsen"' in page
    answer = client.post(where, FORM | {"identifier": "MRN-4711", "birth_date": "1985-04-12"})
    assert answer["Location"] == reverse("cases:patient", args=[ingrid.pk])
    ingrid.refresh_from_db()
    assert (ingrid.birth_date.year, ingrid.family_name) == (1985, "Example")


def test_a_correction_is_refused_at_its_field_or_with_the_other_patient(north, ingrid, client_for):
    client = client_for(north.staff)
    where = reverse("cases:correct_patient", args=[ingrid.pk])
    old = client.post(where, FORM | {"birth_date": "1850-01-01"})
    assert old.status_code == 422
    assert re.search(r'id="id_birth_date_error_1">This is \d+ years ago', old.content.decode())
    other = PatientFactory(clinic=north.clinic)
    taken = client.post(where, FORM | {"identifier": other.identifier})
    assert taken.status_code == 409
    assert other.pseudonym in taken.content.decode()
