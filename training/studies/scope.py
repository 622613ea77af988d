"""How well a bundle knows what it has never seen: its test side against probes, and what silence buys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from inference.bundle import Bundle
from inference.decoding import decode
from inference.manifest import ScopeSection
from inference.preprocessing import prepare
from inference.quality import assess
from inference.runtime import Runtime
from inference.scope import FeatureSpace
from training.data.records import Record
from training.evaluation.calibration import probabilities
from training.export.scope import area, counted, judged
from training.reporting.report import Picture, Report, Table
from training.studies.probes import Probe

COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)
PROBE_SEEDS = (0, 2, 3, 4)  # those of seed 1 were looked at while the score was made

# How REFUSED and the form of the score came about, 2026-11-26: for the card and the page.
CHOSEN = (
    (
        "These figures are not wholly unseen. A limit that gave up 2.5 % of the validation side refused 4.3 % of the "
        "test side; it was moved to .5 % after that look, judged on the validation side and on probes of seed 1."
    ),
    (
        "The form of the score was chosen among some fifty on the validation side and on probes of seed 1, of the same "
        "six families; those of seed 0 had been seen with the first limit. What lies outside these families was never "
        "tried."
    ),
)

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Refusals:
    """Of N pictures: scores (N,), and which the quality gate and which the scope refuses (N,)."""

    scores: NDArray[np.float64]
    low_quality: Flags
    out_of_scope: Flags

    @property
    def refused(self) -> Flags:
        return self.low_quality | self.out_of_scope


def of_records(
    bundle: Bundle, space: FeatureSpace, section: ScopeSection, records: Sequence[Record], embeddings: Floats
) -> Refusals:
    """``embeddings`` (N,C) of the records, in their order."""
    spec = bundle.manifest.input
    fit = [assess(prepare(decode(record.image.read_bytes()), spec)).acceptable for record in records]
    return _refusals(bundle, space, section, embeddings, fit)


def of_probes(bundle: Bundle, space: FeatureSpace, section: ScopeSection, probes: Sequence[Probe]) -> Refusals:
    runtime = Runtime(lambda: bundle.model)
    rows: list[Floats] = []
    fit: list[bool] = []
    for probe in probes:
        prepared = prepare(probe.picture, bundle.manifest.input)
        fit.append(assess(prepared).acceptable)
        rows.append(runtime.run(prepared.tensor)[0].mean(axis=(1, 2), dtype=np.float32))
    return _refusals(bundle, space, section, np.stack(rows), fit)


def _refusals(
    bundle: Bundle, space: FeatureSpace, section: ScopeSection, embeddings: Floats, fit: list[bool]
) -> Refusals:
    reports = judged(space, section, bundle.head, embeddings)
    return Refusals(
        np.array([report.score for report in reports]),
        ~np.array(fit),
        np.array([not report.inside for report in reports]),
    )


def selective_risk(bundle: Bundle, records: Sequence[Record], embeddings: Floats) -> list[dict[str, float]]:
    """Wrong answers (arg-max of the calibrated p, fused) among the most certain share of N pictures."""
    encoding, head, calibration = bundle.manifest.metadata_encoding, bundle.head, bundle.manifest.calibration
    metadata = np.stack([head.metadata_logits(encoding.encode(record.metadata)) for record in records])
    scores = np.stack([head.image_logits(row) for row in embeddings]).astype(np.float64) + metadata
    log_prior = np.array([calibration.log_prior[code] for code in bundle.manifest.labels])
    p = probabilities(scores, calibration.temperature_fused, log_prior)
    truth = np.array([bundle.manifest.labels.index(record.diagnosis) for record in records])
    wrong = (p.argmax(axis=1) != truth)[np.argsort(-p.max(axis=1), kind="stable")]
    kept = [max(1, round(share * len(wrong))) for share in COVERAGES]
    return [{"coverage": share, "risk": float(wrong[:n].mean())} for share, n in zip(COVERAGES, kept, strict=True)]


def measure(test: Refusals, probed: Refusals, probes: Sequence[Probe]) -> dict[str, Any]:
    """Shares refused on the test side and of each family, and the area under the ROC of the score between them."""
    family = np.array([probe.family for probe in probes])
    seed = np.array([probe.seed for probe in probes])
    truth = np.r_[np.zeros(len(test.scores)), np.ones(len(probed.scores))]
    return {
        "auroc": float(roc_auc_score(truth, np.r_[test.scores, probed.scores])),
        "test": _shares(test, np.ones(len(test.scores), bool)),
        "probes": {str(name): _shares(probed, family == name) for name in dict.fromkeys(family)},
        "all_probes": _shares(probed, np.ones(len(family), bool)),
        "probe_seeds": {str(one): _shares(probed, seed == one) for one in dict.fromkeys(seed.tolist())},
    }


def _shares(found: Refusals, of: Flags) -> dict[str, float]:
    kinds = ("low_quality", "out_of_scope", "refused")
    return {"n": int(of.sum()), **{kind: float(getattr(found, kind)[of].mean()) for kind in kinds}}


def build(measured: dict[str, Any], test: Refusals, probed: Refusals, bundle: dict[str, str]) -> Report:
    seeds = {f"probes of seed {seed}": row for seed, row in measured["probe_seeds"].items()}
    shares = {"test side": measured["test"], **measured["probes"], **seeds, "all probes": measured["all_probes"]}
    columns = ("pictures", "n", "below the quality gate", "out of scope", "refused by one or the other")
    rows = [[name, row["n"], row["low_quality"], row["out_of_scope"], row["refused"]] for name, row in shares.items()]
    curve = measured["selective_risk"]
    lead = (
        f"{counted(measured['all_probes'])} probes are refused, and {counted(measured['test'])} test images "
        f"({measured['test']['refused']:.1%}). The score tells them apart with an area under the ROC of "
        f"{area(measured['auroc'])}."
    )
    return Report(
        "What the bundle has never seen",
        lead,
        [
            Picture(
                "scores", "Scores", "Test images and probes; the line is the limit.", _draw(measured, test, probed)
            ),
            Table("refused", "Refused", columns, rows),
            Table(
                "selective_risk",
                "Selective risk (test side, fused, arg-max p)",
                ("answered", "wrong"),
                [[point["coverage"], point["risk"]] for point in curve],
                "The least certain answers are left out first.",
            ),
        ],
        {"bundle": bundle, **measured},
        limits=(
            "The everyday photographs are windows of three; all other probes are drawn or computed.",
            "Clinical close-ups, mucosa, nails and animals were not at hand.",
            *measured["chosen"],
        ),
    )


def _draw(measured: dict[str, Any], test: Refusals, probed: Refusals) -> Figure:
    drawing, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    bins = np.linspace(-5, 25, 90)
    for name, found in (("test side", test), ("probes", probed)):
        axes.hist(found.scores.clip(-5, 25), bins.tolist(), density=True, alpha=0.6, label=name)
    axes.axvline(measured["limit"], color="#16191d", linewidth=1)
    axes.set(xlabel="score (25 and more in the last bin)", ylabel="density")
    axes.legend(frameon=False)
    return drawing
