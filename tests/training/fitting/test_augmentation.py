import torch

from training.fitting.augmentation import Augmentation, augment


def _rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _batch() -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.full((8, 3, 150, 200), 230, dtype=torch.uint8)
    masks = torch.zeros((8, 1, 150, 200), dtype=torch.uint8)
    masks[:, :, 50:100, 70:140] = 1
    images[(masks == 1).expand_as(images)] = 20
    return images, masks


def test_the_same_seed_gives_the_same_batch_and_another_does_not() -> None:
    images, masks = _batch()
    first = augment(images, masks, (96, 128), Augmentation(), _rng(1))[0]
    assert torch.equal(first, augment(images, masks, (96, 128), Augmentation(), _rng(1))[0])
    assert not torch.equal(first, augment(images, masks, (96, 128), Augmentation(), _rng(2))[0])


def test_the_mask_moves_with_the_picture() -> None:
    images, masks = _batch()
    plain = Augmentation(p_constancy=0, p_blur=0, p_jpeg=0, p_erase=0, hue=0, saturation=0, contrast=0, brightness=0)
    pictures, moved = augment(images, masks, (96, 128), plain, _rng(3))
    dark = (pictures.mean(dim=1, keepdim=True) < 0.5).float()
    overlap = (dark * moved).sum() / torch.maximum(dark, moved).sum()
    assert overlap > 0.97
    assert moved[0].sum() != moved[1].sum()


def test_a_turned_square_stays_square() -> None:
    images = torch.zeros((16, 3, 150, 200), dtype=torch.uint8)
    masks = torch.zeros((16, 1, 150, 200), dtype=torch.uint8)
    masks[:, :, 55:95, 80:120] = 1
    turned_only = Augmentation(scale=(1, 1), aspect=0, shift=0)
    moved = augment(images, masks, (150, 200), turned_only, _rng(4))[1]
    areas = moved.sum(dim=(1, 2, 3))
    assert ((areas - 1600).abs() < 80).all()  # a rotation in the unit square would shear it


def test_values_stay_between_zero_and_one() -> None:
    images = torch.randint(0, 256, (16, 3, 150, 200), dtype=torch.uint8, generator=_rng(5))
    pictures, _ = augment(images, torch.zeros((16, 1, 150, 200)), (96, 128), Augmentation(), _rng(6))
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert pictures.isfinite().all()
