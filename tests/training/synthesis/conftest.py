"""Generators of a few steps on drawn pictures: enough to be asked, too few to draw anything."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("diffusers", reason="requirements/generate.txt is not installed")

from inference.bundle import Bundle
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import Split, split_by_lesion
from training.synthesis.config import PRESETS, GeneratorConfig
from training.synthesis.generator import Generator, load_generator
from training.synthesis.learning import learn

TINY = PRESETS["tiny"]
UPSCALER = replace(TINY, kind="upscaler", size=(24, 32), small=TINY.size, attention=False, patch=2)
DCGAN = replace(TINY, kind="dcgan", size=(24, 32), widths=(8, 16, 16, 16), ema=0.0, clip=0.0, rate=2e-4)


@pytest.fixture(scope="session")
def own_split(records: list[Record]) -> Split:
    return split_by_lesion(records, [])


Side = tuple[list[Record], Pictures, Split]


@pytest.fixture
def training_side(records: list[Record], pictures: Pictures, own_split: Split) -> Side:
    return records, pictures, own_split


@pytest.fixture(scope="session")
def learned(records: list[Record], pictures: Pictures, own_split: Split, tmp_path_factory: pytest.TempPathFactory):
    """`learned(config)`: a finished generator; each configuration is trained once."""
    made: dict[GeneratorConfig, Generator] = {}

    def of(config: GeneratorConfig) -> Generator:
        if config not in made:
            out = tmp_path_factory.mktemp("generator") / "run"
            learn(records, pictures, own_split, config, out)
            made[config] = load_generator(out)
        return made[config]

    return of


@pytest.fixture(scope="session")
def diffusion(learned) -> Generator:
    return learned(TINY)


@pytest.fixture(scope="session")
def generator_folder(diffusion: Generator) -> Path:
    return diffusion.path


@pytest.fixture
def judging_bundle(tiny_bundle: Bundle, own_split: Split, tmp_path: Path) -> Path:
    """The tiny network as if it had learned on this split."""
    folder = tmp_path / "bundle"
    shutil.copytree(tiny_bundle.path, folder)
    document = json.loads((folder / "manifest.json").read_text())
    document["training_data"]["split_sha256"] = own_split.digest()
    (folder / "manifest.json").write_text(json.dumps(document))
    return folder
