"""A working day of the demo clinic: invented people, with pictures of lesions that nobody has.

``day.csv`` says who comes and what staff asked them; ``generated/`` holds the pictures, drawn by our own network, with
a manifest that says how. What a picture was drawn as stays out of the clinic, which is to see for itself.
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from cases.demo.filing import DemoCase, years_ago
from cases.vocabulary import ImageManipulation

DAY: Final = Path(__file__).parent / "day.csv"
GENERATED: Final = Path(__file__).parent / "generated"
INVENTED: Final = "INVENTED-"  # how the identifiers of people begin whom nobody knows


def cases_of_the_day(today: date) -> Iterator[DemoCase]:
    """Everybody in the order of the list, each with a number that stays when the list changes."""
    pictures = _pictures_by_class()
    for identifier, row in _people().items():
        yield DemoCase(
            identifier=identifier,
            given_name=row["given_name"],
            family_name=row["family_name"],
            reason=row["reason"],
            picture=_altered(pictures[row["made_as"]].pop(0) if row["made_as"] else b"", row["altered"]),
            image_manipulation=ImageManipulation.SYNTHETIC,
            site=row["site"],
            sex=row["sex"],
            birth_date=years_ago(float(row["age"]), today),
            intake={**_answers(row["answers"]), "size_mm": row["size_mm"]},
        )


def identifier_of(then: str) -> str:
    """Of the one whose case goes on so: "read otherwise", "another image"."""
    return next(identifier for identifier, row in _people().items() if row["then"] == then)


def _people() -> dict[str, dict[str, str]]:
    with DAY.open(newline="") as file:
        return {f"{INVENTED}{row['number']}": row for row in csv.DictReader(file)}


def _pictures_by_class() -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = defaultdict(list)
    for row in json.loads((GENERATED / "manifest.json").read_text())["images"]:
        found[row["diagnosis"]].append((GENERATED / row["image"]).read_bytes())
    return found


def _answers(told: str) -> dict[str, object]:
    """``itch=yes bled=no`` as staff would tick it."""
    return dict(answer.split("=") for answer in told.split())


def _altered(picture: bytes, how: str) -> bytes:
    """What goes wrong at a clinic: too dark, the lesion cut off, or the form photographed in place of the skin."""
    if not how:
        return picture
    image = _form() if how == "form" else Image.open(io.BytesIO(picture))
    if how == "dark":
        image = image.point([level // 12 for level in range(256)] * 3)
    if how == "cut off":
        width, height = image.size
        image = image.crop((width // 2, height // 2, width, height)).resize(image.size, Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _form() -> Image.Image:
    """A sheet of paper with lines to fill in."""
    image = Image.new("RGB", (512, 384), (238, 236, 230))
    draw = ImageDraw.Draw(image)
    draw.text((40, 28), "REFERRAL", fill=(40, 40, 48), font=ImageFont.load_default(size=34))
    for line, label in enumerate(("Name", "Born", "Referred by", "Reason", "Since", "Signature")):
        top = 96 + 44 * line
        draw.text((40, top), label, fill=(60, 60, 70), font=ImageFont.load_default(size=18))
        draw.line((170, top + 22, 470, top + 22), fill=(120, 120, 130), width=2)
    return image
