from pathlib import Path

import numpy as np
import pytest

from inference.bundle import Bundle
from inference.conformance import check_bundle, seeded_input
from inference.errors import BundleError
from inference.predictor import Predictor
from tests.bundles import build_tiny_bundle
from tests.inference.pictures import encode, lesion
from tests.inference.tampering import edit_head, rewrite


def test_a_good_bundle_has_no_faults(bundle: Bundle) -> None:
    assert check_bundle(bundle.path) == []


def test_the_seeded_input_never_changes() -> None:
    tensor = seeded_input(1, 144, 192)
    assert tensor.shape == (1, 3, 144, 192)
    assert tensor.dtype == np.float32
    assert tensor.ravel()[:3].tolist() == [0.047286272048950195, 1.8018546104431152, -1.4233617782592773]
    assert abs(tensor.mean()) < 0.02
    assert -2 <= tensor.min() < tensor.max() < 2


def test_other_weights_do_not_pass_for_the_exported_ones(own_bundle: Path) -> None:
    with np.load(own_bundle / "head.npz") as archive:
        edit_head(own_bundle, b=archive["b"] + np.float32(0.01))
    (problem, second) = check_bundle(own_bundle)
    assert "seed 1 differs by 0.01 logits" in problem
    assert "seed 2" in second


def test_the_metadata_branch_is_checked_too(own_bundle: Path) -> None:
    with np.load(own_bundle / "head.npz") as archive:
        edit_head(own_bundle, meta1_c=archive["meta1_c"] + np.float32(0.5))
    (problem,) = check_bundle(own_bundle)
    assert "seed 2 differs" in problem


def test_a_model_that_answers_otherwise_does_not_predict(own_bundle: Path) -> None:
    rewrite(own_bundle, lambda document: document["self_check"][0]["logits"].update(mel=99.0))
    predictor = Predictor(Bundle.load(own_bundle))
    with pytest.raises(BundleError, match="not the one that was exported"):
        predictor.predict(encode(lesion()))


def test_what_cannot_be_loaded_is_reported_in_sentences(own_bundle: Path) -> None:
    (own_bundle / "head.npz").unlink()
    (problem,) = check_bundle(own_bundle)
    assert problem == "head.npz is missing or not a plain file."


def test_two_seeds_make_two_models(tmp_path: Path) -> None:
    first, second = (build_tiny_bundle(tmp_path / str(seed), seed) for seed in (1, 2))
    assert first.sha256 != second.sha256
