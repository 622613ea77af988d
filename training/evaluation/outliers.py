"""Which pictures do not belong: far from every large cluster (k-means) and from every dense region (DBSCAN).

Nothing is removed by it. A strange picture may be the rare case that matters most; a person looks and decides.

Sources: Ester, Kriegel, Sander, Xu, "A density-based algorithm for discovering clusters" (1996); k-means++ (Arthur,
Vassilvitskii 2007). Both by scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.cluster import DBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import RobustScaler

Floats = NDArray[np.float64]

CLUSTERS = 8
SMALLEST = 0.02  # of all pictures; a smaller cluster is no home: strangers of one kind would make their own
NEIGHBOURS = 5
DENSE = 95  # percentile of the distance to the fifth neighbour that counts as near
REACH = 20.0  # robust standard deviations beyond which one number may not decide alone


@dataclass(frozen=True)
class Strangeness:
    """Of N pictures, each (N,): how far from home by either way, and what DBSCAN calls noise.

    ``by_means`` is the distance to the nearest large cluster in typical radii of that cluster, ``by_density`` that to
    the nearest dense picture in units of DBSCAN's reach: both from 0, ordinary up to about 1.
    """

    by_means: Floats
    by_density: Floats
    noise: NDArray[np.bool_]

    @property
    def rank(self) -> NDArray[np.int64]:
        """1 for the strangest by both ways together, N for the most ordinary."""
        both = rankdata(-self.by_means) + rankdata(-self.by_density)
        ranks: NDArray[np.int64] = rankdata(both, method="ordinal").astype(np.int64)
        return ranks


def strangeness(features: Floats, *, seed: int = 0) -> Strangeness:
    """From ``features`` (N,D) on any scale. Raises ``ValueError`` when N is too small for clusters."""
    if len(features) < 10 * CLUSTERS:
        raise ValueError(f"Outliers need at least {10 * CLUSTERS} pictures; here are {len(features)}.")
    points = _scaled(features)
    by_density, noise = _by_density(points)
    return Strangeness(_by_means(points, seed), by_density, noise)


def _scaled(features: Floats) -> Floats:
    """Robustly scaled, then turned to the directions that hold 95 % of the variance."""
    scaled = RobustScaler(quantile_range=(16, 84)).fit_transform(features) * 2  # ± one standard deviation of a normal
    points: Floats = PCA(0.95, svd_solver="full").fit_transform(np.clip(scaled, -REACH, REACH))
    return points


def _by_means(points: Floats, seed: int) -> Floats:
    found = KMeans(CLUSTERS, n_init=5, random_state=seed).fit(points)
    members = np.bincount(found.labels_, minlength=CLUSTERS)
    homes = np.flatnonzero(members >= SMALLEST * len(points))
    distance = found.transform(points)[:, homes]
    radius = np.array([np.median(distance[found.labels_ == home, i]) for i, home in enumerate(homes)])
    nearest: Floats = (distance / np.maximum(radius, 1e-9)).min(axis=1)
    return nearest


def _by_density(points: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    to_fifth = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(points).kneighbors(points)[0][:, -1]
    reach = max(float(np.percentile(to_fifth, DENSE)), 1e-9)
    found = DBSCAN(eps=reach, min_samples=NEIGHBOURS + 1).fit(points)
    sizes = np.bincount(found.labels_ + 1)  # noise first
    at_home = (found.labels_ >= 0) & (sizes[found.labels_ + 1] >= SMALLEST * len(points))
    core = np.zeros(len(points), bool)
    core[found.core_sample_indices_] = True
    ground = points[core & at_home]
    # A dense picture is its own nearest one: then its fifth neighbour says how dense, and that is within reach.
    distance = NearestNeighbors(n_neighbors=1).fit(ground).kneighbors(points)[0][:, 0]
    return np.where(core & at_home, to_fifth * 1e-3, distance) / reach, ~at_home
