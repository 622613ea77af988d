import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.filters import FILTERS, apply

Bytes = NDArray[np.uint8]


def _lesion() -> Bytes:
    """Skin with uneven light and a dark lesion, without hair or noise."""
    light = np.linspace(-12, 12, 200)[None, :, None] + np.linspace(-8, 8, 150)[:, None, None]
    picture = np.clip(np.array([205.0, 165.0, 145.0]) + light, 0, 255).astype(np.uint8)
    cv2.ellipse(picture, (105, 72), (42, 30), 20, 0, 360, (110, 70, 50), -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5), np.uint8)


def _hairs() -> Bytes:
    """Where thirty hairs lie: bent, one or two pixels wide, some of them across the lesion."""
    rng = np.random.default_rng(3)
    mask = np.zeros((150, 200), np.uint8)
    for i in range(30):
        ends = rng.uniform((0, 0), (200, 150), size=(2, 2))
        bend = ends.mean(axis=0) + rng.normal(0, 12, 2)
        t = np.linspace(0, 1, 40)[:, None]
        curve = (1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * bend + t**2 * ends[1]
        cv2.polylines(mask, [curve.round().astype(np.int32)], isClosed=False, color=1, thickness=1 + i % 2)
    return mask


def _segmented(picture: Bytes) -> NDArray[np.bool_]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    _, mask = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    return np.asarray(mask == 1)


def _psnr(picture: Bytes, truth: Bytes) -> float:
    return float(cv2.PSNR(picture, truth))


@pytest.mark.parametrize("name", list(FILTERS))
def test_a_filter_gives_a_picture_of_the_same_form_and_spares_its_input(name: str) -> None:
    picture = _lesion()
    before = picture.copy()
    out = apply([name], picture)
    assert (out.shape, out.dtype) == (picture.shape, np.uint8)
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("name", [name for name in FILTERS if name != "shade-of-grey"])
@pytest.mark.parametrize("colour", [(0, 0, 0), (201, 160, 141), (255, 255, 255)])
def test_a_constant_picture_stays_as_it_is(name: str, colour: tuple[int, int, int]) -> None:
    constant = np.full((60, 80, 3), colour, np.uint8)
    assert np.array_equal(apply([name], constant), constant)


@pytest.mark.parametrize("name", ["clahe", "equalise"])
def test_equalising_spreads_the_lightness_of_a_dull_picture(name: str) -> None:
    dull = (90 + _lesion() * 0.2).astype(np.uint8)
    spread = [cv2.cvtColor(seen, cv2.COLOR_RGB2LAB)[..., 0].std() for seen in (dull, apply([name], dull))]
    assert spread[1] > 1.3 * spread[0]


@pytest.mark.parametrize(("name", "gain"), [("median", 10), ("gaussian", 3), ("bilateral", 1)])
def test_salt_is_taken_out(name: str, gain: float) -> None:
    truth = _lesion()
    salted = truth.copy()
    rng = np.random.default_rng(0)
    salted[rng.random(salted.shape[:2]) < 0.03] = 255
    assert _psnr(apply([name], salted), truth) > _psnr(salted, truth) + gain


def test_edges_outlive_the_bilateral_filter_better_than_the_gaussian() -> None:
    step = np.full((40, 60, 3), 60, np.uint8)
    step[:, 30:] = 190
    assert _psnr(apply(["bilateral"], step), step) > _psnr(apply(["gaussian"], step), step) + 10


@pytest.mark.parametrize("width", [200, 600])
def test_hairs_go_and_the_lesion_stays(width: int) -> None:
    clean, hairs = _lesion(), _hairs()
    if width != 200:
        size = (width, width * 3 // 4)
        clean = np.asarray(cv2.resize(clean, size, interpolation=cv2.INTER_CUBIC), np.uint8)
        hairs = np.asarray(cv2.resize(hairs, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    hairy = clean.copy()
    hairy[hairs == 1] = (45, 32, 28)
    shaved = apply(["hair"], hairy)
    off = np.abs(shaved.astype(int) - clean)[hairs == 1].max(axis=1)
    started = np.abs(hairy.astype(int) - clean)[hairs == 1].max(axis=1)
    assert (started > 25).mean() > 0.99
    assert (off <= 25).mean() >= 0.9
    before, after = _segmented(clean), _segmented(shaved)
    assert (before & after).sum() / (before | after).sum() >= 0.95
    assert (before & _segmented(hairy)).sum() / (before | _segmented(hairy)).sum() < 0.8  # what the hairs had done


def test_without_hair_nothing_is_painted_over() -> None:
    assert np.array_equal(apply(["hair"], _lesion()), _lesion())


def test_a_coloured_light_becomes_neutral() -> None:
    truth = _lesion().astype(float) * 0.7
    casts = [(truth * cast).astype(np.uint8) for cast in ([1.0, 0.8, 0.6], [0.7, 0.9, 1.2])]
    first, second = (apply(["shade-of-grey"], cast).astype(float) for cast in casts)
    for seen in (first, second):
        light = (seen**6).mean(axis=(0, 1)) ** (1 / 6)
        assert light.max() / light.min() < 1.02
    ratio = first.mean() / second.mean()  # brightness stays with the photograph, colour does not
    assert np.abs(first / ratio - second).max() < 4


def test_filters_run_in_their_order_and_a_wrong_name_is_refused() -> None:
    picture = _lesion()
    both = apply(["median", "clahe"], picture)
    assert np.array_equal(both, apply(["clahe"], apply(["median"], picture)))
    with pytest.raises(ValueError, match="no filter 'sharpen'"):
        apply(["sharpen"], picture)
