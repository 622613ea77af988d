import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training import shipped
from training.data import ham10000
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import LeakError, Split, check_no_leak, near_duplicates, split_by_lesion


def test_each_image_stands_on_one_side_and_each_lesion_too(records: list[Record]) -> None:
    made = split_by_lesion(records, [])
    check_no_leak(made, records, [])
    assert sorted(image for ids in made.sides.values() for image in ids) == sorted(r.image_id for r in records)


def test_classes_are_spread_evenly(records: list[Record]) -> None:
    made = split_by_lesion(records, [])
    diagnosis = {record.image_id: record.diagnosis for record in records}
    tested = Counter(diagnosis[image] for image in made.test)
    assert set(tested) == set(diagnosis.values())
    assert max(tested.values()) <= 2


def test_the_same_rows_in_another_order_give_the_same_split(records: list[Record]) -> None:
    assert split_by_lesion(records[::-1], []).digest() == split_by_lesion(records, []).digest()


def test_folds_take_turns_as_test_side(records: list[Record]) -> None:
    tests = [set(split_by_lesion(records, [], fold=fold).test) for fold in range(10)]
    assert set.union(*tests) == {record.image_id for record in records}
    assert sum(map(len, tests)) == len(records)


def test_a_planted_lesion_on_two_sides_stops_the_run(records: list[Record]) -> None:
    made = split_by_lesion(records, [])
    lesion = {record.image_id: record.lesion_id for record in records}
    counts = Counter(lesion.values())
    moved = next(image for image in made.train if counts[lesion[image]] > 1)
    leaky = replace(made, train=tuple(i for i in made.train if i != moved), test=(*made.test, moved))
    mate = next(image for image, name in lesion.items() if name == lesion[moved] and image != moved)
    with pytest.raises(LeakError, match="same lesion stands on two sides") as stopped:
        check_no_leak(leaky, records, [])
    assert f"{moved} (test)" in str(stopped.value)
    assert f"{mate} (train)" in str(stopped.value)


def test_a_forgotten_image_stops_the_run(records: list[Record]) -> None:
    made = split_by_lesion(records, [])
    with pytest.raises(LeakError, match="exactly one side"):
        check_no_leak(replace(made, train=made.train[1:]), records, [])


def test_a_planted_near_duplicate_is_found_even_mirrored(pictures: Pictures) -> None:
    planted = np.concatenate([pictures.stored[:40], pictures.stored[5:6, :, ::-1]])
    assert (5, 40) in near_duplicates(planted)


def test_near_duplicates_stay_together_and_a_torn_pair_stops_the_run(records: list[Record]) -> None:
    made = split_by_lesion(records, [])
    place = {record.image_id: i for i, record in enumerate(records)}
    pair = (place[made.test[0]], place[made.train[0]])
    with pytest.raises(LeakError, match=rf"Nearly the same picture .*: {made.test[0]} \(test\) and {made.train[0]} "):
        check_no_leak(made, records, [pair])
    check_no_leak(split_by_lesion(records, [pair]), records, [pair])


def test_an_image_that_the_data_do_not_hold_stops_the_run(records: list[Record]) -> None:
    with pytest.raises(LeakError, match=f"{records[0].image_id} for one"):
        check_no_leak(split_by_lesion(records, []), records[1:], [])


def test_a_split_file_says_what_made_it(records: list[Record], tmp_path: Path) -> None:
    split_by_lesion(records, [], seed=3, fold=4).save(tmp_path / "split.json")
    raw = json.loads((tmp_path / "split.json").read_text())
    assert (raw["scheme"], raw["seed"], raw["fold"]) == ("lesion-grouped stratified 80/10/10", 3, 4)
    assert raw["ids_sha256"] == split_by_lesion(records, []).ids_digest()  # the same pictures, dealt otherwise


def test_a_split_file_of_version_0_1_0_is_read(records: list[Record], tmp_path: Path) -> None:
    made = split_by_lesion(records, [])
    made.save(tmp_path / "split.json")
    raw = json.loads((tmp_path / "split.json").read_text())
    for later in ("fold", "left_out", "ids_sha256"):
        del raw[later]
    (tmp_path / "split.json").write_text(json.dumps(raw))
    assert Split.load(tmp_path / "split.json") == made


def test_an_image_moved_from_the_left_out_is_an_edit(records: list[Record], tmp_path: Path) -> None:
    made = split_by_lesion(records, [])
    replace(made, train=made.train[1:], left_out=made.train[:1]).save(tmp_path / "split.json")
    raw = json.loads((tmp_path / "split.json").read_text())
    raw["left_out"] = []
    (tmp_path / "split.json").write_text(json.dumps(raw))
    with pytest.raises(LeakError, match="edited"):
        Split.load(tmp_path / "split.json")


def test_an_edited_split_file_is_refused(records: list[Record], tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    made = split_by_lesion(records, [])
    made.save(path)
    assert Split.load(path) == made
    raw = json.loads(path.read_text())
    raw["test"].append(raw["train"].pop())
    path.write_text(json.dumps(raw))
    with pytest.raises(LeakError, match="edited"):
        Split.load(path)


@pytest.mark.ham10000
def test_the_real_release_is_dealt_as_it_was_for_the_shipped_bundle(ham10000_dir: Path) -> None:
    records = ham10000.load(ham10000_dir)
    check_no_leak(shipped.split(), records, [])
    # The shipped split knew the near-duplicates of the pictures; without them the same deal has this digest.
    assert split_by_lesion(records, []).digest().startswith("0bf1e66f7de32dc5")
