"""Embeddings are kept by what they were computed from: graph, way to the input, and the bytes of the photograph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.bundle import Bundle
from inference.runtime import Runtime
from tests.bundles import CHANNELS, build_tiny_bundle
from training.data.records import Record
from training.evaluation.embedded import cache_file, embed


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny")


def test_an_embedding_is_the_mean_of_the_features_in_the_order_asked_and_is_run_once(
    bundle: Bundle, records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = cache_file(tmp_path, bundle)
    first = embed(bundle, records[:3], cache)
    assert first.shape == (3, CHANNELS)
    assert len({row.tobytes() for row in first}) == 3
    monkeypatch.setattr(Runtime, "run", _never)
    np.testing.assert_array_equal(embed(bundle, records[2::-1], cache), first[::-1])


def test_a_photograph_exchanged_under_its_name_is_run_again(
    bundle: Bundle, records: list[Record], tmp_path: Path
) -> None:
    cache, file = cache_file(tmp_path, bundle), tmp_path / "photograph.jpg"
    named = replace(records[0], image=file)
    found = []
    for shade in ("white", "black"):
        Image.new("RGB", (200, 150), shade).save(file)
        found.append(embed(bundle, [named], cache)[0])
    assert found[0][0] > found[1][0]  # channel 0 is brightness


def test_another_way_to_the_input_has_a_file_of_its_own(bundle: Bundle, tmp_path: Path) -> None:
    changed = replace(bundle.manifest.input, mean=(0.1, 0.2, 0.3))
    other = replace(bundle, manifest=replace(bundle.manifest, input=changed))
    assert cache_file(tmp_path, bundle) == cache_file(tmp_path, bundle) != cache_file(tmp_path, other)


def _never(*_: object) -> None:
    raise AssertionError("a stored photograph was run again")
