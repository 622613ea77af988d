import math

import pytest
import torch
import torch.nn.functional as F

from training.fitting.config import Priors
from training.fitting.losses import (
    LossWeights,
    adjusted_cross_entropy,
    classification_loss,
    mask_loss,
    stray_heat,
    total_loss,
)
from training.networks.scores import Scores


def test_without_smoothing_and_prior_it_is_plain_cross_entropy() -> None:
    scores, target = torch.randn(6, 7), torch.arange(6)
    ours = adjusted_cross_entropy(scores, F.one_hot(target, 7).float(), torch.zeros(7), 0.0)
    assert torch.isclose(ours, F.cross_entropy(scores, target))


def test_smoothing_is_torchs_smoothing() -> None:
    scores, target = torch.randn(6, 7), torch.arange(6)
    ours = adjusted_cross_entropy(scores, F.one_hot(target, 7).float(), torch.zeros(7), 0.1)
    assert torch.isclose(ours, F.cross_entropy(scores, target, label_smoothing=0.1))


def test_the_prior_lets_a_rare_class_need_no_head_start() -> None:
    # Scores that say nothing fit best when the prior is right, not when it is flat.
    target = F.one_hot(torch.tensor([0] * 9 + [1]), 2).float()
    prior = torch.tensor([0.9, 0.1]).log()
    flat = torch.zeros(10, 2, requires_grad=True)
    adjusted_cross_entropy(flat, target, prior, 0.0).backward()
    assert torch.allclose(flat.grad.sum(dim=0), torch.zeros(2), atol=1e-6)


def test_a_right_mask_costs_less_than_a_wrong_one_and_a_missing_one_nothing() -> None:
    masks = torch.zeros(2, 1, 96, 128)
    masks[:, :, 32:64, 48:80] = 1
    right = torch.where(F.adaptive_avg_pool2d(masks, (6, 8)) > 0.5, 8.0, -8.0)
    known = torch.tensor([True, True])
    assert mask_loss(right, masks, known) < 0.1 < mask_loss(-right, masks, known)
    assert mask_loss(right, masks, ~known) == 0


def test_heat_inside_the_lesion_costs_nothing_and_outside_all() -> None:
    masks = torch.zeros(1, 1, 96, 128)
    masks[:, :, 32:64, 48:80] = 1
    weight, target = torch.ones(7, 1), F.one_hot(torch.tensor([4]), 7).float()
    inside = F.adaptive_max_pool2d(masks, (6, 8))
    known = torch.tensor([True])
    assert stray_heat(inside, weight, target, masks, known) < 1e-6
    assert stray_heat(1 - inside, weight, target, masks, known) > 0.999


def _gradient_of_the_picture(metadata: torch.Tensor, *, joint: bool) -> torch.Tensor:
    torch.manual_seed(0)
    image = torch.randn(6, 7, requires_grad=True)
    target = F.one_hot(torch.arange(6), 7).float()
    none = torch.zeros(6, 1, 1, 1)
    known = torch.zeros(6, dtype=torch.bool)
    weights = LossWeights(joint=joint)
    scores = Scores(image, metadata)
    loss = total_loss(scores, target, none, known, log_prior=torch.zeros(7), head=torch.empty(0), weights=weights)
    loss.backward()
    assert image.grad is not None
    return image.grad


def test_apart_the_metadata_cannot_change_what_the_picture_learns_and_yet_learn() -> None:
    known = torch.randn(6, 7, requires_grad=True)
    apart = _gradient_of_the_picture(known, joint=False)
    assert torch.equal(apart, _gradient_of_the_picture(torch.zeros(6, 7), joint=False))
    assert not torch.allclose(apart, _gradient_of_the_picture(known, joint=True))
    assert known.grad is not None
    assert known.grad.abs().sum() > 0


def _case(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Scores (12,7), class positions (12,) and class weights (7,), float64."""
    rng = torch.Generator().manual_seed(seed)
    scores = torch.randn(12, 7, generator=rng, dtype=torch.float64) * 3
    return scores, torch.arange(12) % 7, torch.rand(7, generator=rng, dtype=torch.float64) * 4 + 0.2


def _one_hot(target: torch.Tensor) -> torch.Tensor:
    return F.one_hot(target, 7).double()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_without_gamma_the_focal_loss_is_cross_entropy(smoothing: float, *, weighted: bool) -> None:
    scores, target, weights = _case()
    how, w = LossWeights(smoothing=smoothing, kind="focal", gamma=0.0), weights if weighted else None
    ours = classification_loss(scores, _one_hot(target), torch.zeros(7), how, w)
    torchs = F.cross_entropy(scores, target, weight=w, label_smoothing=smoothing)
    assert abs(float(ours - torchs)) < 1e-6


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_smoothing_and_class_weights_together_are_torchs(smoothing: float) -> None:
    scores, target, weights = _case()
    ours = classification_loss(scores, _one_hot(target), torch.zeros(7), LossWeights(smoothing=smoothing), weights)
    assert abs(float(ours - F.cross_entropy(scores, target, weight=weights, label_smoothing=smoothing))) < 1e-9
    assert abs(float(ours - F.cross_entropy(scores, target, label_smoothing=smoothing))) > 0.01


def test_the_focal_loss_counts_a_certain_answer_less() -> None:
    scores = torch.tensor([[2.0, 0.0]]).double().repeat(1, 1)
    p = float(scores.softmax(1)[0, 0])
    how = LossWeights(smoothing=0.0, kind="focal", gamma=2.0)
    found = classification_loss(scores, torch.tensor([[1.0, 0.0]]).double(), torch.zeros(2), how)
    assert float(found) == pytest.approx((1 - p) ** 2 * -math.log(p))


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_the_focal_loss_has_the_gradient_of_its_own_slope(gamma: float) -> None:
    scores, target, weights = _case(1)
    how = LossWeights(smoothing=0.05, kind="focal", gamma=gamma)
    prior = torch.log_softmax(weights, dim=0)

    def loss(z: torch.Tensor) -> torch.Tensor:
        return classification_loss(z, _one_hot(target), prior, how, weights)

    assert torch.autograd.gradcheck(loss, scores.requires_grad_())


def test_scores_learned_with_class_weights_are_free_of_them() -> None:
    # One picture for all: the best scores say nothing, whatever the classes' frequencies and weights.
    target = torch.tensor([0] * 9 + [1] * 3 + [2] * 2)
    drawn, weights = torch.bincount(target) / 14, (0.5, 1.0, 3.0)
    priors = Priors((), (), tuple(drawn.log().tolist()), (), class_weights=weights)
    flat = torch.zeros(14, 3, requires_grad=True)
    how = LossWeights(smoothing=0.0)
    classification_loss(
        flat, F.one_hot(target, 3).float(), torch.tensor(priors.learned), how, torch.tensor(weights)
    ).backward()
    assert torch.allclose(flat.grad.sum(dim=0), torch.zeros(3), atol=1e-6)


def test_an_unknown_loss_is_refused() -> None:
    with pytest.raises(ValueError, match="choose one of cross-entropy, focal"):
        LossWeights(kind="hinge")
    with pytest.raises(ValueError, match="between 0 and 1"):
        LossWeights(smoothing=1.0)
