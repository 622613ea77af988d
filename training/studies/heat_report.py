"""The heat of a bundle as a report: each figure beside maps that see nothing, and with its weights shuffled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.data.records import Record
from training.metrics import Interval
from training.reporting.report import Cell, Picture, Report, Table
from training.studies import heat
from training.studies.heat import MAPS, NETWORK, Looked, Map
from training.studies.measured import columns, plain, spread, text

ENERGY, IOU, POINTING = "energy inside", "IoU with the mask", "pointing game, off-centre crops"
ENERGY_CROPS = "energy inside, off-centre crops"
FLOORS = {ENERGY: 0.60, IOU: 0.50, POINTING: 0.85}
MOST_ALIKE = 0.3  # rank correlation of the heat before and after the weights were shuffled

Figures = dict[str, dict[str, Interval]]  # map → figure


@dataclass(frozen=True)
class Seen:
    """What was looked at on the held-out side: whole pictures, off-centre crops, and the blind maps."""

    pictures: Mapping[str, Looked]
    crops: Mapping[str, Looked]
    blind: Mapping[str, Map]


def measure(seen: Seen, thresholds: Mapping[str, float], records: Sequence[Record], *, bootstrap: int) -> Figures:
    """Every figure of every map, with 95 % intervals over lesions."""
    values: dict[str, dict[str, dict[str, float]]] = {
        name: {figure: {} for figure in (ENERGY, IOU, POINTING, ENERGY_CROPS)} for name in MAPS
    }
    for image, one in seen.pictures.items():
        for name, found in heat.maps_of(one, seen.blind).items():
            values[name][ENERGY][image] = heat.energy(found, one.mask)
            values[name][IOU][image] = heat.overlap(found >= thresholds[name], one.mask)
    for image, one in seen.crops.items():
        for name, found in heat.maps_of(one, seen.blind).items():
            values[name][POINTING][image] = heat.pointing(found, one.mask)
            values[name][ENERGY_CROPS][image] = heat.energy(found, one.mask)
    return {
        name: {figure: heat.mean(found, records, bootstrap=bootstrap) for figure, found in figures.items() if found}
        for name, figures in values.items()
    }


def outlines(seen: Seen, records: Sequence[Record], *, bootstrap: int) -> dict[str, Interval]:
    """Dice and IoU of the runtime's refined mask with the drawn one, on whole pictures."""
    fits = {"Dice": heat.dice, "IoU": heat.overlap}
    return {
        name: heat.mean(
            {image: fit(one.found, one.mask) for image, one in seen.pictures.items()}, records, bootstrap=bootstrap
        )
        for name, fit in fits.items()
    }


def build(
    figures: Figures,
    outline: dict[str, Interval],
    shuffled: Mapping[str, NDArray[np.float64]],
    *,
    thresholds: Mapping[str, float],
    about: dict[str, Any],
) -> Report:
    """``about`` holds what was asked: bundle, split and how many pictures."""
    own = figures[NETWORK]
    missed = [name for name, floor in FLOORS.items() if name in own and own[name].value < floor]
    alike = {stage: float(values.mean()) for stage, values in shuffled.items()}
    lead = (
        f"Of the likeliest class's heat {text(own[ENERGY])} lies inside the drawn lesion; thresholded at "
        f"{thresholds[NETWORK]:.2f} of its maximum it overlaps the mask with an IoU of {text(own[IOU])}. "
        + (f"On off-centre crops it points at the lesion in {text(own[POINTING])}. " if POINTING in own else "")
        + (f"Below its floor: {', '.join(missed)}. " if missed else "No figure is below its floor. ")
        + f"With all weights shuffled its rank correlation with itself is {alike['all weights']:.2f}."
    )
    return Report(
        "Heat against drawn masks",
        lead,
        [
            _figure_table(figures, thresholds),
            Picture("maps", "Beside maps that see nothing", _CAPTION, _draw(figures)),
            _shuffled_table(shuffled),
            Table(
                "outline",
                "The refined lesion mask against the drawn one",
                columns(list(outline)),
                [[value for one in outline.values() for value in (one.value, one.low, one.high)]],
                "The network's mask, sharpened by colour as the descriptors use it (inference.lesion).",
            ),
        ],
        {
            **about,
            "thresholds": dict(thresholds),
            "floors": FLOORS,
            "figures": {name: {key: plain(one) for key, one in found.items()} for name, found in figures.items()},
            "outline": {name: plain(one) for name, one in outline.items()},
            "shuffled": {stage: {"mean": alike[stage], "n": len(values)} for stage, values in shuffled.items()},
        },
        limits=(
            "Heat on the lesion does not say that it was read rightly, only that nothing else was.",
            "A mask head was trained on masks of the training side: the network was taught where lesions are.",
        ),
    )


_CAPTION = "Lines are 95 % intervals over lesions. A figure counts by how far it stands above the grey maps."


def _figure_table(figures: Figures, thresholds: Mapping[str, float]) -> Table:
    names = list(figures[NETWORK])
    rows: list[list[Cell]] = [
        [name, thresholds[name], *(end for key in names for end in _ends(found[key]))]
        for name, found in figures.items()
    ]
    floors: list[Cell] = ["floor", None, *(end for key in names for end in (FLOORS.get(key), None, None))]
    note = (
        "The threshold of each map, a share of its own maximum, was chosen on the validation side by mean IoU. Crops "
        f"are {heat.CROP:.0%} of each side, hold half the lesion or more, and its centre lies {heat.OFF} of their "
        "sides or more off theirs. Low and high: 95 % interval by bootstrap over lesions."
    )
    title = "The network's heat and three maps that see nothing"
    return Table("figures", title, ["map", "threshold", *columns(names)], [*rows, floors], note)


def _ends(one: Interval) -> tuple[float, float, float]:
    return one.value, one.low, one.high


def _shuffled_table(shuffled: Mapping[str, NDArray[np.float64]]) -> Table:
    rows: list[list[Cell]] = [
        [stage, len(values), float(values.mean()), float(np.abs(values).mean()), float((values > MOST_ALIKE).mean())]
        for stage, values in shuffled.items()
    ]
    names = ["shuffled", "pictures", "rank correlation", "its size", f"share above {MOST_ALIKE}"]
    note = (
        "Adebayo et al. 2018: an explanation of what was learned cannot survive the loss of it. Spearman's correlation "
        f"of the same class's map before and after, at most {MOST_ALIKE} in the mean; before the ReLU, for a shuffled "
        "head leaves no heat behind it."
    )
    return Table("shuffled", "With weights in another order", names, rows, note)


def _draw(figures: Figures) -> Figure:
    names = list(figures[NETWORK])
    drawing, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
    for shift, (name, found) in enumerate(figures.items()):
        places = np.arange(len(names)) + 0.2 * (shift - 1.5)
        own = [found[key] for key in names]
        colour = "#b4451f" if name == NETWORK else ("#c9ced4", "#9aa4ae", "#6b7680")[shift - 1]
        axes.bar(places, [one.value for one in own], width=0.18, yerr=spread(own), color=colour, label=name)
    for place, key in enumerate(names):
        if key in FLOORS:
            axes.hlines(FLOORS[key], place - 0.4, place + 0.4, color="black", linewidth=1, linestyle="dotted")
    axes.set(xticks=range(len(names)), xticklabels=[name.replace(", ", "\n") for name in names], ylim=(0, 1))
    axes.legend(frameon=False, ncols=2)
    return drawing
