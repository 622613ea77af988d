"""Generated pictures in a run: on the training side alone, as often and as softly as was asked, and on record."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.vocabulary import DIAGNOSES
from tests.training.fitting.test_engine import TINY
from tests.training.generated_pictures import write_generated
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.splits import LeakError, Split, split_by_lesion
from training.fitting.config import read_config
from training.fitting.engine import fit, prepare
from training.fitting.generated import Generated, Joined, Joining, joining
from training.fitting.learner import softened
from training.fitting.runs import load_run
from training.fitting.sampling import draw_weights, targets
from training.networks.metadata_only import MetadataOnlyConfig


@pytest.fixture(scope="module")
def split(records: list[Record]) -> Split:
    return split_by_lesion(records, [])


@pytest.fixture(scope="module")
def made(pictures: Pictures, split: Split, tmp_path_factory: pytest.TempPathFactory) -> Joining:
    manifest = write_generated(tmp_path_factory.mktemp("generated"), ["df"] * 6 + ["vasc"] * 4)
    return joining(manifest, split, pictures, smoothing=0.2)


def _holds(loader: torch.utils.data.DataLoader[object], made: Joining) -> int:
    """How many rows of the loader's data set are generated pictures, by their pixels."""
    known = {image.tobytes() for image in (*made.pictures.stored, *made.pictures.viewed)}
    every = loader.dataset.__getitems__(list(range(len(loader.dataset))))  # type: ignore[attr-defined, arg-type]
    return sum(image.permute(1, 2, 0).numpy().tobytes() in known for image in every.images)


def test_they_are_on_the_training_side_and_on_no_other(
    records: list[Record], pictures: Pictures, split: Split, made: Joining
) -> None:
    run = prepare(records, pictures, split, TINY, generated=made)
    assert _holds(run.train, made) == len(made.records) == 10
    assert _holds(run.judge, made) == 0
    alone = prepare(records, pictures, split, TINY)
    assert len(run.judge.dataset) == len(alone.judge.dataset) == len(split.validation)  # type: ignore[arg-type]
    assert len(run.train) == len(alone.train)  # an epoch is as long as without them: equal budgets


def test_what_is_fitted_for_the_clinic_knows_photographs_alone(
    records: list[Record], pictures: Pictures, split: Split, made: Joining
) -> None:
    ours = prepare(records, pictures, split, TINY, generated=made).priors
    alone = prepare(records, pictures, split, TINY).priors
    assert replace(ours, drawn=()) == replace(alone, drawn=())
    assert ours.drawn != alone.drawn


def test_balanced_class_weights_count_what_the_draw_holds(
    records: list[Record], pictures: Pictures, split: Split, made: Joining
) -> None:
    balanced = replace(TINY, losses=replace(TINY.losses, class_weights="balanced"))
    ours, alone = (prepare(records, pictures, split, balanced, generated=one).priors for one in (made, None))
    df = DIAGNOSES.index("df")
    assert ours.class_weights[df] < alone.class_weights[df]


def test_a_batch_keeps_the_order_of_the_draw_and_softens_generated_labels_alone(
    records: list[Record], pictures: Pictures, split: Split, made: Joining
) -> None:
    joined = prepare(records, pictures, split, TINY, generated=made).train.dataset
    assert isinstance(joined, Joined)
    first = len(split.train)
    batch = joined.__getitems__([first + 7, 3, first, 5])
    assert batch.smoothing.tolist() == pytest.approx([0.2, 0, 0.2, 0])
    assert torch.equal(batch.target[[0, 2]], targets([made.records[7], made.records[0]]))
    for row, position in ((1, 3), (3, 5)):
        assert torch.equal(batch.images[row], joined.__getitems__([position]).images[0])
    assert not batch.metadata[[0, 2]].any()  # nobody's age, sex or site
    assert joined.__getitems__([first]).smoothing.tolist() == pytest.approx([0.2])


def test_a_weight_of_a_half_is_drawn_half_as_often(made: Joining, records: list[Record]) -> None:
    both = [*records, *made.records]
    for sampling, expected in (("natural", 0.5), ("root-frequency", 0.5)):
        factor = torch.cat([torch.ones(len(records)), torch.full((10,), 0.5)]).double()
        weights = draw_weights(both, sampling, factor)
        single = Counter(record.lesion_id for record in records)
        photo = next(i for i, r in enumerate(records) if r.diagnosis == "df" and single[r.lesion_id] == 1)
        assert weights[len(records)] / weights[photo] == pytest.approx(expected)
        assert weights.sum() == pytest.approx(1)


def test_a_soft_label_gives_its_share_to_all() -> None:
    target = torch.eye(4)[:2]
    soft = softened(target, torch.tensor([0.0, 0.4]))
    assert torch.equal(soft[0], target[0])
    assert soft[1].tolist() == pytest.approx([0.1, 0.7, 0.1, 0.1])


def test_the_record_says_so_and_a_repeat_asks_for_the_same(
    records: list[Record], pictures: Pictures, split: Split, made: Joining, tmp_path: Path
) -> None:
    fit(records, pictures, split, replace(TINY, epochs=1), tmp_path / "run", generated=made)
    read = read_config(tmp_path / "run" / "config.json")
    assert read.generated == made.record
    assert read.generated is not None
    assert read.generated.count == 10
    assert load_run(tmp_path / "run").config["generated"]["images"] == {"df": 6, "vasc": 4}
    with pytest.raises(DataError, match="other generated pictures"):
        fit(records, pictures, split, read, tmp_path / "again")


def test_what_knows_no_pictures_is_refused(
    records: list[Record], pictures: Pictures, split: Split, made: Joining, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="leave --synthetic out"):
        fit(records, pictures, split, replace(TINY, network=MetadataOnlyConfig()), tmp_path, generated=made)


@pytest.mark.parametrize(("weight", "smoothing"), [(0.0, 0.0), (1.0, 1.0), (1.0, -0.1)])
def test_a_weight_or_smoothing_outside_is_refused(weight: float, smoothing: float) -> None:
    with pytest.raises(ValueError, match="generated"):
        Generated("", {}, (), weight, smoothing)


def test_a_leaky_manifest_does_not_join(pictures: Pictures, split: Split, tmp_path: Path) -> None:
    manifest = write_generated(tmp_path, ["df"], parents=(split.test[0],))
    with pytest.raises(LeakError, match="not on the training side"):
        joining(manifest, split, pictures)


def test_the_command_joins_accepted_pictures_and_the_card_says_so(drawn: Path, tmp_path: Path) -> None:
    write_generated(tmp_path / "made", ["df", "df", "akiec"])
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    small = ["--widths", "8-8-16-16", "--batch", "16", "--precision", "32-true", "--epochs", "1", "--size", "48x64"]
    words = ["train", *data, *small, "--out", str(tmp_path / "run")]
    with pytest.raises(SystemExit, match="give --synthetic too"):
        main([*words, "--synthetic-weight", "2"])
    switches = ["--synthetic", str(tmp_path / "made"), "--synthetic-weight", "0.5", "--synthetic-smoothing", "0.1"]
    main([*words, *switches])
    written = json.loads((tmp_path / "run" / "config.json").read_text())["generated"]
    assert (written["weight"], written["smoothing"], written["images"]) == (0.5, 0.1, {"akiec": 1, "df": 2})

    again = ["--from-record", str(tmp_path / "run" / "config.json"), "--out", str(tmp_path / "again")]
    with pytest.raises(SystemExit, match="leave out --synthetic-weight"):
        main(["train", *data, *again, *switches])
    with pytest.raises(SystemExit, match="other generated pictures"):
        main(["train", *data, *again])
    main(["train", *data, *again, "--synthetic", str(tmp_path / "made")])
    first, second = (load_run(tmp_path / name).network.state_dict() for name in ("run", "again"))
    assert all(torch.equal(first[name], second[name]) for name in first)

    bundle = ["--run", str(tmp_path / "run"), "--version", "0.1.0", "--bootstrap", "20", "--out", str(tmp_path / "b")]
    main(["export", *data, *bundle])
    card = " ".join((tmp_path / "b" / "MODEL_CARD.md").read_text().split())
    assert "on generated pictures too (1 akiec, 2 df; by diffusion; each counted as 0.5 of a photograph" in card
    manifest = json.loads((tmp_path / "b" / "manifest.json").read_text())
    assert manifest["members"][0]["generated"]["images"] == {"akiec": 1, "df": 2}
    assert not np.isin("SYN_0000", manifest["training_data"]["test_images"])
