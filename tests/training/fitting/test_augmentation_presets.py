"""The named sets: what each may do to a picture, and that none touches a picture that is judged."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.training.fitting.test_engine import TINY
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.resizing import resized
from training.fitting.augmentation import Augmentation, augment
from training.fitting.augmentation_presets import NONE, PRESETS, REPORT_CODE, REPORT_FUTURE
from training.fitting.config import Priors
from training.fitting.learner import Learner
from training.fitting.sampling import Photographs
from training.fitting.schedule import Schedule

FLAT = Priors((0.0,) * 3, (1.0,) * 3, (0.0,) * 7, (0.0,) * 7)


def _rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _marked(n: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Grey pictures with a bright lesion left above the centre, and its masks."""
    images, masks = (
        torch.full((n, 3, 150, 200), 90, dtype=torch.uint8),
        torch.zeros((n, 1, 150, 200), dtype=torch.uint8),
    )
    masks[:, :, 45:75, 60:100] = 1
    images[(masks == 1).expand_as(images)] = 200
    return images, masks


def _centres(masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Row and column of each mask's centre, 0–1."""
    rows, columns = torch.arange(masks.shape[2]) + 0.5, torch.arange(masks.shape[3]) + 0.5
    mass = masks.sum(dim=(1, 2, 3))
    down = (masks.sum(dim=(1, 3)) @ rows) / mass / masks.shape[2]
    return down, (masks.sum(dim=(1, 2)) @ columns) / mass / masks.shape[3]


@pytest.mark.parametrize("name", PRESETS)
def test_a_seed_repeats_a_preset_and_another_does_not(name: str) -> None:
    how = PRESETS[name][0]
    images, masks = _marked(8)
    first = augment(images, masks, (75, 100), how, _rng(1))
    again, other = augment(images, masks, (75, 100), how, _rng(1)), augment(images, masks, (75, 100), how, _rng(2))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert torch.equal(first[0], other[0]) == (name == "none")


@pytest.mark.parametrize("how", [REPORT_CODE, REPORT_FUTURE], ids=["report_code", "report_future"])
def test_picture_and_mask_of_a_report_preset_stay_together(how: Augmentation) -> None:
    images, masks = _marked()
    pictures, moved = augment(images, masks, (150, 200), how, _rng(3))
    level = (pictures.mean(dim=1).amax(dim=(1, 2)) + pictures.mean(dim=1).amin(dim=(1, 2))) / 2
    bright = (pictures.mean(dim=1, keepdim=True) > level[:, None, None, None]).float()
    overlap = (bright * moved).sum(dim=(1, 2, 3)) / torch.maximum(bright, moved).sum(dim=(1, 2, 3))
    assert overlap.min() > 0.8
    assert overlap.mean() > 0.95


@pytest.mark.parametrize("how", [REPORT_CODE, REPORT_FUTURE], ids=["report_code", "report_future"])
def test_report_presets_flip_both_ways(how: Augmentation) -> None:
    still = replace(how, shift=0.0, scale=(1.0, 1.0), aspect=0.0, rotate=0.0)
    down, along = _centres(augment(*_marked(), (150, 200), still, _rng(4))[1])
    places = {(round(float(d), 2), round(float(a), 2)) for d, a in zip(down, along, strict=True)}
    assert places == {(0.4, 0.4), (0.4, 0.6), (0.6, 0.4), (0.6, 0.6)}


def test_report_code_shifts_by_up_to_an_eighth_of_a_side() -> None:
    still = replace(REPORT_CODE, scale=(1.0, 1.0), aspect=0.0, rotate=0.0, p_mirror=0.0, p_flip=0.0)
    down, along = _centres(augment(*_marked(400), (150, 200), still, _rng(5))[1])
    for place in (down - 0.4, along - 0.4):
        assert place.abs().max() < 0.125
        assert place.min() < -0.11
        assert place.max() > 0.11


def test_report_presets_turn_no_further_than_they_say() -> None:
    for how, most in ((REPORT_CODE, 10.0), (REPORT_FUTURE, 15.0)):
        still = replace(how, shift=0.0, scale=(1.0, 1.0), aspect=0.0, p_mirror=0.0, p_flip=0.0)
        masks = torch.zeros((200, 1, 150, 200), dtype=torch.uint8)
        masks[:, :, 70:80, 20:180] = 1  # a long bar through the centre
        moved = augment(torch.zeros((200, 3, 150, 200), dtype=torch.uint8), masks, (150, 200), still, _rng(6))[1]
        left, right = _centres(moved[..., :100])[0] * 150, _centres(moved[..., 100:])[0] * 150
        angle = torch.rad2deg(torch.atan2(right - left, torch.tensor(80.0)))
        assert most * 0.9 < angle.abs().max() < most * 1.02


def test_none_only_resizes() -> None:
    images = torch.randint(0, 256, (4, 3, 48, 64), dtype=torch.uint8, generator=_rng(7))
    pictures, masks = augment(images, torch.ones((4, 1, 48, 64)), (48, 64), NONE, _rng(8))
    assert torch.allclose(pictures, images / 255, atol=1e-5)
    assert masks.all()


def test_the_last_tenth_of_a_report_preset_is_like_the_rest() -> None:
    schedule = Schedule(augment="report_code")
    assert schedule.augmentation(0.1) == schedule.augmentation(0.95) == REPORT_CODE
    assert Schedule().augmentation(0.1) != Schedule().augmentation(0.95)
    with pytest.raises(ValueError, match="choose one of default, report_code, report_future, none"):
        Schedule(augment="mirror")


@pytest.mark.parametrize("name", PRESETS)
def test_a_judged_picture_is_never_augmented(name: str, records: list[Record], pictures: Pictures) -> None:
    config = replace(TINY, schedule=replace(TINY.schedule, augment=name))
    learner = Learner(config, FLAT, 1).eval()
    batch = Photographs(records, [0, 40, 80], pictures, view="viewed").__getitems__([0, 1, 2])
    learner.validation_step(batch, 0)
    plain = resized(batch.images, config.network.input_size).float() / 255
    assert torch.equal(learner.judged[0][0], learner.network(plain, batch.metadata).fused)
    with pytest.raises(RuntimeError, match="Augmentation is for training"):
        learner.training_step(batch, 0)
