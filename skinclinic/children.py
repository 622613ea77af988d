"""Processes that are kept alive: started, restarted with growing patience, and ended together."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

_FIRST_PATIENCE, _LONGEST_PATIENCE = 1.0, 30.0  # seconds before a restart
_TRIES = 3  # of what is to be done once
_HEALTHY_AFTER = 60.0  # a child that lived so long starts again with the first patience
_LINUX_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """One command under supervision."""

    name: str
    command: Sequence[str]
    once: bool = False  # what ends well is done and is not started again; what fails is tried a few times
    _process: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _patience: float = _FIRST_PATIENCE
    _not_before: float = field(default=0.0)
    _done: bool = False
    _failures: int = 0

    @property
    def is_done(self) -> bool:
        """It was to be done once, and ended well or failed too often."""
        return self._done

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches the supervisor only, which ends the children in order.
        self._process = subprocess.Popen(
            self.command,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  the supervisor has one thread
        )
        self._started = time.monotonic()

    def tend(self) -> None:
        """Start it again if it has died, waiting longer each time it dies young."""
        now = time.monotonic()
        if self._done:
            return
        if self._process is not None:
            status = self._process.poll()
            if status is None:
                return
            self._end_group(signal.SIGKILL)  # what a dead parent left behind
            self._failures += status != 0
            if self.once and (status == 0 or self._failures == _TRIES):
                logger.log(logging.WARNING if status else logging.DEBUG, "%s ended (%s) for good", self.name, status)
                self._process, self._done = None, True
                return
            if now - self._started >= _HEALTHY_AFTER:
                self._patience = _FIRST_PATIENCE
            logger.warning("%s ended (%s); it starts again in %.0f s", self.name, status, self._patience)
            self._process, self._not_before = None, now + self._patience
            self._patience = min(self._patience * 2, _LONGEST_PATIENCE)
        if now >= self._not_before:
            self.start()

    def ask_to_end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def end(self, *, deadline: float) -> None:
        """Wait for it until the deadline (monotonic seconds), then leave no process behind."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout=max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            logger.warning("%s did not end by itself", self.name)
        self._end_group(signal.SIGKILL)
        self._process.wait()

    def _end_group(self, number: signal.Signals) -> None:
        if self._process is not None:
            try:
                os.killpg(self._process.pid, number)
            except (ProcessLookupError, PermissionError):
                return


def _die_with_parent() -> None:
    """On Linux the kernel ends the child when the supervisor is killed without a chance to do it."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_LINUX_PR_SET_PDEATHSIG, signal.SIGTERM)
