"""Where the real HAM10000 lies: the folder that HAM10000_DIR names, else ``DEFAULT``. It is never part of the repository.

CONTRIBUTING.md and ``.ci/run`` state the same default; tests that need the release skip by name where it is missing.
"""

from __future__ import annotations

import os
from pathlib import Path

DEFAULT = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "ham10000"  # ../shared beside the checkout
MISSING = "HAM10000 is not there; HAM10000_DIR names its folder"


def folder() -> Path:
    """The folder of the release, whether it is there or not."""
    return Path(os.environ.get("HAM10000_DIR") or DEFAULT)


def is_there() -> bool:
    return (folder() / "HAM10000_metadata.csv").is_file()
