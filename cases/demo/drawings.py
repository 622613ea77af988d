"""Drawn lesions for a clinic without data. Each says that it is a drawing: nobody shall take one for skin."""

import io
import math
import random
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from cases.demo.filing import DemoCase, years_ago
from cases.vocabulary import ImageManipulation

SIZE: Final = (800, 600)
DRAWN: Final = "DRAWING-"  # how the identifiers of drawn patients begin
MARK: Final = "DRAWING, NOT A PATIENT"

Colour = tuple[int, int, int]
Point = tuple[float, float]
Pen = Callable[[ImageDraw.ImageDraw, random.Random], None]
Scene = tuple[str, Pen, int | None, str, str, dict[str, object]]  # name, pen, age, sex, site, what staff asked


def drawn_cases(today: date) -> Iterator[DemoCase]:
    """A handful of cases that differ in what the network will make of them."""
    return _cases(_SCENES, today, first=1)


def cases_dealt_with(today: date) -> tuple[DemoCase, DemoCase]:
    """One for a reader who sees it otherwise than the network, and one whose picture must be taken again."""
    read, cut_off = _cases(_SCENES_DEALT_WITH, today, first=len(_SCENES) + 1)
    return read, cut_off


def _cases(scenes: tuple[Scene, ...], today: date, *, first: int) -> Iterator[DemoCase]:
    for number, (name, pen, age, sex, site, intake) in enumerate(scenes, start=first):
        yield DemoCase(
            identifier=f"{DRAWN}{number:02}",
            given_name="Drawing",
            family_name=name,
            reason=f"Drawing, not a patient: {name.lower()}.",
            picture=drawing(pen, seed=number),
            image_manipulation=ImageManipulation.SYNTHETIC,
            site=site,
            sex=sex,
            birth_date=years_ago(age, today),
            intake=dict(intake),
        )


def drawing(pen: Pen, *, seed: int) -> bytes:
    """Skin, a lesion on it, and the mark."""
    rng = random.Random(seed)
    image = _skin(rng)
    pen(ImageDraw.Draw(image), rng)
    image = image.filter(ImageFilter.GaussianBlur(_EDGE.get(pen, 0.8)))
    image = ImageChops.add(image, _grain(rng), scale=1.0, offset=-128)
    _write_mark(image)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _skin(rng: random.Random) -> Image.Image:
    tone = rng.choice([(226, 178, 158), (214, 160, 138), (198, 142, 116), (234, 192, 174)])
    image = Image.new("RGB", SIZE, tone)
    draw = ImageDraw.Draw(image)
    for _ in range(500):  # the skin's own mottling
        x, y, r = rng.randrange(SIZE[0]), rng.randrange(SIZE[1]), rng.randrange(4, 26)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=_near(tone, 7, rng))
    return image.filter(ImageFilter.GaussianBlur(6))


def _grain(rng: random.Random) -> Image.Image:
    """Fine noise around 128, from our own source of chance: the same drawing on every machine."""
    noise = Image.frombytes("L", SIZE, rng.randbytes(SIZE[0] * SIZE[1]))
    noise = noise.point([128 + (level - 128) // 6 for level in range(256)])
    return Image.merge("RGB", [noise] * 3)


def _near(colour: Colour, spread: int, rng: random.Random) -> Colour:
    red, green, blue = (max(0, min(255, part + rng.randint(-spread, spread))) for part in colour)
    return red, green, blue


def _outline(rng: random.Random, radius: float, unevenness: float, shift: Point = (0, 0)) -> list[Point]:
    phases = [(rng.uniform(0, math.tau), rng.uniform(0.3, 1.0) * unevenness / order) for order in range(1, 6)]
    centre, points = (SIZE[0] / 2 + shift[0], SIZE[1] / 2 + shift[1]), []
    for step in range(90):
        angle = math.tau * step / 90
        wave = sum(size * math.sin(order * angle + phase) for order, (phase, size) in enumerate(phases, start=1))
        reach = radius * (1 + wave)
        points.append((centre[0] + reach * math.cos(angle), centre[1] + reach * math.sin(angle)))
    return points


def _even_mole(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    draw.polygon(_outline(rng, 130, 0.05), fill=(128, 82, 58))
    _network(draw, rng, 120, (98, 60, 42))


def _uneven_mole(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    draw.polygon(_outline(rng, 190, 0.35), fill=(92, 56, 44))
    draw.polygon(_outline(rng, 100, 0.4, (60, -40)), fill=(40, 28, 30))
    draw.polygon(_outline(rng, 60, 0.5, (-80, 50)), fill=(88, 92, 116))
    _network(draw, rng, 180, (52, 34, 32))


def _pearly_nodule(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    draw.polygon(_outline(rng, 140, 0.12), fill=(226, 158, 150))
    for _ in range(16):  # branching vessels
        x, y = SIZE[0] / 2 + rng.uniform(-90, 90), SIZE[1] / 2 + rng.uniform(-90, 90)
        path = [(x, y)]
        for _ in range(5):
            path.append((path[-1][0] + rng.uniform(-28, 28), path[-1][1] + rng.uniform(-28, 28)))
        draw.line(path, fill=(186, 60, 62), width=rng.randint(2, 5))


def _warty_plaque(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    draw.polygon(_outline(rng, 170, 0.15), fill=(150, 108, 78))
    for _ in range(70):
        x, y, r = SIZE[0] / 2 + rng.gauss(0, 75), SIZE[1] / 2 + rng.gauss(0, 75), rng.randint(4, 12)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=rng.choice([(224, 196, 152), (96, 66, 48)]))


def _red_lagoons(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    for _ in range(26):
        x, y, r = SIZE[0] / 2 + rng.gauss(0, 60), SIZE[1] / 2 + rng.gauss(0, 60), rng.randint(18, 42)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=_near((150, 22, 40), 18, rng))


def _scaly_patch(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    draw.polygon(_outline(rng, 200, 0.25), fill=(208, 128, 112))
    for _ in range(120):
        x, y, r = SIZE[0] / 2 + rng.gauss(0, 90), SIZE[1] / 2 + rng.gauss(0, 90), rng.randint(3, 9)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(240, 222, 206))


def _too_dark(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    draw.rectangle((0, 0, *SIZE), fill=(9, 7, 7))
    draw.polygon(_outline(rng, 150, 0.2), fill=(16, 11, 10))


def _mole_cut_off(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    draw.polygon(_outline(rng, 170, 0.2, (300, -170)), fill=(110, 70, 52))


def _network(draw: ImageDraw.ImageDraw, rng: random.Random, reach: int, colour: Colour) -> None:
    for _ in range(90):  # pigment dots
        x, y, r = SIZE[0] / 2 + rng.gauss(0, reach / 2.2), SIZE[1] / 2 + rng.gauss(0, reach / 2.2), rng.randint(3, 8)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=_near(colour, 14, rng))


def _write_mark(image: Image.Image) -> None:
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=28)
    draw.rectangle((0, SIZE[1] - 46, SIZE[0], SIZE[1]), fill=(255, 255, 255))
    draw.text((SIZE[0] / 2, SIZE[1] - 23), MARK, fill=(20, 20, 20), font=font, anchor="mm")


_UNKNOWN: Final[dict[str, object]] = {}
# How far an outline fades, in pixels: with a sharp one the network calls this mole no skin at all, and the demo clinic
# would open without an urgent case.
_EDGE: Final = {_uneven_mole: 4.0}
_SCENES: Final[tuple[Scene, ...]] = (
    ("Uneven mole", _uneven_mole, 67, "male", "back", {"grew": "yes", "changed": "yes", "bled": "no", "size_mm": "11"}),
    ("Even mole", _even_mole, 31, "female", "abdomen", {"changed": "no", "grew": "no", "size_mm": "5"}),
    ("Pearly nodule", _pearly_nodule, 74, "male", "face", {"bled": "yes", "elevated": "yes", "size_mm": "7.5"}),
    ("Warty plaque", _warty_plaque, 70, "female", "trunk", {"itch": "yes", "elevated": "yes"}),
    ("Red lagoons", _red_lagoons, 49, "female", "chest", {"bled": "no", "size_mm": "4"}),
    ("Scaly patch", _scaly_patch, 79, "male", "scalp", {"itch": "yes", "hurt": "unknown"}),
    ("Mole of someone unknown", _even_mole, None, "unknown", "unknown", _UNKNOWN),
    ("Picture too dark", _too_dark, 58, "female", "lower extremity", {"changed": "unknown"}),
)
_SCENES_DEALT_WITH: Final[tuple[Scene, ...]] = (
    ("Dark wart", _warty_plaque, 62, "male", "back", {"grew": "no", "elevated": "yes", "size_mm": "9"}),
    ("Mole at the edge", _mole_cut_off, 44, "female", "lower extremity", {"changed": "yes", "size_mm": "8"}),
)
