"""A damaged or hostile file of arrays is a fault of the bundle, whatever it trips over."""

import io
import zipfile
from typing import Any

import numpy as np
import pytest

from inference.arrays import checked_floats, pack_arrays, read_arrays
from inference.errors import BundleError
from inference.head import read_head
from inference.scope import FeatureSpace


def zipped(content: bytes, name: str = "mean.npy", method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def entry(shape: tuple[int, ...], content: bytes = b"", descr: str = "<f4") -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue() + content


def flagged(data: bytes, *, bits: int = 0, method: int | None = None) -> bytes:
    """The archive with other flags or another method in both of its headers."""
    changed = bytearray(data)
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.index(mark)
        changed[start + flags] |= bits
        if method is not None:
            changed[start + flags + 2 : start + flags + 4] = method.to_bytes(2, "little")
    return bytes(changed)


def broken_stream() -> bytes:
    data = bytearray(zipped(entry((64,), bytes(256)), method=zipfile.ZIP_DEFLATED))
    start = 30 + len("mean.npy")
    data[start : start + 20] = b"\xff" * 20
    return bytes(data)


GOOD = entry((2,), bytes(8))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no zip", id="no zip"),
        pytest.param(zipped(b"mean"), id="no array"),
        pytest.param(zipped(GOOD[:-1]), id="cut off"),
        pytest.param(zipped(GOOD + b"more"), id="too long"),
        pytest.param(zipped(entry((10**13,))), id="more than memory"),
        pytest.param(zipped(entry((10**30,))), id="more than an integer"),
        pytest.param(zipped(entry((-2,))), id="negative"),
        pytest.param(zipped(entry((1,), bytes(8), "|O")), id="pickle"),
        pytest.param(zipped(b"\x93NUMPY\x09\x00" + GOOD[8:]), id="unknown version"),
        pytest.param(zipped(b"\x93NUMPY\x01\x00\x04\x00((((" + bytes(8)), id="header of brackets"),
        pytest.param(broken_stream(), id="broken stream"),
        pytest.param(flagged(zipped(GOOD), bits=1), id="encrypted"),
        pytest.param(flagged(zipped(GOOD), method=99), id="unknown compression"),
        pytest.param(zipped(bytes(65_000_000), method=zipfile.ZIP_DEFLATED), id="bomb"),
    ],
)
def test_a_malformed_file_of_arrays_is_a_fault_of_the_bundle(data: bytes) -> None:
    with pytest.raises(BundleError, match=r"^scope\.npz: it"):
        FeatureSpace.read(data)
    with pytest.raises(BundleError, match=r"^head\.npz: it"):
        read_head(data)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.array([1e300]), "mean is not a finite float array with 1 axes"),
        (np.array([1]), "mean is not a finite float array"),
        (np.float32(1), "mean is not a finite float array"),
        (np.zeros(0), r"mean has shape \(0,\) and so holds no number"),
    ],
)
def test_numbers_that_cannot_be_used_are_named(array: object, sentence: str) -> None:
    with pytest.raises(BundleError, match=sentence):
        checked_floats({"mean": np.asarray(array)}, {"mean": 1}, "scope.npz")


def test_no_axes_at_all_are_a_fault_of_the_scope() -> None:
    arrays: dict[str, Any] = {
        "mean": np.zeros(4),
        "basis": np.zeros((0, 4)),
        "deviation": np.zeros(0),
        "rest": np.ones(1),
    }
    with pytest.raises(BundleError, match="basis has shape") as caught:
        FeatureSpace.read(pack_arrays(arrays))
    assert len(caught.value.problems) == 2


def test_arrays_come_back_as_they_were_packed() -> None:
    arrays: dict[str, Any] = {"a": np.arange(6, dtype=np.float32).reshape(2, 3).T, "b": np.ones(2, np.float16)}
    again = read_arrays(pack_arrays(arrays), "head.npz")
    assert again.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(again[key], array)
        assert again[key].dtype == array.dtype
