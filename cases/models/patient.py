import secrets
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower

from cases.models.base import Record, one_of
from cases.models.clinic import Clinic
from cases.names import FoldedField, fold
from cases.vocabulary import Answer, Sex, SkinType

HEAD = 3  # letters that a name is looked up by
_PART = 3  # letters at least that are looked for inside of a name; fewer have to be its beginning, if they stand alone


def new_pseudonym() -> str:
    """The patient's outward name: random, so that it says nothing and cannot be computed from anything."""
    return f"P-{secrets.token_hex(4)}"


class PatientQuerySet(models.QuerySet):
    def of_clinic(self, clinic):
        return self.filter(clinic=clinic)

    def with_identifier(self, identifier: str):
        """In upper or lower case; asked as the unique constraint asks, by its index."""
        return self.alias(identifier_key=Lower("identifier")).filter(identifier_key=Lower(Value(identifier)))

    def with_pseudonym(self, words: str):
        return self.filter(pseudonym_holds(words.strip()))

    def matching(self, words: str):
        """Patients whose pseudonym, identifier or names hold every word; accents and case make no difference.

        Each way to be known has an index: one without would have every patient read. So one word has to be long, or
        the first one begin a name. The others may be short and anywhere: "de" in "Garcia de Leon", kept as one word.
        """
        found = self.alias(identifier_key=Lower("identifier"))
        names = [fold(word) for word in words.split()]
        begins = all(len(name) < _PART for name in names)
        for word, name in zip(words.split(), names, strict=True):
            known = pseudonym_holds(word) | Q(identifier_key=Lower(Value(word)))
            found = found.filter(known | _name_holds(name, begins=begins) if name else known)
            begins = begins and not name
        return found


def _name_holds(name: str, *, begins: bool) -> Q:
    part = "startswith" if begins else "contains"
    return Q(**{f"given_key__{part}": name}) | Q(**{f"family_key__{part}": name})


def pseudonym_holds(word: str) -> Q:
    return Q(pseudonym__icontains=word) if len(word) >= _PART else Q(pseudonym__istartswith=word)


class Patient(Record):
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="patients")
    pseudonym = models.CharField(max_length=10, unique=True, default=new_pseudonym, editable=False)
    identifier = models.CharField(max_length=64)
    given_name = models.CharField(max_length=100)
    family_name = models.CharField(max_length=100)
    # As they are searched and compared.
    given_key = FoldedField(of="given_name", max_length=200)
    family_key = FoldedField(of="family_name", max_length=200)
    family_head = FoldedField(of="family_name", first=HEAD, max_length=HEAD)
    # NULL: unknown.
    birth_date = models.DateField(null=True, blank=True)
    sex = models.CharField(max_length=10, choices=Sex, default=Sex.UNKNOWN)
    skin_type = models.CharField(max_length=10, choices=SkinType, default=SkinType.UNKNOWN)
    personal_melanoma = models.CharField(max_length=10, choices=Answer, default=Answer.UNKNOWN)
    family_melanoma = models.CharField(max_length=10, choices=Answer, default=Answer.UNKNOWN)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="patients_created")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PatientQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            # "A1" and "a1" are one number: people type it either way.
            models.UniqueConstraint("clinic", Lower("identifier"), name="patient_identifier_once_per_clinic"),
            models.CheckConstraint(condition=~Q(identifier=""), name="patient_identifier_given"),
            one_of("sex", Sex, name="patient_sex_known"),
            one_of("skin_type", SkinType, name="patient_skin_type_known"),
            one_of("personal_melanoma", Answer, name="patient_personal_melanoma_known"),
            one_of("family_melanoma", Answer, name="patient_family_melanoma_known"),
        ]
        indexes = [
            models.Index(fields=["clinic", "-created_at", "id"], name="patient_by_clinic"),
            models.Index(fields=["clinic", "birth_date"], name="patient_by_birth_date"),
            models.Index(fields=["clinic", "family_head"], name="patient_by_family_name"),
        ]

    def __str__(self) -> str:
        return self.pseudonym

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    def age_on(self, day: date) -> int | None:
        """Whole years on that day; None when the birth date is unknown."""
        if self.birth_date is None:
            return None
        before_birthday = (day.month, day.day) < (self.birth_date.month, self.birth_date.day)
        return max(day.year - self.birth_date.year - before_birthday, 0)
