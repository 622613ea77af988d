"""What the quality gate refuses: clean pictures, severely blurred ones, and the same pictures on five skin tones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
from PIL import Image

from inference.decoding import decode
from inference.manifest import InputSpec
from inference.preprocessing import prepare
from inference.quality import assess
from training.data.records import Record
from training.reporting.report import Cell, Report, Table
from training.studies.corruptions import blur
from training.studies.skin_tones import TONES, angle, shifted

SEVERE_BLUR = 0.015  # sigma, share of the width

Change = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Gate:
    """One way of changing N pictures: the share that the gate refuses, and how often for each reason.

    ``angle``: mean ITA of the skin after the change, in degrees.
    """

    change: str
    n: int
    refused: float
    reasons: dict[str, int]
    angle: float


def study(records: Sequence[Record], spec: InputSpec) -> list[Gate]:
    """Clean, severely blurred, and shifted to each tone."""
    changes: dict[str, Change] = {"clean": lambda picture: picture}
    changes[f"blur, sigma {SEVERE_BLUR:.1%} of the width"] = partial(blur, share=SEVERE_BLUR)
    changes |= {f"skin: {tone.name}": partial(shifted, tone=tone) for tone in TONES}
    return [_gate(name, change, records, spec) for name, change in changes.items()]


def _gate(name: str, change: Change, records: Sequence[Record], spec: InputSpec) -> Gate:
    reasons: Counter[str] = Counter()
    refused, angles = 0, []
    for record in records:
        picture = change(decode(record.image.read_bytes()))
        report = assess(prepare(picture, spec))
        reasons.update(report.reasons)
        refused += not report.acceptable
        angles.append(angle(picture))
    return Gate(name, len(records), refused / len(records), dict(reasons.most_common()), float(np.mean(angles)))


def gap(gates: Sequence[Gate]) -> float:
    """The largest difference of the refused share between two skin tones."""
    shares = [gate.refused for gate in gates if gate.change.startswith("skin")]
    return max(shares) - min(shares)


def build(gates: Sequence[Gate], *, side: str) -> Report:
    clean, blurred = gates[0], gates[1]
    lead = (
        f"The gate refuses {clean.refused:.1%} of {clean.n} clean pictures of the {side} side and "
        f"{blurred.refused:.1%} of the same with a severe blur. Between five skin tones the refused share differs by "
        f"{gap(gates) * 100:.1f} points."
    )
    rows: list[list[Cell]] = [
        [
            gate.change,
            gate.n,
            gate.refused,
            gate.angle,
            ", ".join(f"{reason} {count}" for reason, count in gate.reasons.items()),
        ]
        for gate in gates
    ]
    return Report(
        "What the quality gate refuses",
        lead,
        [Table("gate", "Refused", ("pictures", "n", "refused", "mean ITA, degrees", "reasons"), rows)],
        {"side": side, "gates": [asdict(gate) for gate in gates], "tone_gap": gap(gates)},
        limits=(
            "The tones are computed from pictures of light skin; they are no photographs of dark skin.",
            "A picture may be refused for several reasons and counts once.",
        ),
    )
