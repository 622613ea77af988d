"""The bundle that the repository ships, and the split that it learned from."""

from __future__ import annotations

from pathlib import Path

from inference.bundle import load_manifest, newest_bundle
from training.data.splits import Split

REPOSITORY = Path(__file__).resolve().parents[2]
BUNDLE = newest_bundle(REPOSITORY / "models")


def split() -> Split:
    """The split of the bundle's runs, found by its digest: a bundle is issued anew, its split stays where it was."""
    kept = (Split.load(path) for path in (REPOSITORY / "docs" / "results").glob("*/split.json"))
    (found,) = (one for one in kept if one.digest() == load_manifest(BUNDLE).training_data["split_sha256"])
    return found
