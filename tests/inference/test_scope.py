import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.bundle import Bundle, write_bundle
from inference.decoding import normalise
from inference.errors import BundleError
from inference.manifest import ScopeSection, Spread
from inference.predictor import Predictor
from inference.preprocessing import prepare
from inference.runtime import Runtime
from inference.scope import SCOPE_FILE, FeatureSpace, energy, judge_scope
from tests.bundles import CARD, CHANNELS, build_tiny_bundle, tiny_head, tiny_manifest, tiny_model
from tests.inference.pictures import lesion

SECTION = {
    "limit": 6.0,
    "log_distance": {"mean": 0.0, "deviation": 0.3},
    "energy": {"mean": -1.0, "deviation": 2.0},
}


def space_of(embeddings: np.ndarray[Any, np.dtype[np.float32]], axes: int = 2) -> FeatureSpace:
    """Principal axes of a few embeddings (N, C); what is left is at least a little."""
    mean = embeddings.mean(0)
    _, values, rows = np.linalg.svd(embeddings - mean, full_matrices=False)
    variances = values**2 / len(embeddings)
    rest = np.array([variances[axes:].sum() / (len(mean) - axes) + 1e-4])
    return FeatureSpace(mean, rows[:axes], np.sqrt(variances[:axes]), rest)


def embedding_of(bundle: Bundle, picture: Image.Image) -> np.ndarray[Any, np.dtype[np.float32]]:
    features, _ = Runtime(lambda: bundle.model).run(prepare(normalise(picture), bundle.manifest.input).tensor)
    return np.asarray(features.mean(axis=(1, 2)))


@pytest.fixture(scope="module")
def wary(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle that has seen drawn lesions and nothing else."""
    seen = np.stack([embedding_of(bundle, lesion(seed=seed)) for seed in range(8)])
    path = tmp_path_factory.mktemp("wary") / "tiny"
    return build_tiny_bundle(path, changes={"scope": SECTION}, space=space_of(seen))


def test_the_distance_is_mahalanobis_under_the_low_rank_covariance() -> None:
    rng = np.random.default_rng(0)
    rows = np.linalg.qr(rng.normal(size=(6, 6)))[0][:2].astype(np.float32)
    space = FeatureSpace(
        rng.normal(size=6).astype(np.float32),
        rows,
        np.array([3, 2], np.float32),
        np.array([0.25], np.float32),
    )
    covariance = rows.T @ np.diag([9.0, 4.0]) @ rows + 0.25 * (np.eye(6) - rows.T @ rows)
    point = rng.normal(size=6).astype(np.float32)
    offset = (point - space.mean).astype(float)
    expected = np.sqrt(offset @ np.linalg.inv(covariance) @ offset / 6)
    assert space.distance(point) == pytest.approx(expected, rel=1e-5)


def test_energy_falls_with_certainty() -> None:
    assert energy(np.zeros(7, np.float32)) == pytest.approx(-np.log(7))
    assert energy(np.array([9, 0, 0, 0, 0, 0, 0], np.float32)) < energy(np.array([1, 0, 0, 0, 0, 0, 0], np.float32))


def test_the_score_is_the_sum_of_two_standardised_parts_and_its_limit_is_inside() -> None:
    space = FeatureSpace(*(np.array(part, np.float32) for part in ([0, 0], [[1, 0]], [1], [1])))
    point, logits = np.array([3, 3], np.float32), np.zeros(7, np.float32)
    section = ScopeSection(5.0, Spread(np.log(3) - 1, 0.5), Spread(-np.log(7) - 3, 1.0))
    report = judge_scope(space, section, point, logits)
    assert (report.distance, report.energy) == (pytest.approx(2, abs=1e-6), pytest.approx(3, abs=1e-6))
    assert report.score == report.distance + report.energy
    exactly = ScopeSection(report.score, section.log_distance, section.energy)
    assert judge_scope(space, exactly, point, logits).inside
    below = ScopeSection(np.nextafter(report.score, 0), section.log_distance, section.energy)
    assert not judge_scope(space, below, point, logits).inside


def test_what_was_never_seen_gets_no_answer_and_is_not_routine(wary: Bundle) -> None:
    predictor = Predictor(wary)
    known = predictor.predict(lesion(seed=20))
    assert known.scope is not None
    assert known.scope.inside
    assert known.abstain_reason != "out_of_scope"
    blue_skin = Image.merge("RGB", lesion(seed=21).split()[::-1])
    foreign = predictor.predict(blue_skin)
    assert foreign.scope is not None
    assert foreign.scope.score > known.scope.score
    assert foreign.abstain_reason == "out_of_scope"
    assert foreign.tier != "routine"


def test_a_bundle_without_the_section_says_nothing_of_scope(predictor: Predictor) -> None:
    assert predictor.predict(lesion()).scope is None


def test_half_precision_hardly_moves_a_distance(wary: Bundle) -> None:
    assert wary.space is not None
    point = np.linspace(0, 2, CHANNELS, dtype=np.float32)
    again = FeatureSpace.read(wary.space.pack())
    assert again.distance(point) == pytest.approx(wary.space.distance(point), rel=1e-3)


def write(path: Path, section: object, space: FeatureSpace | None) -> None:
    rng = np.random.default_rng(0)
    model, head = tiny_model(rng), tiny_head(rng)
    document = tiny_manifest(model, head) | ({"scope": section} if section else {})
    write_bundle(path, manifest=document, model=model, head=head, card=CARD, space=space)


@pytest.mark.parametrize(
    ("section", "arrays", "sentence"),
    [
        (SECTION, None, "belong together"),
        (None, {}, "belong together"),
        ({**SECTION, "energy": {"mean": 0.0, "deviation": 0.0}}, {}, "manifest scope: 0.0 is not above zero"),
        ({"limit": 1.0}, {}, "manifest scope: 'log_distance' is missing"),
        (SECTION, {"mean": np.zeros(3)}, r"scope.npz: mean has shape \(3,\), not \(8,\)"),
        (SECTION, {"deviation": np.zeros(2)}, "must be above zero"),
        (SECTION, {"basis": np.ones((2, CHANNELS))}, "not orthonormal"),
        (SECTION, {"rest": np.array([np.nan])}, "rest is not a finite float array"),
    ],
)
def test_a_scope_that_does_not_fit_is_refused(
    section: object, arrays: dict[str, Any] | None, sentence: str, wary: Bundle, tmp_path: Path
) -> None:
    assert wary.space is not None
    space = None if arrays is None else FeatureSpace(**{**vars(wary.space), **arrays})
    with pytest.raises(BundleError, match=sentence):
        write(tmp_path / "bundle", section, space)
    assert not (tmp_path / "bundle").exists()


def test_an_altered_scope_is_found(wary: Bundle, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(wary.path, tmp_path / "copy"))
    file = copy / SCOPE_FILE
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(BundleError, match=f"{SCOPE_FILE} was altered"):
        Bundle.load(copy)
