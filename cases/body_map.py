"""The body map: simple shapes from the front and from behind, each standing for a site and a side.

Coordinates are of the drawing, WIDTH by HEIGHT. A figure is drawn around x = 0 with the shapes of one of its sides and
of its middle; the other side is the mirror image. From the front the patient's right is on the left, from behind it is
on the right.
"""

import re
from typing import Final, NamedTuple

from cases.vocabulary import Laterality, Site

WIDTH, HEIGHT = 340, 386
_FRONT_AT, _BACK_AT, _TOP = 86, 254, 8


class Region(NamedTuple):
    """One place to choose; `path` is what SVG draws, `name` what a screen reader says."""

    site: str
    laterality: str
    view: str
    path: str

    @property
    def name(self) -> str:
        side = "" if self.laterality == Laterality.UNKNOWN else f", {Laterality(self.laterality).label.lower()}"
        return f"{Site(self.site).label}{side}, seen from {'the front' if self.view == 'front' else 'behind'}"


# site → the shape on the left of the drawing, and the one in the middle ("" where there is none): absolute commands.
_EITHER_VIEW: Final = {
    "upper extremity": ("M-43,71 C-52,72 -56,78 -57,90 L-67,171 L-52,174 L-43,104 Z", ""),
    "hand": ("M-67,174 L-52,177 L-51,196 C-54,206 -66,206 -69,196 Z", ""),
    "foot": ("M-7,313 L-25,313 L-33,329 C-26,337 -14,336 -6,331 Z", ""),
}
_FRONT: Final = {
    "scalp": ("M-8,0 C-20,2 -25,9 -26,17 L-8,17 Z", "M-8,0 C-3,-1 3,-1 8,0 L8,17 L-8,17 Z"),
    "face": ("M-26,19 L-8,19 L-8,53 C-19,50 -26,38 -26,19 Z", "M-8,19 L8,19 L8,53 C3,55 -3,55 -8,53 Z"),
    "ear": ("M-28,20 C-37,18 -38,34 -28,36 Z", ""),
    "neck": ("M-17,53 L-7,56 L-7,66 L-20,66 Z", "M-7,56 L7,56 L7,66 L-7,66 Z"),
    "chest": ("M-11,68 L-24,68 C-36,69 -41,72 -41,80 L-39,118 L-11,118 Z", "M-11,68 L11,68 L11,118 L-11,118 Z"),
    "abdomen": ("M-39,120 L-11,120 L-11,168 L-39,168 Z", "M-11,120 L11,120 L11,168 L-11,168 Z"),
    "genital": ("", "M-14,170 L14,170 L5,192 L-5,192 Z"),
    "lower extremity": ("M-39,170 L-17,170 L-7,194 L-3,196 L-7,311 L-25,311 L-41,205 Z", ""),
    "acral": ("M-28,350 C-28,342 -8,342 -8,350 L-10,368 C-14,374 -22,374 -26,368 Z", ""),
}
_BACK: Final = {
    "scalp": ("M-8,0 C-20,2 -26,12 -26,24 L-22,44 L-8,48 Z", "M-8,0 C-3,-1 3,-1 8,0 L8,48 L-8,48 Z"),
    "ear": ("M-28,20 C-37,18 -38,34 -28,36 Z", ""),
    "neck": ("M-17,48 L-7,51 L-7,66 L-20,66 Z", "M-7,51 L7,51 L7,66 L-7,66 Z"),
    "back": ("M-11,68 L-24,68 C-36,69 -41,72 -41,80 L-39,144 L-11,144 Z", "M-11,68 L11,68 L11,144 L-11,144 Z"),
    "trunk": ("M-39,146 L-11,146 L-11,186 L-40,186 Z", "M-11,146 L11,146 L11,186 L-11,186 Z"),
    "lower extremity": ("M-40,188 L-3,188 L-7,311 L-25,311 L-41,215 Z", ""),
    "acral": ("M-25,343 C-12,340 -9,352 -12,360 C-12,372 -22,375 -24,364 C-26,356 -28,350 -25,343 Z", ""),
}


def _moved(path: str, by: float, *, mirrored: bool = False) -> str:
    """The path around another x, its left and right exchanged or not."""

    def point(found: re.Match[str]) -> str:
        x, y = float(found[1]), float(found[2])
        return f"{(-x if mirrored else x) + by:g},{y + _TOP:g}"

    return re.sub(r"(-?[\d.]+),(-?[\d.]+)", point, path)


def _figure(view: str, at: float, shapes: dict[str, tuple[str, str]]) -> list[Region]:
    sides = (Laterality.RIGHT, Laterality.LEFT) if view == "front" else (Laterality.LEFT, Laterality.RIGHT)
    regions = []
    for site, (outer, middle) in shapes.items():
        if outer:
            regions.append(Region(site, sides[0], view, _moved(outer, at)))
        if middle:
            regions.append(Region(site, Laterality.MIDLINE, view, _moved(middle, at)))
        if outer:
            regions.append(Region(site, sides[1], view, _moved(outer, at, mirrored=True)))
    return regions


REGIONS: Final = (
    *_figure("front", _FRONT_AT, _FRONT | _EITHER_VIEW),
    *_figure("back", _BACK_AT, _BACK | _EITHER_VIEW),
)
OUTLINE: Final = " ".join(region.path for region in REGIONS)


def shapes_of(site: str, laterality: str) -> str:
    """Every shape of this place as one path: of all its sides where the side is unknown; "" where nothing is drawn."""
    whole = laterality == Laterality.UNKNOWN
    return " ".join(each.path for each in REGIONS if each.site == site and (whole or each.laterality == laterality))
