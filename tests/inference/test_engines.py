"""Which engine answers, and what happens to one that answers otherwise."""

import ctypes
import logging
from pathlib import Path

import numpy as np
import pytest

from inference import engines, runtime, selection
from inference.bundle import Bundle
from inference.conformance import check_bundle
from inference.engines import candidates, processor
from inference.engines.onnx_engine import OnnxRuntime
from inference.errors import BundleError
from inference.head import Floats
from inference.predictor import Predictor
from inference.runtime import Runtime
from inference.selection import select_runtime
from tests.inference.pictures import encode, lesion
from tests.inference.tampering import rewrite

OPENVINO = processor.has_openvino()


class Doubling(OnnxRuntime):
    """An engine that opens well and computes wrongly."""

    description = "doubling"

    def run(self, tensor: Floats) -> tuple[Floats, Floats]:
        features, mask = super().run(tensor)
        return features * 2, mask


class Failing(OnnxRuntime):
    """An engine that opens well and then cannot run."""

    def run(self, tensor: Floats) -> tuple[Floats, Floats]:
        raise RuntimeError("no primitive for this layer")


class Shrunken(OnnxRuntime):
    """An engine that answers on another grid."""

    def run(self, tensor: Floats) -> tuple[Floats, Floats]:
        features, mask = super().run(tensor)
        return features[..., 1:], mask


def described(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "cpuinfo"
    file.write_text(f"processor\t: 0\nflags\t\t: {text}\n")
    return file


@pytest.mark.parametrize(
    ("flags", "tiles", "bfloat16"),
    [
        ("avx2 amx_tile amx_bf16", True, True),
        ("avx2 avx512_bf16 amx_tile", False, True),
        ("avx2 avx512f avx512_vnni", False, False),
        ("avx2 no_avx512_bf16", False, False),
    ],
)
def test_what_it_computes_in_is_read_from_the_processors_flags(
    flags: str, *, tiles: bool, bfloat16: bool, tmp_path: Path
) -> None:
    file = described(tmp_path, flags)
    assert processor.has_tiles(file) == tiles
    assert processor.computes_in_bfloat16(file) == bfloat16


def test_a_system_that_does_not_describe_its_processor_gets_float32(tmp_path: Path) -> None:
    assert not processor.computes_in_bfloat16(tmp_path / "none")
    assert not processor.has_tiles(tmp_path / "none")


@pytest.mark.parametrize(
    ("choice", "tried"),
    [
        ("auto", ("onnxruntime",)),
        ("openvino", ("openvino", "onnxruntime")),
        ("onnxruntime", ("onnxruntime",)),
    ],
)
@pytest.mark.parametrize("amx", [True, False])
def test_openvino_is_taken_only_where_it_is_asked_for(
    choice: engines.Choice, amx: bool, tried: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "has_tiles", lambda: amx)
    monkeypatch.setattr(engines, "has_openvino", lambda: True)
    assert candidates(choice) == tried


@pytest.mark.parametrize(
    ("choice", "amx", "installed", "said"),
    [
        ("auto", True, False, "OpenVINO is not installed (requirements/openvino.txt). The runtime openvino may"),
        ("auto", True, True, "does not use. The runtime openvino may answer faster"),
        ("auto", False, False, ""),
        ("onnxruntime", True, False, ""),
    ],
)
def test_tiles_that_lie_idle_are_told_once(
    *,
    choice: engines.Choice,
    amx: bool,
    installed: bool,
    said: str,
    bundle: Bundle,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(engines, "has_tiles", lambda: amx)
    monkeypatch.setattr(engines, "has_openvino", lambda: installed)
    selection._tell_of_faster_choice.cache_clear()
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            assert select_runtime(bundle, choice).description.startswith("onnxruntime")
    selection._tell_of_faster_choice.cache_clear()
    assert len([line for line in caplog.messages if "AMX" in line]) == bool(said)
    assert said in caplog.text


def test_an_unknown_choice_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'tensorrt' is not one of auto, onnxruntime, openvino"):
        candidates("tensorrt")  # type: ignore[arg-type]


def test_an_engine_that_answers_otherwise_is_passed_over_with_its_reason(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    honest = engines.open_engine
    monkeypatch.setattr(
        runtime, "open_engine", lambda name, model: Doubling(model) if name == "openvino" else honest(name, model)
    )
    with caplog.at_level(logging.WARNING):
        selected = select_runtime(bundle, "openvino")
    assert selected.description.startswith("onnxruntime")
    assert "The engine openvino is not used for tiny: The stored answer to seed 1 differs" in caplog.text
    monkeypatch.setattr(Doubling, "tolerance", np.inf)
    assert select_runtime(bundle, "openvino").description == "doubling"


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        (Failing, "The runtime cannot run the model: no primitive for this layer"),
        (Shrunken, "The graph answers with (8, 9, 11) and (9, 12), not (8, 9, 12) and (9, 12)."),
    ],
)
def test_an_engine_that_fails_while_it_runs_is_passed_over_and_named(
    engine: type[OnnxRuntime],
    reason: str,
    bundle: Bundle,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setattr(
            runtime, "open_engine", lambda name, model: (engine if name == "openvino" else OnnxRuntime)(model)
        )
        assert select_runtime(bundle, "openvino").description.startswith("onnxruntime")
    assert f"The engine openvino is not used for tiny: {reason}" in caplog.text
    monkeypatch.setattr(runtime, "open_engine", lambda name, model: engine(model))
    assert check_bundle(bundle.path) == [reason]


def test_no_thread_of_a_forked_worker_meets_its_parents_engine(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread asks while another opens: the engine must never be old where the process is new already."""
    forked = Runtime(lambda: bundle.model)
    old = forked._open()
    monkeypatch.setattr(runtime.os, "getpid", lambda: -1)  # what a child would read
    met = []
    monkeypatch.setattr(runtime, "release_freed_memory", lambda: met.append(forked._own()))
    new = forked._open()
    assert met == [new]
    assert new is not old
    assert forked._opened == (-1, new)


@pytest.mark.skipif(OPENVINO, reason="OpenVINO is installed")
def test_an_engine_that_is_not_installed_is_passed_over(bundle: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        result = Predictor(bundle, runtime="openvino").predict(encode(lesion()))
    assert result.runtime.startswith("onnxruntime")
    assert "The engine openvino is not installed" in caplog.text


@pytest.mark.skipif(not OPENVINO, reason="OpenVINO is not installed")
def test_openvino_says_what_onnx_runtime_says(bundle: Bundle) -> None:
    theirs, ours = (Predictor(bundle, runtime=name).predict(encode(lesion())) for name in ("openvino", "onnxruntime"))
    assert theirs.runtime.startswith("openvino")
    assert theirs.runtime.endswith("1 thread")
    for code, logit in ours.logits.items():
        assert theirs.logits[code] == pytest.approx(logit, abs=0.1 if "bfloat16" in theirs.runtime else 1e-3)


def test_when_no_engine_conforms_the_reason_is_said(own_bundle: Path) -> None:
    rewrite(own_bundle, lambda document: document["self_check"][0]["logits"].update(mel=99.0))
    with pytest.raises(BundleError, match="not the one that was exported"):
        select_runtime(Bundle.load(own_bundle))


def test_a_model_that_was_altered_after_loading_is_not_opened(own_bundle: Path) -> None:
    loaded = Bundle.load(own_bundle)
    file = own_bundle / "model.onnx"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(BundleError, match="altered"):
        Predictor(loaded).warm_up()


def test_the_graph_is_not_kept_beside_its_engine(bundle: Bundle) -> None:
    asked = []
    opened = Runtime(lambda: asked.append(1) or bundle.model)
    opened.run(np.zeros((1, 3, 144, 192), np.float32))
    opened.run(np.zeros((1, 3, 144, 192), np.float32))
    assert asked == [1]
    assert opened._own()._session._model_bytes is None


def test_freed_pages_go_back_to_the_system_when_an_engine_is_opened(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("this system's allocator has no malloc_trim")
    trimmed = []
    release = runtime.release_freed_memory
    monkeypatch.setattr(runtime, "release_freed_memory", lambda: trimmed.append(release()))
    Predictor(bundle).warm_up()
    assert trimmed == [None]
