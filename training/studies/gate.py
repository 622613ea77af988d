"""What the quality gate refuses: clean pictures, blurred, dark and compressed ones, and six skin tones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.decoding import decode
from inference.manifest import InputSpec
from inference.preprocessing import prepare
from inference.quality import assess
from training.data.records import Record
from training.metrics.bootstrap import Interval, interval, rate, resamples
from training.reporting.report import Cell, Report, Table
from training.studies.corruptions import CORRUPTIONS, Spoiled, blur
from training.studies.skin_tones import TONES, angle, shifted

SEVERE_BLUR = 0.015  # sigma, share of the width

Change = Callable[[Image.Image], Spoiled]
_LEVELS = ("darker", "JPEG")  # what the gate was found to see late (docs/results)
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Gate:
    """One way of changing N pictures: which of them (N,) the gate refuses, and how often for each reason.

    ``hinted``: share of the pictures that it accepts with a hint. ``angle``: mean ITA of the skin after the change, in
    degrees.
    """

    change: str
    hits: Flags = field(repr=False)
    reasons: dict[str, int]
    angle: float
    hinted: float = 0.0

    @property
    def refused(self) -> float:
        return float(self.hits.mean())


def study(records: Sequence[Record], spec: InputSpec) -> list[Gate]:
    """Clean, severely blurred, shifted to each tone, and at five levels each of too little light and of JPEG."""
    changes: dict[str, Change] = {"clean": lambda picture: picture}
    changes[f"blur, sigma {SEVERE_BLUR:.1%} of the width"] = partial(blur, share=SEVERE_BLUR)
    changes |= {f"skin: {tone.name}": partial(shifted, tone=tone) for tone in TONES}
    changes |= {
        f"{kind.name}, {kind.unit} {level:g}": partial(_spoiled, apply=kind.apply, level=level)
        for kind in CORRUPTIONS
        if kind.name in _LEVELS
        for level in kind.levels
    }
    return [_gate(name, change, records, spec) for name, change in changes.items()]


def _spoiled(picture: Image.Image, *, apply: Callable[[Image.Image, float], Spoiled], level: float) -> Spoiled:
    return apply(picture, level)


def _gate(name: str, change: Change, records: Sequence[Record], spec: InputSpec) -> Gate:
    reasons: Counter[str] = Counter()
    hits, hinted, angles = [], [], []
    for record in records:
        spoiled = change(decode(record.image.read_bytes()))
        picture = decode(spoiled) if isinstance(spoiled, bytes) else spoiled
        report = assess(prepare(picture, spec))
        reasons.update(report.reasons)
        hits.append(not report.acceptable)
        hinted.append(report.acceptable and bool(report.hints))
        angles.append(angle(picture))
    return Gate(name, np.array(hits), dict(reasons.most_common()), float(np.mean(angles)), float(np.mean(hinted)))


def gap(gates: Sequence[Gate], lesion: NDArray[np.int64], *, bootstrap: int) -> Interval:
    """The largest difference of the refused share between two skin tones, with its interval over lesions.

    ``lesion`` (N,) of the pictures, which are the same on every tone. A largest difference is never below zero, so
    chance alone lifts its draws: an interval that begins above zero is not yet a difference.
    """
    tones = np.stack([gate.hits for gate in gates if gate.change.startswith("skin")])
    draws = [float(np.ptp(tones[:, rows].mean(axis=1))) for rows in resamples(lesion, bootstrap)]
    return interval(float(np.ptp(tones.mean(axis=1))), draws)


def build(gates: Sequence[Gate], records: Sequence[Record], *, about: dict[str, Any], bootstrap: int) -> Report:
    """``about``: the ``side`` that was measured and the ``bundle`` whose input size the pictures were brought to."""
    clean, blurred, side = gates[0], gates[1], about["side"]
    lesion = np.unique([record.lesion_id for record in records], return_inverse=True)[1]
    shares = [rate(gate.hits, lesion, bootstrap=bootstrap) for gate in gates]
    between = gap(gates, lesion, bootstrap=bootstrap)
    lead = (
        f"The gate refuses {_percent(shares[0])} of {len(clean.hits)} clean pictures of the {side} side and "
        f"{blurred.refused:.1%} of the same with a severe blur. Between {len(TONES)} skin tones the refused share "
        f"differs by {between.value * 100:.1f} points ({between.low * 100:.1f}–{between.high * 100:.1f})."
    )
    rows: list[list[Cell]] = [
        [gate.change, share.value, share.low, share.high, gate.hinted, gate.angle, _counted(gate.reasons)]
        for gate, share in zip(gates, shares, strict=True)
    ]
    columns = ("pictures", "refused", "from", "to", "accepted with a hint", "mean ITA, degrees", "reasons")
    measured = [
        {
            "change": gate.change,
            "n": len(gate.hits),
            **asdict(share),
            "reasons": gate.reasons,
            "hinted": gate.hinted,
            "angle": gate.angle,
        }
        for gate, share in zip(gates, shares, strict=True)
    ]
    return Report(
        "What the quality gate refuses",
        lead,
        [Table("gate", "Refused", columns, rows, "Intervals are 95 % by bootstrap over lesions.")],
        {**about, "lesions": int(lesion.max()) + 1, "gates": measured, "tone_gap": asdict(between)},
        limits=_limits(side),
    )


def _limits(side: str) -> tuple[str, ...]:
    chosen = ("The gate's limits were set on this side: its false refusals are flattered.",)
    return (
        *(chosen if side == "validation" else ()),
        "The tones are computed from pictures of light skin; they are no photographs of dark skin.",
        f"The gap is the largest of {comb(len(TONES), 2)} differences, never below zero: chance alone lifts it.",
        "A picture may be refused for several reasons and counts once.",
    )


def _percent(share: Interval) -> str:
    return f"{share.value:.1%} ({share.low:.1%}–{share.high:.1%})"


def _counted(reasons: dict[str, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in reasons.items())
