import numpy as np
import pytest
from PIL import Image, ImageFilter

from inference.bundle import Bundle
from inference.preprocessing import prepare
from inference.quality import QualityReport, assess
from tests.inference.pictures import lesion


def report_on(image: Image.Image, bundle: Bundle) -> QualityReport:
    return assess(prepare(image, bundle.manifest.input))


def test_a_good_picture_has_nothing_against_it(bundle: Bundle) -> None:
    report = report_on(lesion(), bundle)
    assert report.acceptable
    assert report.reasons == ()
    assert all(item.unit for item in report.measurements)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (lesion(800, 600).filter(ImageFilter.GaussianBlur(16)), "blur"),
        (lesion().point(lambda level: level * 0.2), "under_exposed"),
        (lesion().point(lambda level: min(255, level * 3)), "over_exposed"),
        (lesion(96, 72), "too_small"),
        (lesion(900, 300), "cropped"),
        (Image.new("RGB", (200, 150), (128, 128, 128)), "flat"),
    ],
)
def test_what_is_plainly_unfit_says_why(image: Image.Image, reason: str, bundle: Bundle) -> None:
    report = report_on(image, bundle)
    assert not report.acceptable
    assert reason in report.reasons
    failed = [item for item in report.measurements if item.reason == reason and not item.accepted]
    assert failed
    assert all(item.value < item.low or item.value > item.high for item in failed)


def test_more_blur_leaves_less_detail(bundle: Bundle) -> None:
    def detail(sigma: float) -> float:
        report = report_on(lesion(800, 600).filter(ImageFilter.GaussianBlur(sigma)), bundle)
        return report.measurements[0].value

    values = [detail(sigma) for sigma in (0, 2, 4, 8, 16)]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 5


def test_megapixels_do_not_hide_a_blur(bundle: Bundle) -> None:
    blurred = lesion(400, 300).filter(ImageFilter.GaussianBlur(10))
    enlarged = np.asarray(blurred.resize((1600, 1200))).astype(int)
    noise = np.random.default_rng(0).integers(-8, 9, enlarged.shape)
    grainy = Image.fromarray((enlarged + noise).clip(0, 255).astype(np.uint8))
    assert "blur" in report_on(grainy, bundle).reasons
