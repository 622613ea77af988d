"""What a step minimises: cross-entropy under the draw's prior, the lesion mask, and heat that leaves the lesion."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.fitting.distillation import Lesson, divergence
from training.networks.scores import Scores

KINDS = ("cross-entropy", "focal")
CLASS_WEIGHTS = ("none", "balanced")


@dataclass(frozen=True)
class LossWeights:
    """Label smoothing 0–1, the weight of each auxiliary term, and whether picture and metadata learn together.

    ``gamma`` ≥ 0 is the focal loss's; ``class_weights`` 'balanced' weighs each class by n/(k·n_c).

    Apart (``joint`` off) the picture's scores learn as if there were no metadata, and the metadata learn what to add
    to them: metadata withheld then leave exactly the network of a training without metadata.
    """

    smoothing: float = 0.05
    mask: float = 0.4
    heat: float = 0.1
    joint: bool = False
    kind: str = "cross-entropy"
    gamma: float = 2.0
    class_weights: str = "none"

    def __post_init__(self) -> None:
        for value, known in ((self.kind, KINDS), (self.class_weights, CLASS_WEIGHTS)):
            if value not in known:
                raise ValueError(f"There is no loss {value!r}; choose one of {', '.join(known)}.")
        if not 0 <= self.smoothing < 1 or self.gamma < 0:
            raise ValueError("Label smoothing lies between 0 and 1, and the focal loss's gamma is 0 or more.")


def classification_loss(
    scores: Tensor, target: Tensor, log_prior: Tensor, how: LossWeights, class_weights: Tensor | None = None
) -> Tensor:
    """The loss that ``how`` names, of ``scores + log_prior`` (N,K) against class shares ``target`` (N,K); a scalar.

    ``class_weights`` (K,) weigh each term and the mean over the batch, as torch's cross-entropy does. With the focal
    loss (Lin et al. 2017) a class of probability p counts (1 − p)^γ of its cross-entropy.
    """
    if how.kind == "cross-entropy" and class_weights is None:
        return adjusted_cross_entropy(scores, target, log_prior, how.smoothing)
    log_p = F.log_softmax(scores + log_prior, dim=1)
    terms = (target * (1 - how.smoothing) + how.smoothing / target.shape[1]) * log_p
    if how.kind == "focal":
        terms = terms * (-torch.expm1(log_p)).clamp_min(1e-6).pow(how.gamma)  # at 0 a root has no slope
    weight = torch.ones_like(log_prior) if class_weights is None else class_weights
    return -(terms * weight).sum() / (target * weight).sum()


def adjusted_cross_entropy(scores: Tensor, target: Tensor, log_prior: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy of ``scores + log_prior`` (N,K) against class shares ``target`` (N,K).

    Adding the log prior of the draw while training leaves scores that are free of it (logit adjustment, Menon et al.
    2021): arg-max of the scores is then the balanced decision, and adding the true prior gives probabilities.
    """
    target = target * (1 - smoothing) + smoothing / target.shape[1]
    return -(target * F.log_softmax(scores + log_prior, dim=1)).sum(dim=1).mean()


def mask_loss(logits: Tensor, masks: Tensor, has_mask: Tensor) -> Tensor:
    """Binary cross-entropy plus soft Dice of the mask head (N,1,h,w) against masks (N,1,H,W) in 0–1."""
    if not has_mask.any():
        return logits.sum() * 0
    truth = F.adaptive_avg_pool2d(masks[has_mask], (logits.shape[2], logits.shape[3]))
    logits = logits[has_mask]
    guess = logits.sigmoid()
    overlap = 2 * (guess * truth).sum(dim=(1, 2, 3)) + 1
    dice = 1 - overlap / (guess.sum(dim=(1, 2, 3)) + truth.sum(dim=(1, 2, 3)) + 1)
    return F.binary_cross_entropy_with_logits(logits, truth) + dice.mean()


def stray_heat(features: Tensor, weight: Tensor, target: Tensor, masks: Tensor, has_mask: Tensor) -> Tensor:
    """Mean share 0–1 of the target class's Grad-CAM that falls outside the dilated lesion.

    ``weight`` (K,C) is the image head's; ``target`` (N,K) picks the class by its largest share. Max-pooling the mask
    to cells dilates it by up to a cell, so heat on the border costs nothing.
    """
    if not has_mask.any():
        return features.sum() * 0
    chosen = weight[target[has_mask].argmax(dim=1)]
    heat = torch.relu(torch.einsum("nc,nchw->nhw", chosen, features[has_mask]))
    inside = F.adaptive_max_pool2d(masks[has_mask], heat.shape[1:]).squeeze(1)
    total = heat.sum(dim=(1, 2)) + 1e-6
    return ((heat * (1 - inside)).sum(dim=(1, 2)) / total).mean()


def total_loss(
    scores: Scores,
    target: Tensor,
    masks: Tensor,
    has_mask: Tensor,
    *,
    log_prior: Tensor,
    head: Tensor | None,
    weights: LossWeights,
    class_weights: Tensor | None = None,
    lesson: Lesson | None = None,
) -> Tensor:
    """The weighted sum that a training step minimises, a scalar. A ``lesson`` takes its share of the picture's loss."""
    learning = (scores.fused,) if weights.joint else (scores.image, scores.image.detach() + scores.metadata)
    first, *others = [classification_loss(z, target, log_prior, weights, class_weights) for z in learning]
    if lesson is not None:
        first = (1 - lesson.weight) * first + lesson.weight * divergence(scores.image, lesson, log_prior)
    loss = torch.stack([first, *others]).sum()
    if scores.mask is not None:
        loss = loss + weights.mask * mask_loss(scores.mask, masks, has_mask)
    if scores.features is not None and head is not None:
        loss = loss + weights.heat * stray_heat(scores.features, head, target, masks, has_mask)
    return loss
