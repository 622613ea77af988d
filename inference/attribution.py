"""What the picture, the age, the sex and the site each add to a score: exact Shapley values.

Four players make sixteen coalitions, and a coalition's worth is the head's answer when only its members are known
(Shapley 1953; Lundberg and Lee 2017 for explanations). Sixteen answers of a linear head are counted out, so nothing
is sampled and nothing is estimated.

What "absent" means: an absent field is unknown, which the network has learned to answer for. An absent picture adds
no logits: z = 0 for each class, and then the calibrated p = softmax(z / T + log prior) is the prior itself. That is
what is known of a patient of whom nothing is known; it needs no mean over other people's pictures, and it stands in
each bundle already.
"""

from math import factorial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.head import Floats, Head
from inference.metadata import Metadata, MetadataEncoding

PLAYERS: Final = ("image", "age", "sex", "site")

Worth = NDArray[np.float64]


def attribute(head: Head, encoding: MetadataEncoding, metadata: Metadata, image_logits: Floats) -> Worth:
    """Shapley values of one answer.

    Args:
        head: of the bundle.
        encoding: of the bundle.
        metadata: as it was given; an unknown field gets exactly 0.
        image_logits: (7,), the picture's part of z.

    Returns:
        (4, 7) in logits, rows as ``PLAYERS``; each column sums to z less ``baseline``.
    """
    return shapley(coalitions(head, encoding, metadata, image_logits))


def attribute_malignancy(worth: Worth, log_prior: Worth, temperature: float, malignant: NDArray[np.bool_]) -> Worth:
    """Shapley values of the log-odds of malignancy, at the temperature of the answer.

    Args:
        worth: (16, 7), as ``coalitions``.
        log_prior, temperature: of the calibrated p = softmax(z / T + log prior).
        malignant: (7,), which classes count.

    Returns:
        (5,): the log-odds without picture and metadata, then the four parts; they sum to the log-odds of the answer.
    """
    scores = worth / temperature + log_prior
    odds = np.logaddexp.reduce(scores[:, malignant], axis=1) - np.logaddexp.reduce(scores[:, ~malignant], axis=1)
    return np.concatenate([odds[:1], shapley(odds[:, np.newaxis])[:, 0]])


def baseline(classes: int) -> Worth:
    """(classes,): z of the empty coalition, without picture and metadata: 0, at which p is the prior."""
    return np.zeros(classes)


def coalitions(head: Head, encoding: MetadataEncoding, metadata: Metadata, image_logits: Floats) -> Worth:
    """(16, 7): z of each coalition; bit i of the row's number says whether ``PLAYERS[i]`` is known.

    The last row is the answer itself, to the bit: it is added up as the predictor adds it up.
    """
    fields = np.stack([encoding.encode(alone) for alone in _each_alone(metadata)])  # (3, D)
    pictures = (np.zeros_like(image_logits), image_logits)
    rows = []
    for known in range(2 ** len(fields)):
        among = [bool(known >> i & 1) for i in range(len(fields))]
        added = head.metadata_logits(fields[among].sum(axis=0, dtype=np.float32))
        rows += [picture + added for picture in pictures]
    return np.asarray(rows, dtype=np.float64)


def shapley(worth: Worth) -> Worth:
    """Shapley values of any game of n players.

    Args:
        worth: (2^n, k), what each coalition is worth in k games; bit i of the row's number says whether player i is in.

    Returns:
        (n, k); each column sums to the worth of all less that of none.
    """
    players = len(worth).bit_length() - 1
    rows = np.arange(len(worth))
    size = np.array([int(row).bit_count() for row in rows])
    orders = np.array([factorial(joined) * factorial(players - joined - 1) for joined in range(players)])
    values = []
    for player in range(players):
        without = rows[rows >> player & 1 == 0]
        gain = worth[without | 1 << player] - worth[without]  # (2^(n-1), k)
        values.append(orders[size[without]] @ gain / factorial(players))
    return np.stack(values)


def _each_alone(metadata: Metadata) -> tuple[Metadata, Metadata, Metadata]:
    """Age, sex and site, each as if it were all that is known."""
    return Metadata(age=metadata.age), Metadata(sex=metadata.sex), Metadata(localization=metadata.localization)
