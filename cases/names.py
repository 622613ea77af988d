"""Names as they are compared: "José", "JOSE" and "Jose" are one, and so are "O'Brien" and "Obrien"."""

import unicodedata
from typing import Any, Final

from django.db import models

# Letters that no decomposition takes apart.
_PLAIN: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def fold(name: str) -> str:
    """Letters and digits alone, in lower case and without marks."""
    apart = unicodedata.normalize("NFKD", name.casefold()).translate(_PLAIN)
    return "".join(letter for letter in apart if letter.isalnum())


class FoldedField(models.CharField):
    """Another field of the row as it is compared, or only how that begins. Whoever saves the row saves it right."""

    def __init__(self, *, of: str, first: int | None = None, **kwargs: Any) -> None:
        self.of, self.first = of, first
        super().__init__(**{"editable": False, "blank": True, "default": "", **kwargs})

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of, **({"first": self.first} if self.first else {})}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:  # noqa: FBT001  Django's signature
        value = fold(getattr(model_instance, self.of))[: self.first or self.max_length]
        setattr(model_instance, self.attname, value)
        return value
