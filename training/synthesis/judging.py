"""What our network sees in pictures of any size: embeddings and classes, and the report's filter beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from inference.bundle import Bundle
from inference.preprocessing import prepare
from inference.runtime import Runtime
from inference.vocabulary import DIAGNOSES

Floats = NDArray[np.float64]
REPORT_LIMIT = 0.7  # the report keeps a picture whose mean feature is above


@dataclass(frozen=True)
class Seen:
    """Of N pictures: embedding (N,C), and prior-free probability of the classes (N,7), from the picture alone."""

    embeddings: Floats
    p: Floats

    def agrees(self, codes: Sequence[str]) -> NDArray[np.bool_]:
        """Where the likeliest class, prior-free, is the one that the picture was made as, (N,)."""
        return np.asarray(self.p.argmax(1) == [DIAGNOSES.index(code) for code in codes])

    def support(self, codes: Sequence[str]) -> Floats:
        """Probability, prior-free, of the class that each picture was made as, 0–1 (N,)."""
        return self.p[np.arange(len(self.p)), [DIAGNOSES.index(code) for code in codes]]


def look(bundle: Bundle, images: Sequence[NDArray[np.uint8]], what: str = "judging") -> Seen:
    """Run RGB pictures uint8 (H,W,3) of any sizes through the graph; a small one is enlarged as any other would be."""
    runtime = Runtime(lambda: bundle.model)
    embeddings, logits = [], []
    for image in tqdm(images, desc=what, unit="image", disable=len(images) < 50):
        features, _ = runtime.run(prepare(Image.fromarray(image), bundle.manifest.input).tensor)
        embeddings.append(features.mean(axis=(1, 2), dtype=np.float32))
        logits.append(bundle.head.image_logits(embeddings[-1]))
    z = np.stack(logits).astype(np.float64)
    p = np.exp(z - z.max(1, keepdims=True))
    return Seen(np.stack(embeddings).astype(np.float64), p / p.sum(1, keepdims=True))


def passes_report_filter(embeddings: Floats, limit: float = REPORT_LIMIT) -> NDArray[np.bool_]:
    """The report's "quality filter": the mean of a network's features is above ``limit``; (N,C) → (N,).

    It is no measure of quality: the mean of features says how much a network is excited, not how sharp a picture is.
    Kept to be measured beside those that are.
    """
    return np.asarray(embeddings.mean(1) > limit)
