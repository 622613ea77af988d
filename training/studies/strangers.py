"""A sheet for review: pictures that may not belong, and pictures that may be one, each to be looked at by a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure as Drawing

from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import Twins
from training.data.twins import likeness
from training.evaluation.outliers import Strangeness
from training.reporting.report import Cell, Picture, Report, Table

ACROSS = 5  # pictures a row
PAIRS_ACROSS = 2
TO_FILL = ("decision (keep, leave out, relabel)", "decided by")


@dataclass(frozen=True)
class Pair:
    """Two records by index that ``kind`` of check finds nearly one; ``likeness`` is the correlation of all pixels."""

    a: int
    b: int
    kind: str
    likeness: float


def pairs_of(records: list[Record], pictures: Pictures, kinds: dict[str, Twins]) -> list[Pair]:
    """Each pair once, under the first kind that has it: those of two lesions first, then by likeness."""
    first: dict[tuple[int, int], str] = {}
    for kind, found in kinds.items():
        for pair in found:
            first.setdefault(pair, kind)
    made = [Pair(a, b, kind, likeness(pictures.stored[a], pictures.stored[b])) for (a, b), kind in first.items()]
    return sorted(made, key=lambda p: (records[p.a].lesion_id == records[p.b].lesion_id, -p.likeness, p.a, p.b))


def build(
    records: list[Record],
    pictures: Pictures,
    strange: Strangeness,
    pairs: list[Pair],
    *,
    basis: str,
    top: int,
    shown_pairs: int,
) -> Report:
    """The report; ``basis`` says in words what the pictures were compared by, ``top`` how many are to be reviewed."""
    order = np.argsort(strange.rank)[:top].tolist()
    across = [pair for pair in pairs if records[pair.a].lesion_id != records[pair.b].lesion_id]
    lead = (
        f"{len(order)} of {len(records):,} photographs are laid out for review because they stand apart by {basis}; "
        f"DBSCAN counts {int(strange.noise.sum()):,} as noise. {len(pairs):,} pairs are nearly one picture, "
        f"{len(across):,} of them under two lesion numbers. Nothing was deleted or left out: a person decides."
    )
    parts: list[Table | Picture] = [_strange_table(records, strange, order), _pair_table(records, pairs)]
    parts.insert(
        1, Picture("strange", "The strangest first", "Rank, image and class.", _sheet(records, pictures, order))
    )
    if pairs[:shown_pairs]:
        caption = f"The first {len(pairs[:shown_pairs])} of {len(pairs)} pairs: two lesions first, most alike first."
        parts.append(
            Picture("pairs", "Nearly one picture", caption, _pair_sheet(records, pictures, pairs[:shown_pairs]))
        )
    return Report(
        title="Pictures to look at",
        lead=lead,
        parts=parts,
        values=_values(strange, pairs, across, basis),
        limits=[
            "Standing apart is no fault: a rare lesion, a ruler or an unusual camera does so too.",
            "A wrong picture that looks like skin is not found this way.",
        ],
    )


def _values(strange: Strangeness, pairs: list[Pair], across: list[Pair], basis: str) -> dict[str, Any]:
    return {
        "basis": basis,
        "dbscan_noise": int(strange.noise.sum()),
        "pairs": len(pairs),
        "pairs_of_two_lesions": len(across),
    }


def _strange_table(records: list[Record], strange: Strangeness, order: list[int]) -> Table:
    rows: list[list[Cell]] = [
        [
            int(strange.rank[i]),
            records[i].image_id,
            records[i].lesion_id,
            records[i].diagnosis,
            records[i].source,
            float(strange.by_means[i]),
            float(strange.by_density[i]),
            "yes" if strange.noise[i] else "no",
            "",
            "",
        ]
        for i in order
    ]
    return Table(
        "flagged",
        "For review",
        ["rank", "image", "lesion", "class", "source", "k-means", "DBSCAN", "noise", *TO_FILL],
        rows,
        "k-means: distance to the nearest large cluster in its typical radii. DBSCAN: distance to the nearest dense "
        "picture in its reach; more than 1 is noise. Nothing reads the last two columns: they are for the reviewer.",
    )


def _pair_table(records: list[Record], pairs: list[Pair]) -> Table:
    rows: list[list[Cell]] = []
    for pair in pairs:
        a, b = records[pair.a], records[pair.b]
        same = "one" if a.lesion_id == b.lesion_id else "two"
        rows.append([a.image_id, b.image_id, pair.kind, pair.likeness, same, a.diagnosis, b.diagnosis, *("",) * 2])
    return Table(
        "near_duplicates",
        "Pairs that are nearly one picture",
        ["first", "second", "found as", "correlation", "lesions", "class of first", "class of second", *TO_FILL],
        rows,
        "Correlation of all pixels, each channel on its own, in the best of four poses; a copy has about 1.",
    )


def _sheet(records: list[Record], pictures: Pictures, order: list[int]) -> Drawing:
    lines = -(-len(order) // ACROSS)
    drawing, axes = plt.subplots(lines, ACROSS, figsize=(2.1 * ACROSS, 1.85 * lines), layout="tight", squeeze=False)
    for cell in axes.flat:
        cell.set_axis_off()
    for place, (cell, row) in enumerate(zip(axes.flat, order, strict=False), start=1):
        cell.imshow(pictures.stored[row])
        cell.set_title(f"{place}  {records[row].image_id}  {records[row].diagnosis}", fontsize=7)
    return drawing


def _pair_sheet(records: list[Record], pictures: Pictures, pairs: list[Pair]) -> Drawing:
    lines = -(-len(pairs) // PAIRS_ACROSS)
    size = (5.2 * PAIRS_ACROSS, 2.1 * lines)
    drawing, axes = plt.subplots(lines, PAIRS_ACROSS, figsize=size, layout="tight", squeeze=False)
    for cell in axes.flat:
        cell.set_axis_off()
    for cell, pair in zip(axes.flat, pairs, strict=False):
        gap = np.full((pictures.stored.shape[1], 6, 3), 255, np.uint8)
        cell.imshow(np.concatenate([pictures.stored[pair.a], gap, pictures.stored[pair.b]], axis=1))
        a, b = records[pair.a], records[pair.b]
        cell.set_title(f"{a.image_id} {a.diagnosis} | {b.image_id} {b.diagnosis} | {pair.likeness:.3f}", fontsize=7)
    return drawing
