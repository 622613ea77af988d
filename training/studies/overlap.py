"""How much of a test side shows lesions that training has seen, for honest splits and for those that leak."""

from __future__ import annotations

from collections.abc import Sequence

from training.data.records import Record
from training.data.schemes import overlap
from training.data.splits import Split
from training.metrics import RARE_FIRST
from training.reporting.report import Cell, Report, Table


def build(splits: Sequence[Split], records: list[Record]) -> Report:
    """The report over ``splits`` of ``records``, leaky ones among them."""
    shares = {split.scheme: shared_by_class(split, records) for split in splits}
    leaky = [overlap(split, records) for split in splits if split.leaks]
    honest = [overlap(split, records) for split in splits if not split.leaks]
    lead = (
        f"Split by image, {min(leaky):.1%} to {max(leaky):.1%} of the test photographs show a lesion that "
        f"training has another photograph of; split by lesion or by source, {max(honest):.1%}. A figure from a "
        "split by image measures in part how well photographs are remembered."
    )
    rows: list[list[Cell]] = [
        [split.scheme, len(split.test), *(shares[split.scheme][key] for key in ("all", *RARE_FIRST))]
        for split in splits
    ]
    table = Table(
        "overlap",
        "Test photographs whose lesion is in training",
        ["split", "test photographs", "all", *RARE_FIRST],
        rows,
        "Shares, 0 to 1, of the test photographs of each class, the rare classes first.",
    )
    return Report("What a split shares with training", lead, [table], {"overlap": shares})


def shared_by_class(split: Split, records: list[Record]) -> dict[str, float | None]:
    """``overlap`` over all classes and in each; None for a class that is not tested."""
    diagnosis = {record.image_id: record.diagnosis for record in records}
    shares: dict[str, float | None] = {"all": overlap(split, records)}
    for code in RARE_FIRST:
        tested = [image for image in split.test if diagnosis[image] == code]
        shares[code] = overlap(split, records, tested) if tested else None
    return shares
