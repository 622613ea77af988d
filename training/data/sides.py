"""The photographs of one side of a split, found in the data at hand."""

from __future__ import annotations

from collections.abc import Sequence

from training.data.records import DataError, Record
from training.data.splits import Split


def rows_of(split: Split, records: Sequence[Record], side: str) -> list[int]:
    """Positions in ``records`` of the photographs of ``side``, in the split's order.

    Raises ``DataError`` when one is not among them: a figure of the others would not be one of that side.
    """
    place = {record.image_id: i for i, record in enumerate(records)}
    lost = [image for image in split.sides[side] if image not in place]
    if lost:
        raise DataError(
            f"{len(lost)} photographs of the {side} side are not in these data, {lost[0]} for one: "
            "give the data that the split was made of, without --images."
        )
    return [place[image] for image in split.sides[side]]


def records_of(split: Split, records: Sequence[Record], side: str) -> list[Record]:
    """What ``rows_of`` finds, as records. Raises ``DataError`` as it does."""
    return [records[row] for row in rows_of(split, records, side)]
