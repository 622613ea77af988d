import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from inference.bundle import Bundle
from inference.preprocessing import prepare
from inference.quality import QualityReport, assess
from tests.inference.pictures import SKIN, lesion


def report_on(image: Image.Image, bundle: Bundle) -> QualityReport:
    return assess(prepare(image, bundle.manifest.input))


def off_frame() -> Image.Image:
    """A lesion of which the right half is missing."""
    return lesion(400, 150).crop((0, 0, 200, 150))


def with_glare() -> Image.Image:
    picture = lesion()
    for x in (30, 90, 150):
        ImageDraw.Draw(picture).ellipse([x, 20, x + 12, 32], fill="white")
    return picture


def on_skin(tone: tuple[int, int, int]) -> Image.Image:
    """The lesion on skin of this colour in sRGB, well exposed."""
    levels = np.asarray(lesion()) * (np.array(tone) / SKIN)
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("tone", "hints"),
    [
        ((232, 196, 176), ()),
        ((205, 160, 140), ()),
        ((172, 124, 98), ()),
        ((122, 82, 60), ()),
        ((90, 59, 45), ("dim",)),  # L* 28
        ((85, 54, 41), ("dim",)),  # L* 26
        ((79, 50, 43), ("dim",)),  # L* 24
        ((74, 46, 38), ("dim",)),  # L* 22
        ((69, 41, 34), ("dim",)),  # L* 20
        ((58, 49, 42), ("dim",)),  # tone 9 of ten of the Monk scale
    ],
)
def test_no_skin_is_refused_and_very_dark_skin_gets_the_hint(
    tone: tuple[int, int, int], hints: tuple[str, ...], bundle: Bundle
) -> None:
    report = report_on(on_skin(tone), bundle)
    assert (report.reasons, report.hints) == ((), hints)


def test_the_darkest_tone_of_the_monk_scale_is_taken_for_darkness(bundle: Bundle) -> None:
    """As plain numbers; ADR 13 says so, and that no photograph of such skin is here to set the limit by."""
    assert report_on(on_skin((41, 36, 32)), bundle).reasons == ("under_exposed",)


def test_glare_needs_surroundings_and_a_bright_field_is_no_glare(bundle: Bundle) -> None:
    bright = Image.fromarray((np.asarray(lesion()) * 0.1 + 225).astype(np.uint8))
    assert "glare" not in report_on(bright, bundle).reasons


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
        (off_frame(), "lesion_off_frame"),
        (with_glare(), "glare"),
    ],
)
def test_what_is_plainly_unfit_says_why(image: Image.Image, reason: str, bundle: Bundle) -> None:
    report = report_on(image, bundle)
    assert not report.acceptable
    assert reason in report.reasons
    failed = [item for item in report.measurements if item.reason == reason and not item.accepted]
    assert failed
    assert all(item.value < item.low or item.value > item.high for item in failed)


def compressed(quality: int, size: tuple[int, int] = (200, 150)) -> Image.Image:
    """Grainy skin with a lesion, as a JPEG of this quality."""
    grain = np.random.default_rng(0).normal(0, 6, (size[1], size[0], 1))
    grainy = (np.asarray(lesion(*size)) + grain).clip(0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(grainy).save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def blocks(image: Image.Image, bundle: Bundle) -> float:
    return next(item.value for item in report_on(image, bundle).measurements if item.name == "blocks")


def test_blocks_of_strong_compression_are_seen_wherever_they_begin(bundle: Bundle) -> None:
    strong = compressed(10)
    assert "compressed" in report_on(strong, bundle).reasons
    assert "compressed" not in report_on(compressed(90), bundle).reasons
    for moved in (strong.crop((3, 5, 199, 152)), strong.transpose(Image.Transpose.ROTATE_90)):
        assert blocks(moved, bundle) == pytest.approx(blocks(strong, bundle), rel=0.5)
        assert blocks(moved, bundle) > 2 * blocks(compressed(90), bundle)


def test_stripes_in_one_direction_are_no_blocks(bundle: Bundle) -> None:
    """A ruler, or the grain of hair, repeats too; blocks repeat both ways."""
    striped = np.array(lesion(200, 150))
    striped[:, ::8] //= 2
    assert blocks(Image.fromarray(striped), bundle) < 0.28


def test_a_picture_much_larger_than_the_input_has_its_blocks_averaged_away(bundle: Bundle) -> None:
    assert blocks(compressed(10, (800, 600)), bundle) == 0


@pytest.mark.parametrize(
    ("factor", "hints", "reasons"), [(0.6, (), ()), (0.43, ("dim",), ()), (0.2, (), ("under_exposed",))]
)
def test_half_the_light_is_a_hint_and_no_light_a_refusal(
    factor: float, hints: tuple[str, ...], reasons: tuple[str, ...], bundle: Bundle
) -> None:
    report = report_on(lesion().point(lambda level: level * factor), bundle)
    assert (report.hints, report.reasons, report.acceptable) == (hints, reasons, not reasons)


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
