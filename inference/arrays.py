"""Plain named arrays in a bundle: ``.npz`` files that are read without pickle and without trust in their length."""

import io
import zipfile
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from inference.errors import BundleError

Floats = NDArray[np.float32]
_MAX_UNPACKED_BYTES = 64_000_000  # a zip may promise far more than it weighs


def read_arrays(data: bytes, name: str) -> dict[str, NDArray[np.generic]]:
    """Read the arrays of the file ``name``; pickled ones are refused.

    Raises:
        BundleError: the bytes are no such file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_UNPACKED_BYTES:
                raise BundleError(f"{name}: its arrays are larger than any that belong there.")
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(f"{name}: it is not a file of plain arrays ({error}).") from None


def checked_floats(arrays: Mapping[str, NDArray[np.generic]], axes: Mapping[str, int], name: str) -> dict[str, Floats]:
    """The arrays as contiguous float32.

    Raises:
        BundleError: one is missing, unknown, not finite, or has another number of axes than ``axes`` says.
    """
    problems = [f"{name}: {key} is missing." for key in axes if key not in arrays]
    for key, array in arrays.items():
        if key not in axes:
            problems.append(f"{name}: {key} is not an array that belongs there.")
        elif array.dtype.kind != "f" or array.ndim != axes[key] or not np.isfinite(array.astype(np.float64)).all():
            problems.append(f"{name}: {key} is not a finite float array with {axes[key]} axes.")
    if problems:
        raise BundleError(problems)
    return {key: np.ascontiguousarray(array, dtype=np.float32) for key, array in arrays.items()}


def pack_arrays(arrays: Mapping[str, NDArray[np.float16] | Floats]) -> bytes:
    """The bytes of an ``.npz``."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
