"""The splits of the report that this project grew from, made again only to show what they share with training.

Its notebooks call scikit-learn's ``train_test_split`` on single images without stratifying: the DNN keeps 75/25 with
random state 666, the CNN 81/9/10 (a tenth, then a tenth of the rest) with 999. It says that rows without sex and of age
0 are dropped, which leaves 9,921; whether before each split is not told, so both are shown.
"""

from __future__ import annotations

from sklearn.model_selection import train_test_split

from training.data.records import Record
from training.data.splits import LEAKS, Split


def report_splits(records: list[Record], rows: str) -> dict[str, Split]:
    """Both splits of ``records`` in their order; ``rows`` says in the scheme which records those are.

    The CNN's appears twice: as it trained, and with its validation side counted as training, for it was tuned on it.
    """
    ids = [record.image_id for record in records]
    dnn_train, dnn_test = train_test_split(ids, test_size=0.25, random_state=666)
    rest, cnn_test = train_test_split(ids, test_size=0.1, random_state=999)
    cnn_train, cnn_validation = train_test_split(rest, test_size=0.1, random_state=999)
    return {
        "DNN": _split(f"DNN 75/25, {rows}", 666, dnn_train, [], dnn_test),
        "CNN": _split(f"CNN 81/9/10, {rows}", 999, cnn_train, cnn_validation, cnn_test),
        "CNN, tuned": _split(f"CNN 90/10, {rows}", 999, rest, [], cnn_test),
    }


def _split(name: str, seed: int, train: list[str], validation: list[str], test: list[str]) -> Split:
    sides = {"train": train, "validation": validation, "test": test}
    return Split.of(sides, scheme=f"{LEAKS} (the report's {name})", seed=seed, fold=0)


def report_rows(records: list[Record], without_age: set[str]) -> list[Record]:
    """The records that the report keeps: sex known, and not in ``without_age``, the images whose age is written 0."""
    return [record for record in records if record.metadata.sex and record.image_id not in without_age]
