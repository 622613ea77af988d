"""One tiny bundle for the whole run; it is never written to, tests that alter a bundle copy it."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from inference.bundle import Bundle
from inference.predictor import Predictor
from tests.bundles import build_tiny_bundle
from tests.inference.pictures import encode, lesion


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures"
    (pictures / "masks").mkdir(parents=True)
    for seed in range(3):
        (pictures / f"ISIC_000000{seed}.jpg").write_bytes(encode(lesion(seed=seed)))
    (pictures / "ISIC_0000003.PNG").write_bytes(encode(lesion(seed=3), "PNG"))
    (pictures / "notes.txt").write_text("not a picture")
    (pictures / "masks" / "ISIC_0000000_segmentation.png").write_bytes(encode(Image.new("L", (200, 150)), "PNG"))
    return pictures
