"""Learning rate, picture size and strength of augmentation as functions of progress 0–1."""

from __future__ import annotations

import math
from dataclasses import dataclass

from training.fitting.augmentation import Augmentation
from training.fitting.augmentation_presets import PRESETS

Size = tuple[int, int]
RATES = ("cosine", "constant", "plateau")


@dataclass(frozen=True)
class Schedule:
    """Small pictures first (cheap epochs), the served size last; the final tenth with gentle augmentation.

    112×144 is not 4:3: its pictures stand 3.7 % taller than they are. The shipped networks learned with it from .45 to
    .75 of their time, so it stays; 108×144 would be true.

    ``rate`` 'plateau' starts at ``peak`` and multiplies it by ``factor``, never below ``floor``, whenever the
    validation accuracy has not risen ``patience`` times in a row; progress has no say in it.
    """

    peak: float = 0.1
    warmup: float = 0.05
    sizes: tuple[tuple[float, Size], ...] = ((0.45, (96, 128)), (0.75, (112, 144)), (1.0, (144, 192)))
    gentle_from: float = 0.9
    rate: str = "cosine"
    patience: int = 4
    factor: float = 0.5
    floor: float = 1e-5
    augment: str = "default"
    mixup_share: float = 0.3

    def __post_init__(self) -> None:
        if self.rate not in RATES:
            raise ValueError(f"There is no rate {self.rate!r}; choose one of {', '.join(RATES)}.")
        if self.augment not in PRESETS:
            raise ValueError(f"There is no augmentation {self.augment!r}; choose one of {', '.join(PRESETS)}.")
        if self.patience < 1:
            raise ValueError(f"The rate can wait 1 validation or more, not {self.patience}.")

    def learning_rate(self, progress: float) -> float:
        """Linear warm-up, then half a cosine down to zero; ``peak`` throughout where the rate is 'constant'."""
        if self.rate == "constant":
            return self.peak
        if progress < self.warmup:
            return self.peak * (progress / self.warmup + 0.01)
        after = (progress - self.warmup) / (1 - self.warmup)
        return self.peak * 0.5 * (1 + math.cos(math.pi * min(after, 1.0)))

    def size(self, progress: float) -> Size:
        """Height and width in pixels of the training pictures."""
        return next((size for until, size in self.sizes if progress < until), self.sizes[-1][1])

    def augmentation(self, progress: float) -> Augmentation:
        throughout, at_last = PRESETS[self.augment]
        return at_last if progress >= self.gentle_from else throughout

    def mixup(self, progress: float) -> float:
        """Chance of a step to mix its pictures pairwise."""
        return 0.0 if progress >= self.gentle_from else self.mixup_share
