"""Plain named arrays in a bundle: ``.npz`` files that are read without pickle and without trust in their length."""

import io
import math
import zipfile
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from inference.errors import BundleError

Floats = NDArray[np.float32]
_MAX_UNPACKED_BYTES = 64_000_000  # a zip may promise far more than it weighs
_HEADER_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_arrays(data: bytes, name: str) -> dict[str, NDArray[np.generic]]:
    """Read the arrays of the file ``name``; pickled ones are refused.

    Raises:
        BundleError: the bytes are no such file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_UNPACKED_BYTES:
                raise BundleError(f"{name}: its arrays are larger than any that belong there.")
            return {entry.filename.removesuffix(".npy"): _read(archive, entry) for entry in archive.infolist()}
    except BundleError:
        raise
    except Exception as error:  # noqa: BLE001  hostile zips and headers fail in every way there is
        raise BundleError(f"{name}: it is not a file of plain arrays ({error}).") from None


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[np.generic]:
    """One array; memory is taken only for as many numbers as the entry holds, whatever its header promises."""
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        if version not in _HEADER_READERS:
            raise ValueError(f"{entry.filename} has format {version}, not 1.0 or 2.0")
        shape, _, dtype = _HEADER_READERS[version](file)
        promised, held = math.prod(shape) * dtype.itemsize, entry.file_size - file.tell()
        if promised != held:
            raise ValueError(f"{entry.filename} promises {promised} bytes and holds {held}")
    with archive.open(entry) as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def checked_floats(arrays: Mapping[str, NDArray[np.generic]], axes: Mapping[str, int], name: str) -> dict[str, Floats]:
    """The arrays as contiguous float32.

    Raises:
        BundleError: one is missing, unknown, empty, not finite in float32, or has another number of axes than ``axes``
            says.
    """
    problems = [f"{name}: {key} is missing." for key in axes if key not in arrays]
    floats = {key: _as_float32(array) for key, array in arrays.items() if array.dtype.kind == "f"}
    for key, array in arrays.items():
        if key not in axes:
            problems.append(f"{name}: {key} is not an array that belongs there.")
        elif key not in floats or array.ndim != axes[key] or not np.isfinite(floats[key]).all():
            problems.append(f"{name}: {key} is not a finite float array with {axes[key]} axes.")
        elif 0 in array.shape:
            problems.append(f"{name}: {key} has shape {array.shape} and so holds no number.")
    if problems:
        raise BundleError(problems)
    return floats


def _as_float32(array: NDArray[np.generic]) -> Floats:
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is reported as that
        return np.ascontiguousarray(array, dtype=np.float32)


def pack_arrays(arrays: Mapping[str, NDArray[np.float16] | Floats]) -> bytes:
    """The bytes of an ``.npz``."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
