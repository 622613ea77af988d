"""Our network on generated pictures, and the report's filter, which is no measure of quality."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from sklearn.metrics import roc_auc_score

from inference.bundle import Bundle
from inference.metadata import Metadata
from inference.predictor import Predictor
from inference.vocabulary import DIAGNOSES
from tests.training.shipped import BUNDLE, split
from training.data import ham10000
from training.data.pictures import read_picture
from training.data.sides import records_of
from training.synthesis.judging import look, passes_report_filter
from training.synthesis.niqe import fit_pristine


def test_it_sees_what_the_served_network_sees(tiny_bundle: Bundle) -> None:
    image = np.random.default_rng(0).integers(0, 256, (150, 200, 3), dtype=np.uint8)
    result = Predictor(tiny_bundle).predict(Image.fromarray(image), Metadata())
    seen = look(tiny_bundle, [image])
    np.testing.assert_allclose(seen.embeddings[0], result.embedding, rtol=1e-5)
    z = np.array([result.logits[code] for code in DIAGNOSES])
    likeliest = DIAGNOSES[int(z.argmax())]
    assert seen.agrees([likeliest]).all()
    assert not seen.agrees([DIAGNOSES[int(z.argmin())]]).any()
    assert seen.support([likeliest])[0] == pytest.approx(np.exp(z.max()) / np.exp(z).sum(), rel=1e-4)


def test_a_picture_too_small_for_a_clinic_is_enlarged(tiny_bundle: Bundle) -> None:
    assert np.isfinite(look(tiny_bundle, [np.zeros((12, 16, 3), np.uint8)]).embeddings).all()


def test_the_report_s_filter_is_a_mean() -> None:
    embeddings = np.array([[0.0, 1.5], [0.7, 0.7], [2.0, -1.0]])
    assert passes_report_filter(embeddings).tolist() == [True, False, False]


@pytest.mark.ham10000
def test_the_report_s_filter_does_not_tell_blurred_from_sharp_and_niqe_does(ham10000_dir: Path) -> None:
    records = ham10000.load(ham10000_dir)
    pristine = fit_pristine(np.asarray(read_picture(r.image)) for r in records_of(split(), records, "train")[::80])
    sharp = [read_picture(r.image) for r in records_of(split(), records, "validation")[::20]]
    blurred = [picture.filter(ImageFilter.GaussianBlur(3)) for picture in sharp]
    images = [np.asarray(picture) for picture in (*sharp, *blurred)]
    is_blurred = [0] * len(sharp) + [1] * len(blurred)
    mean = look(Bundle.load(BUNDLE), images).embeddings.mean(1)
    by_mean, by_niqe = roc_auc_score(is_blurred, -mean), roc_auc_score(is_blurred, [pristine.niqe(i) for i in images])
    assert by_niqe > 0.95
    assert by_mean < 0.75, f"the mean feature separates by {by_mean:.2f}"
