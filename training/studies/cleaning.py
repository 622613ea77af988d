"""The ways of cleaning side by side: rows, ages, and what they change in the numbers that a network sees."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

from inference.metadata import MetadataEncoding
from training.data.cleaning import MODES, Cleaned, clean, encoded, median_age
from training.data.records import Record
from training.data.sides import rows_of
from training.data.splits import Split
from training.evaluation.calibration import probabilities
from training.evaluation.judged import judged_rows
from training.evaluation.paired import Difference, gain
from training.metrics import Answers, recall_balanced
from training.reporting.report import Report, Table
from training.studies import floor_models
from training.studies.measured import plain, text


@dataclass(frozen=True)
class Effect:
    """What one way of cleaning does; shares and means are over the rows that it keeps."""

    rows: int
    dropped: int
    filled_in: int
    filled_age: int | None
    age_known: float  # share of rows
    age_encoded: float  # mean of (age - centre) / scale over all rows, unknown as 0
    rows_encoded_otherwise: int  # than by 'keep'


FILLED = "mean-age"  # the one mode that fills in and keeps all rows, so that it can be paired with 'keep'


def forest(records: list[Record], split: Split, mode: str, seed: int) -> Answers:
    """Validation answers of the floor's forest that reads age, sex and site alone, after cleaning by ``mode``.

    'keep' gives it the training median for an unknown age, and beside it that the age is unknown.
    """
    cleaned = clean(records, mode).records
    target, train = floor_models.targets(cleaned), rows_of(split, cleaned, "train")
    x = floor_models.metadata(cleaned, train)
    seeded = replace(floor_models.MODELS[floor_models.FOREST], make=lambda: floor_models.forest(seed))
    scores, _ = floor_models.fit_scores(seeded, x, target, train)
    judged = judged_rows(image=scores, metadata=np.zeros_like(scores), records=cleaned)
    p = probabilities(scores, 1.0, floor_models.log_prior(target[train]))
    return judged.answers("image", p).take(np.array(rows_of(split, cleaned, "validation")))


def worth(records: list[Record], split: Split, *, seeds: int, bootstrap: int) -> tuple[Difference, list[float]]:
    """What filling in is worth over 'keep': of the mean scores of ``seeds`` forests, and of each pair of forests.

    A forest of so few and coarse numbers moves by points with its seed, which no interval over lesions holds.
    """
    asked = {mode: [forest(records, split, mode, seed) for seed in range(seeds)] for mode in (FILLED, "keep")}
    joint = {mode: replace(one[0], scores=np.mean([a.scores for a in one], axis=0)) for mode, one in asked.items()}
    pairs = zip(asked[FILLED], asked["keep"], strict=True)
    each = [recall_balanced(filled) - recall_balanced(kept) for filled, kept in pairs]
    return gain(joint[FILLED], joint["keep"], bootstrap=bootstrap), each


def compare(records: list[Record], split: Split, *, seeds: int = 5, bootstrap: int = 1000) -> Report:
    """Every mode of ``training.data.cleaning`` on ``records``; ages are centred on the training side of ``split``."""
    train = set(split.train)
    centre = median_age([record for record in records if record.image_id in train])
    encoding = MetadataEncoding(age_center=centre)
    effects = {mode: _effect(records, clean(records, mode), encoding) for mode in MODES}
    report = effects["report"]
    won, each = worth(records, split, seeds=seeds, bootstrap=bootstrap)
    return Report(
        title="What cleaning the metadata changes",
        lead=(
            f"By default all {len(records)} rows are kept and unknown stays unknown; ages are centred on {centre:g} "
            f"years, the median of the training side. The report's preparation keeps {report.rows} rows and gives "
            f"{report.filled_in} of them the age {report.filled_age}, the mean of the whole set, test side included. "
            f"To {seeds} forests that read age, sex and site alone, mean ages are worth {text(won.difference)} of "
            f"balanced accuracy (p/prior) over median and indicator: {won.b:.3f} against {won.a:.3f}, validation side; "
            f"forest by forest {min(each):+.3f} to {max(each):+.3f}."
        ),
        parts=[_table(effects)],
        values={
            "forests on metadata, validation side (p/prior)": {
                "keep": won.a,
                FILLED: won.b,
                "gain": plain(won.difference),
                "p": won.p,
                "gain by seed": each,
            },
            "train_median_age": centre,
            "modes": {mode: asdict(effect) for mode, effect in effects.items()},
        },
        limits=[
            "What cleaning does to a network's figures is measured by ablation --switch mean-age, not here.",
            "The modes keep different rows: figures from them are on different test sides.",
        ],
    )


def _effect(records: list[Record], cleaned: Cleaned, encoding: MetadataEncoding) -> Effect:
    before = dict(zip((r.image_id for r in records), encoded(records, encoding), strict=True))
    after = encoded(cleaned.records, encoding)
    changed = [not np.array_equal(row, before[r.image_id]) for r, row in zip(cleaned.records, after, strict=True)]
    return Effect(
        rows=len(cleaned.records),
        dropped=len(records) - len(cleaned.records),
        filled_in=cleaned.changes.get("age missing, filled in", 0),
        filled_age=cleaned.filled_age,
        age_known=float(after[:, encoding.columns.index("age_known")].mean()),
        age_encoded=float(after[:, encoding.columns.index("age")].mean()),
        rows_encoded_otherwise=sum(changed),
    )


def _table(effects: dict[str, Effect]) -> Table:
    columns = ("cleaning", "rows", "dropped", "ages filled in", "filled in by", "age known", "age encoded", "changed")
    return Table(
        name="cleaning",
        title="Ways of cleaning",
        columns=columns,
        rows=[(mode, *asdict(effect).values()) for mode, effect in effects.items()],
        note="Age known: share of the rows kept. Age encoded: their mean number for age, 0 at the training side's "
        "median. Changed: rows kept whose numbers differ from those by 'keep'. "
        + " ".join(f"{mode}: {text}." for mode, text in MODES.items()),
    )
