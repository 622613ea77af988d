"""The theme's variables as the style sheet has them, by day and by night, and the contrast between its colours."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.contrib.staticfiles import finders

_VARIABLE = re.compile(r"--([\w-]+):\s*([^;]+);")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
# Text and the grounds it stands on: each pair must be readable (WCAG 2.2, 1.4.3: 4.5 to 1).
PAIRS = {
    "ink": ("paper", "ground", "line-2"),
    "ink-2": ("paper", "ground", "line-2"),
    "accent": ("paper", "ground"),
    "accent-strong": ("accent-soft",),
    "accent-ink": ("accent", "accent-strong"),
    "urgent": ("paper", "urgent-soft"),
    "soon": ("paper", "soon-soft"),
    "routine": ("paper", "routine-soft"),
    "unsure": ("paper", "unsure-soft"),
    "viewer-ink": ("viewer", "viewer-2"),
}
READABLE = 4.5


class Pair(NamedTuple):
    """One colour of text on one ground."""

    text: str
    ground: str
    text_colour: str
    ground_colour: str

    @property
    def contrast(self) -> float:
        lighter, darker = sorted((_luminance(self.text_colour), _luminance(self.ground_colour)), reverse=True)
        return (lighter + 0.05) / (darker + 0.05)

    @property
    def is_readable(self) -> bool:
        return self.contrast >= READABLE


class Theme(NamedTuple):
    """All variables under one light."""

    light: str
    variables: Mapping[str, str]

    @property
    def colours(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self.variables.items() if _COLOUR.fullmatch(value)]

    @property
    def pairs(self) -> list[Pair]:
        values = self.variables
        return [Pair(text, ground, values[text], values[ground]) for text in PAIRS for ground in PAIRS[text]]

    def starting(self, prefix: str) -> list[tuple[str, str]]:
        """Variables of one kind, as "s1" to "s6"."""
        return [(name, value) for name, value in self.variables.items() if re.fullmatch(rf"{prefix}(-\w+|\d*)", name)]


@cache
def themes() -> tuple[Theme, Theme]:
    """By day, and by night: what the night does not say anew is as by day."""
    text = Path(finders.find("css/theme.css")).read_text(encoding="utf-8")
    day, night = (
        dict(_VARIABLE.findall(block))
        for block in re.findall(r"^ *:root \{(.*?)\}", text, re.MULTILINE | re.DOTALL)[:2]
    )
    return Theme("light", day), Theme("dark", day | night)


def _luminance(colour: str) -> float:
    """Relative luminance of sRGB, 0 to 1, as WCAG defines it."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
