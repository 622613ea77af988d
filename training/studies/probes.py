"""Pictures that the network must not answer: blank, noise, text, line drawings, everyday photographs and scenes.

All are made here or come with installed libraries, so that nothing is downloaded, and equal seeds make equal pictures.
The photographs are few: windows of the three that scikit-learn and matplotlib bring along (a temple, a flower, a
portrait). The scenes are drawn.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = (400, 300)
Random = np.random.Generator


@dataclass(frozen=True)
class Probe:
    """A picture, the family that it stands for, and the seed that it was drawn with."""

    family: str
    picture: Image.Image
    seed: int = 0


def probes(each: int, *, seed: int = 0) -> Iterator[Probe]:
    """``each`` pictures of every family, the same for the same ``seed``."""
    for number, (family, make) in enumerate(FAMILIES.items()):
        rng = np.random.default_rng([seed, number])
        for index in range(each):
            yield Probe(family, make(rng, index), seed)


def blank(rng: Random, index: int) -> Image.Image:
    """One colour; every second one with a slope of light, every third with a sensor's grain."""
    colour = rng.integers(0, 256, 3) if index % 4 else np.array(SKINS[index // 4 % len(SKINS)])
    pixels = np.broadcast_to(colour, (*SIZE[::-1], 3)).astype(np.float64)
    if index % 2:
        pixels = pixels * np.linspace(rng.uniform(0.4, 0.9), 1.1, SIZE[0])[:, None]
    if index % 3 == 0:
        pixels = pixels + rng.normal(0, rng.uniform(1, 6), pixels.shape)
    return _image(pixels)


def noise(rng: Random, index: int) -> Image.Image:
    """Uniform, Gaussian, salt and pepper, or cloudy (1/f) noise, in grey or colour, fine or coarse."""
    kind, channels = index % 4, 1 if index % 8 < 4 else 3
    shape = (*SIZE[::-1], channels)
    if kind == 0:
        pixels = rng.uniform(0, 255, shape)
    elif kind == 1:
        pixels = rng.normal(rng.uniform(80, 180), rng.uniform(20, 70), shape)
    elif kind == 2:
        pixels = np.where(rng.random(shape) < rng.uniform(0.2, 0.8), 255.0, 0.0)
    else:
        pixels = np.stack([_cloud(rng) for _ in range(channels)], axis=-1)
    coarse = int(rng.integers(1, 7))
    small = _image(np.broadcast_to(pixels, (*SIZE[::-1], 3))[::coarse, ::coarse])
    return small.resize(SIZE, Image.Resampling.NEAREST)


def text(rng: Random, index: int) -> Image.Image:
    """A page: paragraphs or a table, dark on light or light on dark, a little askew."""
    paper, ink = _paper(rng, dark=index % 4 == 3)
    page = Image.new("RGB", SIZE, paper)
    draw, size = ImageDraw.Draw(page), int(rng.integers(9, 30))
    font, y = ImageFont.load_default(size=size), 8
    while y < SIZE[1]:
        if index % 2:
            draw.text((10, y), _words(rng, 90), fill=ink, font=font)
        else:
            for x in range(10, SIZE[0], 95):
                draw.text((x, y), _words(rng, 6), fill=ink, font=font)
            draw.line((0, y - 3, SIZE[0], y - 3), fill=ink)
        y += round(size * rng.uniform(1.2, 1.6))
    return page.rotate(rng.uniform(-6, 6), Image.Resampling.BICUBIC, fillcolor=paper)


def line_drawing(rng: Random, index: int) -> Image.Image:
    """Pen strokes, circles, boxes and arcs on paper or a board."""
    paper, ink = _paper(rng, dark=index % 4 == 3)
    page = Image.new("RGB", SIZE, paper)
    draw = ImageDraw.Draw(page)
    for _ in range(int(rng.integers(4, 22))):
        width, box = int(rng.integers(1, 5)), _box(rng)
        kind = rng.integers(4)
        if kind == 0:
            draw.line([tuple(point) for point in rng.uniform((0, 0), SIZE, (6, 2))], fill=ink, width=width)
        elif kind == 1:
            draw.ellipse(box, outline=ink, width=width)
        elif kind == 2:
            draw.rectangle(box, outline=ink, width=width)
        else:
            draw.arc(box, rng.uniform(0, 180), rng.uniform(180, 360), fill=ink, width=width)
    return page


def photograph(rng: Random, index: int) -> Image.Image:
    """A window of one of the three photographs, 4:3, a quarter of its width or more, half of them mirrored."""
    whole = photographs()[index % len(photographs())]
    width = int(rng.uniform(0.25, 1) * min(whole.width, whole.height * 4 / 3))
    height = width * 3 // 4
    left, top = int(rng.integers(whole.width - width + 1)), int(rng.integers(whole.height - height + 1))
    window = whole.crop((left, top, left + width, top + height)).resize(SIZE, Image.Resampling.BICUBIC)
    return window.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else window


def scene(rng: Random, index: int) -> Image.Image:
    """A drawn landscape, street or table, with grain and a lens's softness."""
    sky, ground = rng.integers(90, 256, 3), rng.integers(30, 200, 3)
    slope = np.linspace(0, 1, SIZE[1])[:, None, None]
    pixels = np.broadcast_to(sky * (1 - slope) + ground * slope, (*SIZE[::-1], 3))
    page = _image(pixels)
    draw, horizon = ImageDraw.Draw(page), int(rng.uniform(0.35, 0.7) * SIZE[1])
    draw.rectangle((0, horizon, *SIZE), fill=_colour(ground))
    for _ in range(int(rng.integers(5, 18))):
        colour, (left, top, right, bottom) = _colour(rng.integers(0, 256, 3)), _box(rng)
        if index % 3 == 0:
            draw.polygon([(left, bottom), ((left + right) / 2, top), (right, bottom)], fill=colour)
        elif index % 3 == 1:
            draw.rectangle((left, top, right, bottom), fill=colour)
            for x in range(int(left) + 4, int(right) - 6, 12):
                draw.rectangle((x, top + 6, x + 5, top + 14), fill=_colour(rng.integers(120, 256, 3)))
        else:
            draw.ellipse((left, top, right, bottom), fill=colour)
    grain = rng.normal(0, 5, (*SIZE[::-1], 1))
    return _image(np.asarray(page.filter(ImageFilter.GaussianBlur(0.7))) + grain)


@cache
def photographs() -> tuple[Image.Image, ...]:
    """The photographs that scikit-learn and matplotlib bring along: a temple, a flower, a portrait."""
    from matplotlib import cbook
    from sklearn.datasets import load_sample_images

    with Image.open(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))) as opened:
        portrait = opened.convert("RGB")
    return *(Image.fromarray(pixels) for pixels in load_sample_images().images), portrait


SKINS = ((232, 196, 176), (205, 160, 140), (172, 124, 98), (122, 82, 60), (70, 46, 36))
FAMILIES: dict[str, Callable[[Random, int], Image.Image]] = {
    "blank": blank,
    "noise": noise,
    "text": text,
    "line drawing": line_drawing,
    "photograph": photograph,
    "drawn scene": scene,
}


def _image(pixels: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _colour(values: NDArray[np.integer]) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in values)
    return red, green, blue


def _cloud(rng: Random) -> NDArray[np.float64]:
    """(H, W) of 1/f noise, 0 to 255."""
    rows, columns = np.fft.fftfreq(SIZE[1])[:, None], np.fft.fftfreq(SIZE[0])[None]
    spectrum = np.fft.fft2(rng.normal(size=SIZE[::-1])) / np.hypot(rows, columns).clip(1 / SIZE[0]) ** rng.uniform(
        0.6, 1.6
    )
    cloud = np.fft.ifft2(spectrum).real
    return np.asarray(128 + 55 * (cloud - cloud.mean()) / cloud.std())


def _paper(rng: Random, *, dark: bool) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    light, deep = _colour(rng.integers(220, 256, 3)), _colour(rng.integers(0, 90, 3))
    return (deep, light) if dark else (light, deep)


def _words(rng: Random, length: int) -> str:
    letters = rng.choice(list(string.ascii_letters + " " * 12 + string.digits), length)
    return "".join(letters)


def _box(rng: Random) -> tuple[float, float, float, float]:
    (left, right), (top, bottom) = np.sort(rng.uniform(0, SIZE[0], 2)), np.sort(rng.uniform(0, SIZE[1], 2))
    return float(left), float(top), float(right) + 1, float(bottom) + 1
