"""The engines that can run a bundle's graph. Each is one module, imported only when it is opened."""

from collections.abc import Callable
from typing import Final, Literal, Protocol

from inference.engines.processor import has_openvino, has_tiles
from inference.errors import BundleError
from inference.head import Floats

EngineName = Literal["onnxruntime", "openvino"]
Choice = Literal["auto", "onnxruntime", "openvino"]
CHOICES: Final = ("auto", "onnxruntime", "openvino")


class Engine(Protocol):
    """An opened graph, pinned to one thread and one precision; threads may share it, a fork may not."""

    @property
    def description(self) -> str:
        """Name, version, precision and threads, as stored with every result."""

    @property
    def tolerance(self) -> float:
        """How far, in logits, its answers may lie from the stored ones."""

    def run(self, tensor: Floats) -> tuple[Floats, Floats]:
        """(1, 3, H, W) float32 → features (1, C, h, w) and mask logits (1, 1, h, w), float32."""


def candidates(choice: Choice) -> tuple[EngineName, ...]:
    """What to try, best first; ONNX Runtime is the last resort of every choice.

    Left to itself the choice is ONNX Runtime, so that no answer changes with the processor: OpenVINO would compute in
    bfloat16 on some, and a bundle in eight bits gains nothing by it (ADR 0007).

    Raises:
        ValueError: there is no such choice.
    """
    if choice not in CHOICES:
        raise ValueError(f"The runtime {choice!r} is not one of {', '.join(CHOICES)}.")
    return ("openvino", "onnxruntime") if choice == "openvino" else ("onnxruntime",)


def faster_choice() -> str | None:
    """A sentence about what this processor could do faster, where there is such a thing."""
    if not has_tiles():
        return None
    installing = "" if has_openvino() else "OpenVINO is not installed (requirements/openvino.txt). "
    return (
        f"This processor has AMX tiles, which ONNX Runtime in float32 does not use. {installing}"
        "The runtime openvino may answer faster, in bfloat16; it is taken only when asked for, see ADR 0007."
    )


def open_engine(name: EngineName, model: bytes) -> Engine:
    """Open a serialised graph.

    Raises:
        BundleError: the engine is not installed or cannot open the model.
    """
    try:
        return _engine(name)(model)
    except ImportError as error:
        raise BundleError(f"The engine {name} is not installed: {error}.") from None
    except Exception as error:  # noqa: BLE001  the engines' own exceptions share no base class
        raise BundleError(f"The runtime cannot open the model: {error}") from None


def _engine(name: EngineName) -> Callable[[bytes], Engine]:
    # Imported here so that a web process which only reads manifests loads no engine.
    if name == "openvino":
        from inference.engines.openvino_engine import OpenVino

        return OpenVino
    from inference.engines.onnx_engine import OnnxRuntime

    return OnnxRuntime
