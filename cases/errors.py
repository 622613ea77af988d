"""What the clinic refuses, each with a sentence that a person can act on. No HTTP here."""

from collections.abc import Iterable, Mapping
from typing import Any


class DomainError(Exception):
    """A rule of the clinic was not met. `str(error)` is the sentence for the person."""


class InvalidInput(DomainError):
    """A field is missing or wrong. `errors` maps each field to its sentences."""

    def __init__(self, errors: Mapping[str, str | list[str]]) -> None:
        self.errors = {field: [text] if isinstance(text, str) else list(text) for field, text in errors.items()}
        super().__init__(" ".join(sentence for sentences in self.errors.values() for sentence in sentences))


class NotFound(DomainError):
    """It does not exist, or not for this person: the two must look the same from outside."""


class Forbidden(DomainError):
    """The object is the person's to see, but the act belongs to another role."""


class Veiled(Forbidden):
    """The image is shown to those only who ask for it, and this person has not, or not lately."""


class Conflict(DomainError):
    """The act collides with what is already there.

    `existing` is that object, `current` its state and `legal` the states it may take, where each applies.
    """

    def __init__(self, sentence: str, *, existing: Any = None, current: str = "", legal: Iterable[str] = ()) -> None:
        super().__init__(sentence)
        self.existing, self.current, self.legal = existing, str(current), tuple(str(state) for state in legal)


class IllegalTransition(Conflict):
    """The state does not allow the move; the sentence names those that it does allow."""

    def __init__(self, noun: str, current: str, target: str, legal: Iterable[str]) -> None:
        states = tuple(str(state) for state in legal)
        moves = f"from here it can only become {', '.join(states)}" if states else "that is final"
        super().__init__(
            f"This {noun} is {current} and cannot become {target}: {moves}.", current=current, legal=states
        )


class FiledElsewhere(Conflict):
    """The picture is filed under another patient of the clinic; with a typed reason it is taken all the same."""


class OffsetMismatch(Conflict):
    """A part of a file that does not begin where the last one ended; `offset` is where it has to."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"So far {offset} bytes of this file are here: go on from there.")
        self.offset = offset


class StorageUnavailable(DomainError):
    """The disk took no more; nothing was kept, and the same act works again once there is room."""
