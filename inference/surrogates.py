"""LIME and SHAP on the picture, on demand: which patches carry an answer, found by hiding them.

Grad-CAM reads the network from inside and costs one product. These two ask it from outside, some hundred times, and
share none of its assumptions: where all agree, the explanation stands on more than one leg.

- **LIME** (Ribeiro, Singh, Guestrin 2016): a weighted ridge regression on which patches were shown; R² says how much
  of the network it explains.
- **SHAP** (Kernel SHAP, Lundberg and Lee 2017, sampled in pairs after Covert and Lee 2021): the weights sum to the
  score of the picture less that of the picture with everything hidden, by constraint and not by luck.

Hidden means painted in the colour of the skin around the lesion (the median of the picture's outermost pixels): "had
there been skin here". A grey patch would be a thing that the network never met.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from inference.decoding import decode_for
from inference.metadata import Metadata
from inference.predictor import Predictor
from inference.preprocessing import Geometry, prepare
from inference.superpixels import superpixels

Method = Literal["lime", "shap"]
Pixels = NDArray[np.uint8]
Shown = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Score = Callable[[Pixels], float]
Steps = Callable[[int, int], object]

METHODS: Final = get_args(Method)
SAMPLES: Final = 240  # answers asked for; 22 s at 90 ms each
PATCHES: Final = 48
_KERNEL_WIDTH = 0.25  # of the cosine distance, as in the authors' own code
_RIDGE = 1.0


def _silent(_done: int, _total: int) -> None:
    """No one listens."""


@dataclass(frozen=True, eq=False)
class Surrogate:
    """What hiding patches said of one scoring function and one picture.

    Attributes:
        patches: (H, W) uint8, the patch of each pixel.
        weights: one for each patch: what showing it adds to the score; for SHAP they sum to score - hidden_score.
        score: of the picture as it is.
        hidden_score: of the picture with every patch hidden.
        r2: weighted R² of the surrogate on its own samples, at most 1; what is far below 1 explains little.
    """

    patches: NDArray[np.uint8]
    weights: tuple[float, ...]
    score: float
    hidden_score: float
    r2: float


@dataclass(frozen=True, eq=False)
class SurrogateExplanation:
    """A surrogate of one class's score z (logits): plain values that can be stored and drawn again.

    Attributes:
        method: "lime" or "shap".
        code: the diagnosis whose score was explained.
        surrogate: patches, weights and R².
        samples: how many answers it rests on.
        seed: which patches were hidden together; equal seeds give equal explanations.
        geometry: maps the patches onto the original (``inference.surrogate_overlay``).
    """

    method: Method
    code: str
    surrogate: Surrogate
    samples: int
    seed: int
    geometry: Geometry


def explain_image(
    predictor: Predictor,
    image: bytes,
    metadata: Metadata | None = None,
    *,
    method: Method,
    code: str,
    samples: int = SAMPLES,
    seed: int = 0,
    progress: Steps = _silent,
) -> SurrogateExplanation:
    """Explain one class's score of a picture by LIME or SHAP.

    Args:
        predictor: asked ``samples`` times; that takes some 20 seconds and no more memory than one answer.
        image: the bytes of a JPEG, PNG or WebP.
        metadata: as they were for the answer that is explained; they stay as they are.
        method: "lime" or "shap".
        code: the diagnosis whose z is explained.
        samples: answers to ask for, at least twice the number of patches (48).
        seed: of the draw of hidden patches.
        progress: called with answers done and their total; what it raises ends the work.

    Raises:
        ImageRefused: the bytes are no picture that may be analysed.
        ValueError: no such method or diagnosis, or too few samples.
        BundleError: as ``Predictor.predict``.
    """
    labels = predictor.bundle.manifest.labels
    if code not in labels:
        raise ValueError(f"diagnosis: {code!r} is not one of {', '.join(labels)}.")
    predictor.warm_up()
    spec = predictor.bundle.manifest.input
    upright = decode_for(image, spec.width, spec.height)  # as for the answer that is explained
    prepared = prepare(upright.image, spec, upright.size)
    known, row = metadata or Metadata(), labels.index(code)
    surrogate = explain_pixels(
        lambda pixels: float(predictor.logits(pixels, known)[row]),
        prepared.pixels,
        method=method,
        samples=samples,
        seed=seed,
        progress=progress,
    )
    return SurrogateExplanation(method, code, surrogate, samples, seed, prepared.geometry)


def explain_pixels(
    score: Score,
    pixels: Pixels,
    *,
    method: Method,
    samples: int = SAMPLES,
    seed: int = 0,
    count: int = PATCHES,
    progress: Steps = _silent,
) -> Surrogate:
    """Explain any function of a picture (H, W, 3) uint8; arguments as in ``explain_image``.

    ``count`` is the number of patches wanted; ``score`` is called ``samples`` times.
    """
    if method not in METHODS:
        raise ValueError(f"method: {method!r} is not one of {', '.join(METHODS)}.")
    patches = superpixels(pixels, count)
    number = int(patches.max()) + 1
    if samples < 2 * number:
        raise ValueError(f"samples: {samples} are too few for {number} patches; ask for {2 * number} or more.")
    rng = np.random.default_rng(seed)
    drawn = _any(rng, samples - 2, number) if method == "lime" else _paired(rng, samples - 2, number)
    shown = np.vstack([np.ones(number, bool), np.zeros(number, bool), drawn])  # (samples, number)
    scores = _ask(score, pixels, patches, shown, progress)
    weights, r2 = (_lime if method == "lime" else _shap)(shown, scores)
    return Surrogate(patches, tuple(weights.tolist()), float(scores[0]), float(scores[1]), r2)


def _ask(score: Score, pixels: Pixels, patches: NDArray[np.uint8], shown: Shown, progress: Steps) -> Numbers:
    skin = _skin(pixels)
    scores = np.empty(len(shown))
    for i, kept in enumerate(shown):
        scores[i] = score(np.where(kept[patches][..., np.newaxis], pixels, skin))
        progress(i + 1, len(shown))
    return scores


def _skin(pixels: Pixels) -> Pixels:
    """(3,): the median colour of the outermost pixels."""
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return np.asarray(np.median(edge, axis=0), np.uint8)


def _any(rng: np.random.Generator, samples: int, number: int) -> Shown:
    """Each patch shown or hidden by the toss of a coin."""
    return rng.random((samples, number)) < 0.5


def _paired(rng: np.random.Generator, samples: int, number: int) -> Shown:
    """Coalitions drawn by Shapley's kernel, each followed by its opposite; never all, never none."""
    sizes = np.arange(1, number)
    odds = 1 / (sizes * (number - sizes))
    chosen = rng.choice(sizes, (samples + 1) // 2, p=odds / odds.sum())
    ranks = rng.random((len(chosen), number)).argsort(axis=1).argsort(axis=1)
    shown = ranks < chosen[:, np.newaxis]
    return np.stack([shown, ~shown], axis=1).reshape(-1, number)[:samples]


def _lime(shown: Shown, scores: Numbers) -> tuple[Numbers, float]:
    """Weighted ridge regression; the intercept is free of the penalty."""
    distance = 1 - np.sqrt(shown.mean(axis=1))  # the cosine distance to the whole picture
    nearness = np.exp(-((distance / _KERNEL_WIDTH) ** 2))
    inputs = shown.astype(np.float64)
    middle = np.average(inputs, axis=0, weights=nearness)
    centred, rest = inputs - middle, scores - np.average(scores, weights=nearness)
    gram = (centred.T * nearness) @ centred + _RIDGE * np.eye(shown.shape[1])
    weights = np.linalg.solve(gram, (centred.T * nearness) @ rest)
    return weights, _r2(rest, centred @ weights, nearness)


def _shap(shown: Shown, scores: Numbers) -> tuple[Numbers, float]:
    """Least squares on the drawn coalitions under the constraint that the weights sum to the whole difference."""
    inputs, gains = shown[2:].astype(np.float64), scores[2:] - scores[1]
    whole = scores[0] - scores[1]
    number = inputs.shape[1]
    gram = inputs.T @ inputs / len(inputs) + 1e-9 * np.eye(number)
    free = np.linalg.solve(gram, inputs.T @ gains / len(inputs))
    towards = np.linalg.solve(gram, np.ones(number))
    weights = free + towards * (whole - free.sum()) / towards.sum()
    return weights, _r2(gains, inputs @ weights, np.ones(len(gains)))


def _r2(truth: Numbers, guess: Numbers, weight: Numbers) -> float:
    spread = float(weight @ (truth - np.average(truth, weights=weight)) ** 2)
    missed = float(weight @ (truth - guess) ** 2)
    if spread <= 1e-12 * max(1.0, float(weight @ truth**2)):
        return 1.0  # a score that no patch moves is explained by no patch
    return 1 - missed / spread
