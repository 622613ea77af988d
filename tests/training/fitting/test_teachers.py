"""A student learns from teachers that saw what it sees, and never from one that knows what it is judged on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.fitting.test_start import STILL, TINY
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.presets import Recipe
from training.data.records import DataError, Record
from training.data.schemes import lesion_folds
from training.data.splits import LeakError, Split, split_by_lesion
from training.fitting import engine
from training.fitting.config import TrainConfig, read_config
from training.fitting.distillation import OUT_OF_FOLD, SAME_SIDE, SAME_SIDE_CHOSEN, Distillation, Lesson, divergence
from training.fitting.learner import partners
from training.fitting.runs import Run, load_run
from training.fitting.teachers import Faculty, Teacher, check_teachers, load_teacher, may_teach
from training.networks.fused import FusedConfig, FusedNetwork

MIXED = replace(TINY, epochs=2, batch=16, schedule=replace(TINY.schedule, mixup_share=1.0))
Fold = Callable[[int], Teacher]
Drawn = tuple[list[Record], Pictures, Split]
PowerCut = Callable[[], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def split(records: list[Record]) -> Split:
    return split_by_lesion(records, [])


@pytest.fixture(scope="module")
def run(records: list[Record], pictures: Pictures, split: Split, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("teacher")
    engine.fit(records, pictures, split, TINY, out)
    return load_run(out)


@pytest.fixture(scope="module")
def teacher(run: Run) -> Teacher:
    return load_teacher(run.path)


@pytest.fixture(scope="module")
def drawn_data(records: list[Record], pictures: Pictures, split: Split) -> Drawn:
    return records, pictures, split


@pytest.fixture
def power_cut(monkeypatch: pytest.MonkeyPatch) -> PowerCut:
    """A context in which a run dies at its second epoch."""

    def die(learner: engine.Learner) -> None:
        if learner.current_epoch == 1:
            raise SystemError("power cut")
        learner.size = learner.config.schedule.size(learner.progress)

    @contextmanager
    def cut() -> Iterator[None]:
        with monkeypatch.context() as patch, pytest.raises(SystemError):
            patch.setattr(engine.Learner, "on_train_epoch_start", die)
            yield

    return cut


@pytest.fixture(scope="module")
def fold(records: list[Record], split: Split) -> Fold:
    """Makes the untrained teacher of a fold within the student's training side."""

    def make(number: int) -> Teacher:
        return _taught_on(lesion_folds(records, [], fold=number, within=split), str(number))

    return make


def _taught_on(split: Split | None, name: str = "teacher", digest: str = "") -> Teacher:
    torch.manual_seed(len(name) + ord(name[0]))
    colours = (0.5,) * 3, (0.2,) * 3
    network: FusedNetwork = TINY.network.build().eval()  # type: ignore[assignment]
    return Teacher(Path(name), name, (network,), *colours, split.digest() if split else digest, Recipe(), split)


def _lesson(scores: torch.Tensor, temperature: float = 2.0) -> Lesson:
    return Lesson(scores, 1.0, temperature)


def test_a_teacher_that_agrees_teaches_nothing_and_another_by_kullback_and_leibler() -> None:
    prior, theirs = torch.randn(7), torch.randn(5, 7)
    ours = theirs.clone().requires_grad_()
    same = divergence(ours, _lesson(theirs), prior)
    (slope,) = torch.autograd.grad(same, ours)
    assert abs(float(same.detach())) < 1e-6
    assert slope.abs().max() < 1e-6
    other = torch.randn(5, 7)
    p, q = ((scores + prior).div(3).softmax(1) for scores in (other, theirs))
    by_hand = 9 * (p * (p / q).log()).sum(1).mean()
    assert torch.isclose(divergence(theirs, _lesson(other, 3.0), prior), by_hand, atol=1e-5)


def test_a_student_with_its_teacher_s_weights_has_nothing_to_learn_from_it(
    records: list[Record], pictures: Pictures, split: Split, run: Run, teacher: Teacher
) -> None:
    prepared = engine.prepare(records, pictures, split, _taught(STILL), [teacher])
    learner = prepared.learner
    learner.network.load_state_dict(run.network.state_dict())
    batch = next(iter(prepared.train))
    learner.network.eval()
    seen = batch.images.float() / 255
    lesson = learner._lesson(seen, batch.may_teach)
    assert lesson is not None
    scores = learner.network(learner.standardise(seen), batch.metadata).image
    assert abs(float(divergence(scores, lesson, learner.learned).detach())) < 1e-6


def _taught(config: TrainConfig, how: str = SAME_SIDE) -> TrainConfig:
    return replace(config, distillation=replace(config.distillation, how=how))


def test_the_average_of_teachers_is_that_of_their_scores(fold: Fold) -> None:
    one, other = fold(0), fold(1)
    pictures = torch.rand(3, 3, 48, 64)
    mine, yours = (Faculty([teacher]).scores(pictures, torch.ones(3, 1, dtype=torch.bool)) for teacher in (one, other))
    both = Faculty([one, other]).scores(pictures, torch.tensor([[True, True], [True, False], [False, True]]))
    assert torch.allclose(both, torch.stack([(mine[0] + yours[0]) / 2, mine[1], yours[2]]), atol=1e-6)
    with pytest.raises(LeakError, match="No teacher"):
        Faculty([one]).scores(pictures, torch.zeros(3, 1, dtype=torch.bool))


def test_a_teacher_of_another_split_knows_what_the_student_is_judged_on_and_is_refused(
    records: list[Record], pictures: Pictures, split: Split, teacher: Teacher, tmp_path: Path
) -> None:
    other = split_by_lesion(records, [], fold=1)
    with pytest.raises(LeakError, match="is judged on"):
        engine.fit(records, pictures, other, STILL, tmp_path, teachers=[teacher])
    assert not list(tmp_path.iterdir())
    with pytest.raises(LeakError, match="does not name the pictures"):
        check_teachers([_taught_on(None, digest="another")], split, STILL)
    leaky = replace(teacher.split or split, scheme="image-level: leaks", seed=1)
    with pytest.raises(LeakError, match="split that leaks"):
        check_teachers([replace(teacher, split=leaky, digest="another")], other, STILL)
    with pytest.raises(ValueError, match="made as 'report-text'"):
        check_teachers([replace(teacher, recipe=Recipe("report-text"))], split, STILL)


def test_a_teacher_chosen_on_the_student_s_judged_side_is_refused(split: Split, fold: Fold) -> None:
    one = fold(0)
    assert one.split is not None
    swapped = replace(one.split, validation=split.validation)
    with pytest.raises(LeakError, match=f"knows {len(split.validation)} pictures"):
        check_teachers([replace(one, split=swapped, chosen=True)], split, STILL)


def test_a_teacher_of_the_same_split_that_was_stopped_early_is_taken_and_recorded(
    records: list[Record], split: Split, teacher: Teacher
) -> None:
    chosen = replace(teacher, chosen=True)
    assert check_teachers([teacher], split, STILL) == SAME_SIDE
    assert check_teachers([teacher, chosen], split, STILL) == SAME_SIDE_CHOSEN
    assert may_teach([chosen], records, SAME_SIDE_CHOSEN).all()


def test_fold_teachers_teach_only_lesions_that_they_did_not_see(
    records: list[Record], split: Split, fold: Fold
) -> None:
    teachers = [fold(number) for number in range(5)]
    assert check_teachers(teachers, split, STILL) == OUT_OF_FOLD
    lesion = {record.image_id: record.lesion_id for record in records}
    allowed = may_teach(teachers, records, OUT_OF_FOLD)
    train = set(split.train)
    for row, record in enumerate(records):
        if record.image_id in train:
            assert allowed[row].any()
        for number, one in enumerate(teachers):
            assert one.split is not None
            if record.lesion_id in {lesion[image] for image in one.split.train}:
                assert not allowed[row, number]
    assert may_teach(teachers, records, SAME_SIDE).all()


def test_without_all_folds_or_with_two_kinds_of_teachers_it_is_refused(
    split: Split, fold: Fold, teacher: Teacher
) -> None:
    with pytest.raises(LeakError, match="have no teacher that did not see their lesion"):
        check_teachers([fold(0)], split, STILL)
    with pytest.raises(LeakError, match="give one kind"):
        check_teachers([fold(0), teacher], split, STILL)


def test_a_picture_is_mixed_only_with_one_of_the_same_teachers() -> None:
    allowed = torch.tensor([[True, False], [False, True], [True, False], [True, True], [False, True], [True, False]])
    order = partners(allowed, np.random.default_rng(2))
    assert sorted(order.tolist()) == list(range(6))
    assert torch.equal(allowed[order], allowed)
    assert order.tolist() != list(range(6))
    for none in (torch.zeros(6, 0, dtype=torch.bool), torch.ones(6, 3, dtype=torch.bool)):
        anyone = np.random.default_rng(2).permutation(6)  # what runs without teachers have always drawn
        assert partners(none, np.random.default_rng(2)).tolist() == anyone.tolist()


def test_a_taught_run_that_was_killed_continues_to_the_same_weights(
    drawn_data: Drawn, teacher: Teacher, tmp_path: Path, power_cut: PowerCut
) -> None:
    def fit(name: str, *teachers: Teacher) -> dict[str, torch.Tensor]:
        engine.fit(*drawn_data, MIXED, tmp_path / name, teachers=teachers)
        state: dict[str, torch.Tensor] = torch.load(tmp_path / name / "final.ckpt", weights_only=True)["state_dict"]
        return state

    whole = fit("whole", teacher)
    with power_cut():
        fit("killed", teacher)
    killed, untaught = fit("killed", teacher), fit("untaught")
    assert all(torch.equal(whole[name], killed[name]) for name in whole)
    assert not all(torch.equal(whole[name], untaught[name]) for name in whole)
    assert whole.keys() == untaught.keys()  # no teacher is saved with its student
    with pytest.raises(DataError, match="other settings"):
        fit("killed")


def test_the_record_names_its_teachers_and_is_repeated_with_them_alone(
    records: list[Record], pictures: Pictures, split: Split, teacher: Teacher, tmp_path: Path
) -> None:
    alone = replace(TINY, batch=1, epochs=1, distillation=Distillation(weight=1.0, temperature=4.0))
    few = replace(split, train=split.train[:3], left_out=(*split.left_out, *split.train[3:]))
    mine = replace(teacher, digest=few.digest())
    engine.fit(records, pictures, few, alone, tmp_path / "one", teachers=[mine])  # batches of one
    record = read_config(tmp_path / "one" / "config.json")
    assert record.distillation == Distillation(1.0, 4.0, (teacher.sha256,), SAME_SIDE)
    assert all(bool(value.isfinite().all()) for value in load_run(tmp_path / "one").network.state_dict().values())
    for others in ([], [replace(mine, sha256="0" * 64)]):
        with pytest.raises(DataError, match="give those with --teacher"):
            engine.fit(records, pictures, few, record, tmp_path / "two", teachers=others)
    with pytest.raises(ValueError, match="give --teacher too"):
        engine.fit(records, pictures, few, alone, tmp_path / "two")
    assert not (tmp_path / "two").exists()


@pytest.mark.parametrize("wrong", [{"weight": 0.0}, {"weight": 1.5}, {"temperature": 0.0}])
def test_a_weight_or_temperature_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="The teacher's"):
        Distillation(**wrong)


def test_a_network_that_looks_at_no_picture_cannot_teach(
    records: list[Record], pictures: Pictures, split: Split, drawn: Path, tmp_path: Path
) -> None:
    words = ["train", "--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache"), "--epochs", "1"]
    words += ["--precision", "32-true", "--validate-every", "5"]
    main([*words, "--network", "metadata-only", "--out", str(tmp_path / "blind")])
    with pytest.raises(SystemExit, match="looks at no picture"):
        main([*words, "--teacher", str(tmp_path / "blind"), "--out", str(tmp_path / "taught")])
    with pytest.raises(SystemExit, match="--start BUNDLE and --member NUMBER go together"):
        main([*words, "--start", str(tmp_path / "blind"), "--member", "0", "--out", str(tmp_path / "taught")])
    assert not (tmp_path / "taught").exists()


def test_student_and_teacher_may_be_of_different_widths(
    records: list[Record], pictures: Pictures, split: Split, teacher: Teacher, tmp_path: Path
) -> None:
    network = FusedConfig(widths=(8, 8, 8, 8), blocks=(1, 1, 1, 1))
    engine.fit(records, pictures, split, replace(STILL, network=network), tmp_path, teachers=[teacher])
    assert read_config(tmp_path / "config.json").distillation.teachers == (teacher.sha256,)
