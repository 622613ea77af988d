"""The report of ``generate score``: what generated pictures are worth, class by class, and a sheet to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray

from training.data.synthetic import Manifest
from training.reporting.report import Cell, Picture, Report, Table
from training.synthesis.distances import KernelDistance
from training.synthesis.scoring import Distances, Reference

Bytes = NDArray[np.uint8]
ACROSS = 8  # pictures a row of the sheet
_CHECKS = ("agrees", "copy", "report_filter", "passes")


def build(
    manifest: Manifest,
    pictures: Sequence[Bytes],
    real: Reference,
    distances: Sequence[Distances],
    *,
    photographs: Mapping[str, Sequence[Bytes]] | None = None,
    sheet: bool = True,
) -> Report:
    """The report; ``photographs`` by class are shown above the generated ones, without ``sheet`` no picture is."""
    rows = [_row(code, manifest) for code in manifest.counts()]
    passing = sum(int(image.scores["passes"]) for image in manifest.images)
    copies = sum(int(image.scores["copy"]) for image in manifest.images)
    lead = (
        f"{passing} of {len(manifest.images)} generated pictures pass: no copy of a training photograph, the class "
        f"that they were made as, and a NIQE up to {real.worst_niqe:.2f}, that of 95 % of photographs. {copies} lie "
        "too near to a training photograph."
    )
    columns = ("class", "pictures", "NIQE, median", "BRISQUE distance, median", "agree", "copies", "report's", "pass")
    table = Table(
        "classes",
        "By class",
        columns,
        rows,
        "NIQE, BRISQUE: lower is better. "
        f"NIQE of photographs: median {float(np.median(real.niqe)):.2f}. Agree: our network's likeliest class, "
        "prior-free. Report's: how many the report's filter lets through, which is no measure of quality.",
    )
    parts: list[Table | Picture] = [table, _distances(distances)]
    if sheet:
        drawing = _sheet(manifest, pictures, photographs or {})
        parts.append(Picture("sheet", "Pictures", _caption(photographs), drawing))
    return Report(
        "Generated pictures",
        " ".join([lead, *_farther(distances)]),
        parts,
        values={
            "manifest_sha256": manifest.digest(),
            "limits": real.limits.to_dict(),
            "worst_niqe": real.worst_niqe,
            "classes": [dict(zip(columns, row, strict=True)) for row in rows],
            "distances": [_plain(found) for found in distances],
        },
        limits=[
            "The network that judges learned from the same photographs as the generator: both may miss one thing.",
            "KID and FID use our network's features and compare with no published figure; of few they are unsure.",
            "Whether a picture is medically right is for people to say: let two review before anything learns from it.",
        ],
    )


def _row(code: str, manifest: Manifest) -> list[Cell]:
    scores = [image.scores for image in manifest.images if image.diagnosis == code]
    counted: list[Cell] = [int(sum(one[check] for one in scores)) for check in _CHECKS]
    medians: list[Cell] = [float(np.median([one[name] for one in scores])) for name in ("niqe", "brisque")]
    return [code, len(scores), *medians, *counted]


def _distances(distances: Sequence[Distances]) -> Table:
    rows: list[list[Cell]] = [
        [
            one.code,
            *(_said(found) for found in (one.generated, one.blurred, one.halves)),
            one.count,
            *(one.frechet.get(name) for name in ("generated", "blurred", "halves")),
        ]
        for one in distances
    ]
    return Table(
        "distances",
        "How far from half of the training photographs of the class",
        (
            *("class", "KID, generated", "KID, other half blurred", "KID, other half", "pictures for FID"),
            *("FID, generated", "FID, other half blurred", "FID, other half"),
        ),
        rows,
        "Lower is nearer; the other half shows what no difference is. A lesion is in one half alone. KID: mean ± "
        "standard deviation of 50 draws, each of at most half of the smaller set. FID falls with the number of "
        "pictures, so it is computed of as many from each set.",
    )


def _farther(distances: Sequence[Distances]) -> list[str]:
    """A sentence on the classes that a severe blur takes no farther from photographs, as far as KID can tell."""
    pairs = [(one.code, one.generated, one.blurred) for one in distances]
    far = [code for code, made, blurred in pairs if made and blurred and made.value + made.deviation >= blurred.value]
    told = "lie about as far from photographs as severely blurred photographs do, or farther"
    return [f"By KID the pictures of {', '.join(far)} {told}."] if far else []


def _said(found: KernelDistance | None) -> Cell:
    return f"{found.value:.4f} ± {found.deviation:.4f}" if found else None


def _plain(found: Distances) -> dict[str, Cell]:
    kinds = {"generated": found.generated, "blurred": found.blurred, "halves": found.halves}
    kid = {f"kid_{kind}": one.value if one else None for kind, one in kinds.items()}
    spread = {f"kid_{kind}_deviation": one.deviation if one else None for kind, one in kinds.items()}
    fid = {f"fid_{kind}": found.frechet.get(kind) for kind in kinds}
    return {"class": found.code, **kid, **spread, "fid_pictures": found.count, **fid}


def _caption(photographs: Mapping[str, Sequence[Bytes]] | None) -> str:
    order = "Each class: a row of photographs, then generated ones." if photographs else "Generated pictures, by class."
    return f"{order} A generated picture is no finding of anybody's."


def _sheet(manifest: Manifest, pictures: Sequence[Bytes], photographs: Mapping[str, Sequence[Bytes]]) -> Drawing:
    lines: list[tuple[str, Sequence[Bytes]]] = []
    for code in manifest.counts():
        if code in photographs:
            lines.append((f"{code}: photographs", photographs[code]))
        lines.append(
            (f"{code}: generated", [p for i, p in zip(manifest.images, pictures, strict=True) if i.diagnosis == code])
        )
    drawing, axes = plt.subplots(len(lines), ACROSS, figsize=(1.5 * ACROSS, 1.25 * len(lines)), squeeze=False)
    for cell in axes.flat:
        cell.set_axis_off()
    for row, (name, shown) in zip(axes, lines, strict=True):
        row[0].set_title(name, fontsize=8, loc="left")
        for cell, image in zip(row, shown, strict=False):
            cell.imshow(image)
    drawing.tight_layout(pad=0.3)
    return drawing
