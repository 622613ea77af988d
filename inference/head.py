"""The two linear heads that sit on the network's features, as plain arrays in closed form.

They are kept out of the ONNX graph because everything that explains a result needs them: Grad-CAM is one
product with ``W``, and the share of image and metadata in a logit is the sum's two terms.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from inference.arrays import checked_floats, pack_arrays, read_arrays

Floats = NDArray[np.float32]
HEAD_FILE = "head.npz"
_MEMBER_ARRAYS = ("U", "c", "G", "d", "V")


@dataclass(frozen=True)
class MetadataMember:
    """One ensemble member's metadata branch; D inputs, h hidden units, g gates (1 or one per class).

    U (h, D), c (h,), G (g, D), d (g,), V (7, h); averaging factors are already folded into V.
    """

    U: Floats
    c: Floats
    G: Floats
    d: Floats
    V: Floats

    def logits(self, encoded: Floats) -> Floats:
        """(D,) → (7,): sigmoid(G e + d) · V tanh(U e + c)."""
        hidden = np.tanh(self.U @ encoded + self.c)  # (h,)
        gate = 1.0 / (1.0 + np.exp(-(self.G @ encoded + self.d)))  # (g,)
        return np.asarray(gate * (self.V @ hidden), dtype=np.float32)


@dataclass(frozen=True)
class Head:
    """The image head W (7, C), b (7,) and the metadata members; rows follow the bundle's labels."""

    W: Floats
    b: Floats
    members: tuple[MetadataMember, ...]

    @property
    def channels(self) -> int:
        """C, the number of feature channels."""
        return int(self.W.shape[1])

    def image_logits(self, embedding: Floats) -> Floats:
        """(C,) spatial means of the features → (7,)."""
        return np.asarray(self.W @ embedding + self.b, dtype=np.float32)

    def metadata_logits(self, encoded: Floats) -> Floats:
        """(D,) → (7,); exactly zero when nothing is known, so that the image's answer stands untouched."""
        total = np.zeros(len(self.b), dtype=np.float32)
        if encoded.any():
            for member in self.members:
                total += member.logits(encoded)
        return total

    def problems(self, *, classes: int, metadata_size: int) -> list[str]:
        """Name every array whose shape does not fit, in sentences; empty when all do."""
        expected = {"W": (self.W, (classes, self.channels)), "b": (self.b, (classes,))}
        for i, member in enumerate(self.members):
            hidden, gates = len(member.c), len(member.d)
            expected |= {
                f"meta{i}_U": (member.U, (hidden, metadata_size)),
                f"meta{i}_G": (member.G, (gates, metadata_size)),
                f"meta{i}_V": (member.V, (classes, hidden)),
            }
            if gates not in (1, classes):
                expected[f"meta{i}_d"] = (member.d, (classes,))
        return [
            f"head.npz: {name} has shape {array.shape}, not {shape}."
            for name, (array, shape) in expected.items()
            if array.shape != shape
        ]

    def to_arrays(self) -> dict[str, Floats]:
        """The arrays under the names they have in ``head.npz``."""
        arrays = {"W": self.W, "b": self.b}
        for i, member in enumerate(self.members):
            arrays |= {f"meta{i}_{key}": getattr(member, key) for key in _MEMBER_ARRAYS}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """Build the head from named arrays.

        Raises:
            BundleError: an array is missing, unknown, not finite, or has the wrong number of axes.
        """
        members = sum(1 for name in arrays if name.startswith("meta") and name.endswith("_U"))
        axes = {"W": 2, "b": 1}
        for i in range(members):
            axes |= {f"meta{i}_{key}": 2 if key in "UGV" else 1 for key in _MEMBER_ARRAYS}
        cast = checked_floats(arrays, axes, HEAD_FILE)
        branches = (MetadataMember(**{key: cast[f"meta{i}_{key}"] for key in _MEMBER_ARRAYS}) for i in range(members))
        return cls(cast["W"], cast["b"], tuple(branches))


def read_head(data: bytes) -> Head:
    """Read ``head.npz``; pickled arrays are refused.

    Raises:
        BundleError: the bytes are no such file.
    """
    return Head.from_arrays(read_arrays(data, HEAD_FILE))


def pack_head(head: Head) -> bytes:
    """The bytes of ``head.npz``."""
    return pack_arrays(head.to_arrays())
