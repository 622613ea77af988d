"""How far a set of pictures lies from another, in the features of a network: KID and FID.

Sources: Bińkowski et al. (2018) for the kernel distance; Heusel et al. (2017) for Fréchet's. Both with the embeddings
of our own network instead of Inception's, so the figures compare with each other and with no published table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FEWEST = 4  # pictures of a set that is drawn from: two make the smallest subset


@dataclass(frozen=True)
class KernelDistance:
    """Mean and standard deviation of the estimate over random subsets; around 0 for sets of one kind, below it too.

    The deviation is that of one subset's estimate: that of all pictures together is surer.
    """

    value: float
    deviation: float


def mmd(a: Floats, b: Floats) -> float:
    """Unbiased squared maximum mean discrepancy of (N,D) and (M,D) under (x·y/D + 1)³.

    Raises ``ValueError`` for sets of fewer than two.
    """
    n, m = len(a), len(b)
    if min(n, m) < 2:
        raise ValueError("A kernel distance needs two pictures or more in each set.")
    within_a, within_b, across = _kernel(a, a), _kernel(b, b), _kernel(a, b)
    own = (within_a.sum() - np.trace(within_a)) / (n * (n - 1)) + (within_b.sum() - np.trace(within_b)) / (m * (m - 1))
    return float(own - 2 * across.mean())


def _kernel(a: Floats, b: Floats) -> Floats:
    values: Floats = (a @ b.T / a.shape[1] + 1) ** 3
    return values


def kid(a: Floats, b: Floats, *, subset: int = 1000, subsets: int = 50, seed: int = 0) -> KernelDistance:
    """``mmd`` of ``subsets`` random draws of at most ``subset`` rows of each set, (N,D) and (M,D).

    A draw takes at most half of the smaller set: draws of whole sets are all one, and their deviation says nothing.
    Raises ``ValueError`` for sets of fewer than four.
    """
    if min(len(a), len(b)) < FEWEST:
        raise ValueError(f"A kernel distance over subsets needs {FEWEST} pictures or more in each set.")
    rng, size = np.random.default_rng(seed), min(subset, len(a) // 2, len(b) // 2)
    drawn = [
        mmd(a[rng.choice(len(a), size, replace=False)], b[rng.choice(len(b), size, replace=False)])
        for _ in range(subsets)
    ]
    return KernelDistance(float(np.mean(drawn)), float(np.std(drawn)))


def fid(a: Floats, b: Floats) -> float:
    """Fréchet's distance of two Gaussians fitted to (N,D) and (M,D), 0 or more; biased upwards for small sets.

    Raises ``ValueError`` for sets of fewer than two.
    """
    if min(len(a), len(b)) < 2:
        raise ValueError("Fréchet's distance needs two pictures or more in each set.")
    of_a, of_b = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    root = _root(of_a)
    # tr (A B)^½ = tr (A^½ B A^½)^½, which is symmetric: no complex numbers come up.
    common = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ of_b @ root), 0)).sum()
    offset = a.mean(0) - b.mean(0)
    return float(max(0.0, offset @ offset + np.trace(of_a) + np.trace(of_b) - 2 * common))


def _root(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    found: Floats = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return found
