"""Stored answers, told by a bundle with the same weights and other sets: as if it had been asked itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.bundle import Bundle
from inference.metadata import Metadata
from inference.vocabulary import DIAGNOSES
from tests.bundles import build_tiny_bundle
from training.__main__ import main
from training.data.records import DataError, Record
from training.evaluation.predicted import write_predictions
from training.evaluation.remade import predict_from
from training.evaluation.served import predict_served

NARROW = {
    "alpha": 0.1,
    "rule": "limits-first",
    "quantiles": {
        "fused": dict(zip(DIAGNOSES, (0.9, 0.95, 0.8, 0.99, 0.7, 0.2, 0.97), strict=True)),
        "image": dict(zip(DIAGNOSES, (0.97, 0.8, 0.9, 0.99, 0.95, 0.1, 0.9), strict=True)),
    },
}


@pytest.fixture(scope="module")
def asked(records: list[Record]) -> list[Record]:
    """Twelve photographs; of the first nothing is known but the picture."""
    return [replace(records[0], metadata=Metadata()), *records[1:12]]


@pytest.fixture(scope="module")
def stored(asked: list[Record], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("stored")
    answered, _ = predict_served(build_tiny_bundle(root / "first"), asked, [record.image_id for record in asked])
    write_predictions(root / "predictions.csv", answered)
    return root / "predictions.csv"


def other(path: Path, **thresholds: int) -> Bundle:
    """The same weights and calibration with other limits."""
    first = build_tiny_bundle(path / "plain").manifest.document
    changes = {"conformal": NARROW, "thresholds": first["thresholds"] | thresholds}
    return build_tiny_bundle(path / "other", changes=changes)


@pytest.mark.parametrize("largest", [1, 3, 7])
def test_sets_and_abstentions_are_those_of_the_bundle_when_it_is_asked(
    stored: Path, asked: list[Record], tmp_path: Path, largest: int
) -> None:
    bundle = other(tmp_path, max_set_size=largest)
    remade, extras = predict_from(bundle, stored, asked)
    served, told = predict_served(bundle, asked, [record.image_id for record in asked])
    for path, one in served.items():
        assert remade[path].images == one.images
        np.testing.assert_array_equal(remade[path].sets, one.sets)
        np.testing.assert_array_equal(remade[path].flagged, one.flagged)
        assert remade[path].reasons == one.reasons
        np.testing.assert_allclose(remade[path].uncalibrated, one.uncalibrated, atol=1e-5)
        assert extras[path]["abstained"] == told[path]["abstained"]


def test_answers_of_another_calibration_are_refused(stored: Path, asked: list[Record], tmp_path: Path) -> None:
    calibration = build_tiny_bundle(tmp_path / "a").manifest.document["calibration"] | {"temperature_image": 1.3}
    bundle = build_tiny_bundle(tmp_path / "b", changes={"calibration": calibration})
    with pytest.raises(DataError, match="answers of another bundle"):
        predict_from(bundle, stored, asked)


def test_answers_to_other_photographs_are_refused(stored: Path, asked: list[Record], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="answers other photographs"):
        predict_from(other(tmp_path), stored, asked[:-1])


def test_stored_answers_are_for_a_bundle_and_its_own_split(stored: Path, drawn: Path, tmp_path: Path) -> None:
    bundle = str(build_tiny_bundle(tmp_path / "a").path)
    words = ["evaluate", "--data", str(drawn), "--partial", "--answers", str(stored), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit, match="one side of its split"):
        main([*words, "--bundle", bundle, "--side", "all"])
