from dataclasses import replace
from pathlib import Path

import pytest
import torch

from inference.metadata import Metadata, MetadataEncoding
from training.data import ham10000
from training.data.cleaning import clean, encoded, median_age
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.splits import split_by_lesion
from training.fitting.engine import fit_priors


def _rows(records: list[Record]) -> list[Record]:
    """Eight rows: two of age 60, one each of 40 and 41, two missing, one of age 0, one of unknown sex."""
    given: list[tuple[float | None, str | None]] = [
        (60.0, "male"), (60.0, "female"), (40.0, "male"), (41.0, "female"),
        (None, "male"), (None, None), (0.0, "female"), (50.0, None),
    ]  # fmt: skip
    return [
        replace(record, age_recorded=age, metadata=Metadata(age or None, sex))
        for record, (age, sex) in zip(records, given, strict=False)
    ]


def test_by_default_all_rows_stay_and_unknown_stays_unknown(records: list[Record]) -> None:
    rows = _rows(records)
    assert clean(rows, "keep").records == rows


def test_the_mean_is_cut_to_whole_years_and_counts_recorded_zeros(records: list[Record]) -> None:
    cleaned = clean(_rows(records), "mean-age")
    assert cleaned.filled_age == 41  # (60+60+40+41+0+50)/6 = 41.83
    assert [r.metadata.age for r in cleaned.records] == [60, 60, 40, 41, 41, 41, 41, 50]
    assert cleaned.changes == {"age missing, filled in": 3}


def test_the_report_drops_unknown_sex_and_age_zero(records: list[Record]) -> None:
    cleaned = clean(_rows(records), "report")
    assert [r.metadata.age for r in cleaned.records] == [60, 60, 40, 41, 41]
    assert cleaned.changes == {"sex unknown, dropped": 2, "age 0, dropped": 1, "age missing, filled in": 1}


def test_an_unknown_age_is_encoded_as_the_median_that_is_not_known(records: list[Record]) -> None:
    encoding = MetadataEncoding(age_center=median_age(_rows(records)))
    assert encoding.age_center == 50  # of 40, 41, 50, 60, 60
    by_name = dict(zip(encoding.columns, encoded(_rows(records)[4:5], encoding)[0], strict=True))
    of_median = dict(zip(encoding.columns, encoded(_rows(records)[7:8], encoding)[0], strict=True))
    assert (by_name["age_known"], by_name["age"], by_name["age_squared"]) == (0, 0, 0)
    assert (of_median["age_known"], of_median["age"], of_median["age_squared"]) == (1, 0, 0)


def test_test_rows_cannot_change_what_is_fitted_but_could_in_the_report(
    records: list[Record], pictures: Pictures
) -> None:
    split = split_by_lesion(records, [])
    tested = set(split.test)
    older = [
        replace(r, age_recorded=110.0, metadata=replace(r.metadata, age=110.0)) if r.image_id in tested else r
        for r in records
    ]
    place = {record.image_id: i for i, record in enumerate(records)}
    rows = [place[image] for image in split.train]
    weights = torch.ones(len(rows))
    before, after = (fit_priors([some[row] for row in rows], pictures, rows, weights) for some in (records, older))
    assert before == after
    assert before.age_center == median_age([records[row] for row in rows])
    assert clean(records, "mean-age").filled_age != clean(older, "mean-age").filled_age


def test_what_cannot_be_done_is_said(records: list[Record]) -> None:
    with pytest.raises(DataError, match="no cleaning 'drop'"):
        clean(records, "drop")
    with pytest.raises(DataError, match="needs ages"):
        clean([replace(records[0], age_recorded=None, metadata=Metadata())], "report")


def test_the_report_is_left_with_9921_rows_of_the_real_release(ham10000_dir: Path) -> None:
    cleaned = clean(ham10000.load(ham10000_dir), "report")
    assert len(cleaned.records) == 9_921
    assert cleaned.filled_age == 51
    assert cleaned.changes == {"sex unknown, dropped": 57, "age 0, dropped": 37, "age missing, filled in": 10}
