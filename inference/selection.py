"""Which engine answers for a bundle: the best one that gives the answers which the bundle stores."""

import logging
from functools import cache

from inference.bundle import Bundle
from inference.conformance import check_answers
from inference.engines import Choice, candidates, faster_choice
from inference.errors import BundleError
from inference.runtime import Runtime

logger = logging.getLogger(__name__)


def select_runtime(bundle: Bundle, choice: Choice = "auto") -> Runtime:
    """Open the first engine that conforms; one that does not is passed over, with its reason in the log.

    Args:
        bundle: a verified bundle.
        choice: one of ``inference.engines.CHOICES``.

    Raises:
        BundleError: not even ONNX Runtime opens the model and answers as it was exported.
    """
    if choice == "auto":
        _tell_of_faster_choice()
    problems: tuple[str, ...] = ()
    for name in candidates(choice):
        runtime = Runtime(lambda: bundle.model, name)
        problems = _problems(bundle, runtime)
        if not problems:
            return runtime
        logger.warning("The engine %s is not used for %s: %s", name, bundle.manifest.name, " ".join(problems))
    raise BundleError(problems)


@cache
def _tell_of_faster_choice() -> None:
    """Once in a process."""
    if sentence := faster_choice():
        logger.info(sentence)


def _problems(bundle: Bundle, runtime: Runtime) -> tuple[str, ...]:
    try:
        return tuple(check_answers(bundle, runtime))
    except BundleError as error:
        return error.problems
