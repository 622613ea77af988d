"""What can go wrong, as errors that carry a sentence a person can act on."""

from collections.abc import Sequence
from typing import Literal

RefusalCode = Literal[
    "empty",
    "too_large_bytes",
    "not_an_image",
    "unsupported_format",
    "too_many_pixels",
    "animated",
    "truncated",
    "too_small",
]


class InferenceError(Exception):
    """Any error that this package raises on purpose."""


class ImageRefused(InferenceError):
    """The bytes are no picture that may be analysed.

    Attributes:
        code: a stable reason for programs, one of ``RefusalCode``.
    """

    def __init__(self, code: RefusalCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code: RefusalCode = code

    def __reduce__(self) -> tuple[type["ImageRefused"], tuple[RefusalCode, str]]:
        # The default would call the class with the sentence alone and fail between processes.
        return type(self), (self.code, str(self))


class BundleError(InferenceError):
    """A model bundle is not what its manifest says, or says what cannot be served.

    Attributes:
        problems: one sentence for each thing that is wrong.
    """

    def __init__(self, problems: Sequence[str] | str) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__(" ".join(self.problems))
