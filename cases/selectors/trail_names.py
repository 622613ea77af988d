"""What the things in the trail are called: by name where the reader may see them, else by kind and id."""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from django.db.models import Model, QuerySet

from cases import permissions
from cases.models import AuditEvent, User


class _Kind(NamedTuple):
    """`of` are the related rows that `name` reads."""

    word: str
    visible: Callable[[User], QuerySet[Any]] | None = None
    name: Callable[[Any], str] = str
    of: tuple[str, ...] = ()


_KINDS: Final = {
    "clinic": _Kind(""),
    "user": _Kind("Login", permissions.visible_users, lambda user: user.username),
    "patient": _Kind("Patient", permissions.visible_patients),
    "lesion": _Kind(
        "Lesion", permissions.visible_lesions, lambda lesion: f"{lesion} of {lesion.patient}", ("patient",)
    ),
    "case": _Kind("Case", permissions.visible_cases, lambda case: f"{case} of {case.patient}", ("patient",)),
    "lesionimage": _Kind(
        "Image", permissions.visible_images, lambda image: f"{short(image)} of {image.case.patient}", ("case__patient",)
    ),
    "analysis": _Kind(
        "Analysis",
        permissions.visible_analyses,
        lambda analysis: f"{short(analysis)} of {analysis.case.patient}",
        ("image__case__patient",),
    ),
    "read": _Kind(
        "Read", permissions.visible_reads, lambda read: f"{short(read)} of {read.case.patient}", ("case__patient",)
    ),
    "modelversion": _Kind("Model", permissions.visible_model_versions),
    "auditreport": _Kind("Report"),
    "upload": _Kind("Upload"),
}


def short(thing: Model | str) -> str:
    """As much of an id as a person compares."""
    return str(thing if isinstance(thing, str) else thing.pk)[:8]


def objects_named(user: User, events: Iterable[AuditEvent]) -> list[AuditEvent]:
    """The same events, each with `object_name`; one query for each kind of thing, however many events there are."""
    events = list(events)
    ids: dict[str, set[str]] = {}
    for event in events:
        ids.setdefault(event.object_type, set()).add(event.object_id)
    names = {key: name for kind, wanted in ids.items() for key, name in _names(user, kind, wanted).items()}
    for event in events:
        word = _KINDS[event.object_type].word if event.object_type in _KINDS else event.object_type.capitalize()
        event.object_name = f"{word} {names.get(event.object_id) or short(event.object_id)}".strip()  # type: ignore[attr-defined]
    return events


def _names(user: User, object_type: str, ids: set[str]) -> dict[str, str]:
    if object_type == "clinic":
        return {str(user.clinic.pk): user.clinic.name}
    kind = _KINDS.get(object_type)
    if kind is None or kind.visible is None:
        return {}
    found = kind.visible(user).filter(pk__in=ids).select_related(*kind.of)
    return {str(thing.pk): kind.name(thing) for thing in found}
