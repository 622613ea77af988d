"""Look into an ONNX file without running it and without the ``onnx`` package.

A model file comes from outside. Before the runtime may load it, this reader walks the protocol-buffer
wire format and reports what the runtime would otherwise follow silently: tensors stored in other files
and operators from custom libraries. Field numbers are those of onnx.proto3 (ONNX, IR version 3 and up).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from inference.errors import BundleError

STANDARD_DOMAINS = frozenset({"", "ai.onnx"})
FLOAT = 1  # TensorProto.DataType.FLOAT

# message → {field number: message found there}, for every path that leads to a tensor or an operator.
_CHILDREN: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_TENSOR_EXTERNAL_DATA = 13
_TENSOR_DATA_LOCATION = 14
_NODE_OPERATOR = 4
_NODE_DOMAIN = 7
_QUANTISERS = frozenset({b"QuantizeLinear", b"DynamicQuantizeLinear"})
_MAX_DEPTH = 32


@dataclass(frozen=True)
class Port:
    """An input or output of the graph; a free dimension is None."""

    name: str
    element_type: int
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class GraphSummary:
    """What a model file holds, as far as safety and fit are concerned.

    quantised: it rounds what flows through it to whole numbers, so it computes in eight bits.
    """

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    foreign_domains: frozenset[str]
    external_tensors: int
    quantised: bool = False


def summarise(model: bytes) -> GraphSummary:
    """Walk a serialised ONNX model.

    Raises:
        BundleError: the bytes are not a well-formed ONNX model.
    """
    walk = _Walk()
    try:
        walk.visit("model", memoryview(model), depth=0)
        graph = next(_bytes_of(memoryview(model), 7), None)
        if graph is None:
            raise ValueError("it holds no graph")
        initializers = {_name(tensor, 8) for tensor in _bytes_of(graph, 5)}
        inputs = tuple(port for port in map(_port, _bytes_of(graph, 11)) if port.name not in initializers)
        outputs = tuple(map(_port, _bytes_of(graph, 12)))
    except (ValueError, IndexError) as error:
        raise BundleError(f"The model is not a readable ONNX file: {error}.") from None
    return GraphSummary(inputs, outputs, frozenset(walk.foreign_domains), walk.external_tensors, walk.quantised)


class _Walk:
    def __init__(self) -> None:
        self.foreign_domains: set[str] = set()
        self.external_tensors = 0
        self.quantised = False

    def visit(self, message: str, data: memoryview, *, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise ValueError("its graphs are nested too deeply")
        children = _CHILDREN[message]
        external = False
        for number, value in _fields(data):
            if number in children and isinstance(value, memoryview):
                self.visit(children[number], value, depth=depth + 1)
            elif message == "tensor" and number in (_TENSOR_EXTERNAL_DATA, _TENSOR_DATA_LOCATION):
                external = external or value != 0
            elif message == "node" and number == _NODE_OPERATOR and isinstance(value, memoryview):
                self.quantised = self.quantised or bytes(value) in _QUANTISERS
            elif message == "node" and number == _NODE_DOMAIN and isinstance(value, memoryview):
                self.foreign_domains |= {_decode(value)} - STANDARD_DOMAINS
        self.external_tensors += external


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield (field number, value): an integer for a number, a view for anything with a length."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, position = _varint(data, position)
            yield number, value
            continue
        if wire == 2:
            length, position = _varint(data, position)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire} is not used by ONNX")
        if position + length > len(data):
            raise ValueError("a field reaches past the end")
        yield number, data[position : position + length]
        position += length


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number is longer than ten bytes")


def _bytes_of(data: memoryview, number: int) -> Iterator[memoryview]:
    return (value for found, value in _fields(data) if found == number and isinstance(value, memoryview))


def _numbers_of(data: memoryview, number: int) -> Iterator[int]:
    return (value for found, value in _fields(data) if found == number and isinstance(value, int))


def _decode(data: memoryview) -> str:
    return bytes(data).decode("utf-8")


def _name(data: memoryview, number: int) -> str:
    return _decode(next(_bytes_of(data, number), memoryview(b"")))


def _port(value_info: memoryview) -> Port:
    empty = memoryview(b"")
    tensor = next(_bytes_of(next(_bytes_of(value_info, 2), empty), 1), empty)
    shape = next(_bytes_of(tensor, 2), empty)
    sizes = tuple(next(_numbers_of(dimension, 1), None) for dimension in _bytes_of(shape, 1))
    return Port(_name(value_info, 1), next(_numbers_of(tensor, 1), 0), sizes)
