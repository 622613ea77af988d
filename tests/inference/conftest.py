"""One tiny bundle for the whole run; it is never written to, tests that alter a bundle copy it."""

import shutil
from pathlib import Path

import pytest

from inference.bundle import Bundle
from inference.predictor import Predictor
from tests.bundles import build_tiny_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny-0.0")


@pytest.fixture(scope="session")
def predictor(bundle: Bundle) -> Predictor:
    return Predictor(bundle)


@pytest.fixture
def own_bundle(bundle: Bundle, tmp_path: Path) -> Path:
    """A copy to tamper with."""
    return Path(shutil.copytree(bundle.path, tmp_path / "copy"))
