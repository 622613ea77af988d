"""Learning rate, picture size and strength of augmentation as functions of progress 0–1."""

from __future__ import annotations

import math
from dataclasses import dataclass

from training.fitting.augmentation import Augmentation

Size = tuple[int, int]


@dataclass(frozen=True)
class Schedule:
    """Small pictures first (cheap epochs), the served size last; the final tenth with gentle augmentation."""

    peak: float = 0.1
    warmup: float = 0.05
    sizes: tuple[tuple[float, Size], ...] = ((0.45, (96, 128)), (0.75, (112, 144)), (1.0, (144, 192)))
    gentle_from: float = 0.9

    def learning_rate(self, progress: float) -> float:
        """Linear warm-up, then half a cosine down to zero."""
        if progress < self.warmup:
            return self.peak * (progress / self.warmup + 0.01)
        after = (progress - self.warmup) / (1 - self.warmup)
        return self.peak * 0.5 * (1 + math.cos(math.pi * min(after, 1.0)))

    def size(self, progress: float) -> Size:
        """Height and width in pixels of the training pictures."""
        return next((size for until, size in self.sizes if progress < until), self.sizes[-1][1])

    def augmentation(self, progress: float) -> Augmentation:
        return Augmentation.gentle() if progress >= self.gentle_from else Augmentation()

    def mixup(self, progress: float) -> float:
        """Chance of a step to mix its pictures pairwise."""
        return 0.0 if progress >= self.gentle_from else 0.3
