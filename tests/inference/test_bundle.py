import builtins
import hashlib
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from inference.bundle import Bundle, load_manifest, newest_bundle
from inference.errors import BundleError
from inference.vocabulary import DIAGNOSES
from tests.bundles import build_tiny_bundle, tiny_head, tiny_manifest, tiny_model
from tests.inference.tampering import edit_head, edit_model, replace_file, rewrite


def problems_of(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        Bundle.load(path)
    return str(caught.value)


def test_a_bundle_knows_its_meaning(bundle: Bundle) -> None:
    assert bundle.manifest.labels == DIAGNOSES
    assert bundle.grid == (9, 12)
    assert bundle.head.channels == 8
    assert len(bundle.head.members) == 2
    assert (bundle.path / "MODEL_CARD.md").read_text().startswith("# Tiny")


def test_its_hash_is_over_the_canonical_manifest(bundle: Bundle, own_bundle: Path) -> None:
    file = own_bundle / "manifest.json"
    document = json.loads(file.read_text())
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert bundle.sha256 == hashlib.sha256(canonical).hexdigest()
    file.write_text(json.dumps(dict(reversed(document.items())), indent=7))
    assert Bundle.load(own_bundle).sha256 == bundle.sha256
    rewrite(own_bundle, lambda changed: changed.update(licence="other"))
    assert Bundle.load(own_bundle).sha256 != bundle.sha256


def test_fields_that_this_version_does_not_know_are_kept(own_bundle: Path) -> None:
    rewrite(own_bundle, lambda document: document.update(members=[{"seed": 1}]))
    assert load_manifest(own_bundle).document["members"] == [{"seed": 1}]


def test_a_file_that_no_small_server_could_open_is_refused_unread(own_bundle: Path) -> None:
    os.truncate(own_bundle / "model.onnx", 600_000_000)  # sparse: it takes no room
    rewrite(own_bundle, lambda document: document["files"]["model.onnx"].update(bytes=600_000_000))
    assert "model.onnx has 600 MB; at most 500 are served" in problems_of(own_bundle)


@pytest.mark.parametrize("name", ["model.onnx", "head.npz", "MODEL_CARD.md"])
def test_one_flipped_bit_is_found(own_bundle: Path, name: str) -> None:
    data = bytearray((own_bundle / name).read_bytes())
    data[len(data) // 2] ^= 1
    (own_bundle / name).write_bytes(data)
    assert f"{name} was altered" in problems_of(own_bundle)


def test_a_cut_and_a_missing_file_are_both_named(own_bundle: Path) -> None:
    (own_bundle / "model.onnx").write_bytes((own_bundle / "model.onnx").read_bytes()[:-1])
    (own_bundle / "head.npz").unlink()
    text = problems_of(own_bundle)
    assert "model.onnx has" in text
    assert "head.npz is missing" in text


def test_a_file_behind_a_link_is_refused(own_bundle: Path, tmp_path: Path) -> None:
    moved = (own_bundle / "head.npz").rename(tmp_path / "elsewhere.npz")
    (own_bundle / "head.npz").symlink_to(moved)
    assert "head.npz is missing or not a plain file" in problems_of(own_bundle)


@pytest.mark.parametrize("name", ["../model.onnx", "/etc/passwd", "..", "a\\b", ""])
def test_a_listed_file_stays_in_the_folder(own_bundle: Path, name: str) -> None:
    rewrite(own_bundle, lambda document: document["files"].update({name: document["files"]["model.onnx"]}))
    assert "is not a plain file name" in problems_of(own_bundle)


def drop_label(document: dict[str, Any]) -> None:
    document["labels"].remove("mel")


def double_label(document: dict[str, Any]) -> None:
    document["labels"].append("nv")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (drop_label, "the labels lack mel"),
        (double_label, "not each diagnosis once"),
        (lambda d: d.update(schema_version=2), "schema_version is 2"),
        (lambda d: d.pop("thresholds"), "manifest thresholds: 'thresholds' is missing"),
        (lambda d: d.update(input=[]), "manifest input"),
        (lambda d: d["input"].update(std=[0.1, 0, 0.1]), "each std must be above zero"),
        (lambda d: d["input"].update(interpolation="nearest"), "interpolation 'nearest'"),
        (lambda d: d["input"].update(aspect_policy="squash"), "aspect_policy 'squash'"),
        (lambda d: d["input"].update(image_types=["x-ray"]), "image_types"),
        (lambda d: d["calibration"].update(temperature_fused=0), "the temperature 0 is not between 0.01 and 100"),
        (lambda d: d["calibration"].update(temperature_image=1e-320), "is not between 0.01 and 100"),
        (lambda d: d["calibration"].update(temperature_image=101), "the temperature 101 is not between 0.01 and 100"),
        (lambda d: d.update(scope={"limit": 1, "log_distance": {"mean": 0, "deviation": 0}}), "0 is not above zero"),
        (lambda d: d["calibration"]["log_prior"].pop("nv"), "not each diagnosis once"),
        (lambda d: d["calibration"]["log_prior"].update(nv="-1"), "'-1' is not a finite number"),
        (lambda d: d["thresholds"].update(max_set_size=2.5), "2.5 is not a whole number"),
        (lambda d: d["thresholds"].update(melanoma_sensitivity={"value": 0.8}), "thresholds: 'low' is missing"),
        (lambda d: d["thresholds"]["malignancy"].update(threshold=1.5), "1.5 is not between 0 and 1"),
        (lambda d: d["thresholds"]["malignancy"]["sensitivity"].update(low=0.99), "does not hold its value"),
        (lambda d: d["conformal"]["quantiles"].pop("image"), "'image' is missing"),
        (lambda d: d["conformal"].update(rule="by feeling"), "the rule 'by feeling' is not one of likeliest-always"),
        (lambda d: d["training_data"].update(licence=" "), "not a non-empty text"),
        (lambda d: d.update(self_check=[]), "at least one stored answer"),
        (lambda d: d["self_check"][0].update(metadata={"age": 200}), "age: 200"),
        (lambda d: d["files"].pop("model.onnx"), "lists no model.onnx"),
        (lambda d: d["files"]["model.onnx"].update(sha256="00"), "not 64 hex digits"),
        (lambda d: d["metadata_encoding"].update(sexes=["female"]), "meta0_U has shape"),
        (lambda d: d["input"].update(width=208), "image is"),
    ],
)
def test_a_manifest_that_cannot_be_served_says_why(
    own_bundle: Path, change: Callable[[dict[str, Any]], object], sentence: str
) -> None:
    rewrite(own_bundle, change)
    assert sentence in problems_of(own_bundle)


def test_every_fault_of_a_manifest_is_named_at_once(own_bundle: Path) -> None:
    rewrite(own_bundle, lambda document: [document.pop(key) for key in ("name", "licence", "conformal")])
    with pytest.raises(BundleError) as caught:
        Bundle.load(own_bundle)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema_version": NaN}', "[" * 100_000, "\xff"])
def test_a_manifest_that_is_no_json_object_is_refused(own_bundle: Path, text: str) -> None:
    (own_bundle / "manifest.json").write_text(text, encoding="latin-1")
    assert "manifest.json" in problems_of(own_bundle)


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    assert "no readable manifest.json" in problems_of(tmp_path)


class Exploit:
    """Unpickling this would leave a trace."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return exec, ("import builtins; builtins.pickle_was_loaded = True",)


def test_a_pickle_in_the_head_is_refused_and_not_run(own_bundle: Path) -> None:
    edit_head(own_bundle, W=np.array([Exploit()], dtype=object))
    assert "head.npz" in problems_of(own_bundle)
    assert not hasattr(builtins, "pickle_was_loaded")


def test_a_bare_pickle_is_refused(own_bundle: Path) -> None:
    replace_file(own_bundle, "head.npz", pickle.dumps({"W": 1}))
    assert "not a file of plain arrays" in problems_of(own_bundle)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"b": None}, "b is missing"),
        ({"meta1_V": None}, "meta1_V is missing"),
        ({"extra": np.zeros(3, np.float32)}, "extra is not an array that belongs there"),
        ({"W": np.full((7, 8), np.nan, np.float32)}, "W is not a finite float array"),
        ({"W": np.zeros((6, 8), np.float32)}, "W has shape (6, 8), not (7, 8)"),
        ({"W": np.zeros((7, 9), np.float32)}, "features is"),
        ({"b": np.zeros(7, np.int64)}, "b is not a finite float array"),
        ({"meta0_d": np.zeros(3, np.float32)}, "meta0_d"),
        ({"W": np.zeros((7, 3_000_000), np.float32)}, "larger than any that belong there"),
    ],
)
def test_a_head_that_does_not_fit_says_which_array(own_bundle: Path, changes: dict[str, Any], sentence: str) -> None:
    edit_head(own_bundle, **changes)
    assert sentence in problems_of(own_bundle)


def keep_outside(model: onnx.ModelProto) -> None:
    kernel = model.graph.initializer[0]
    kernel.ClearField("raw_data")
    kernel.data_location = TensorProto.EXTERNAL
    kernel.external_data.add(key="location", value="/etc/passwd")


def outside_tensor() -> TensorProto:
    tensor = TensorProto(dims=[1], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="weights.bin")
    return tensor


def hide_outside_in_a_branch(model: onnx.ModelProto) -> None:
    constant = helper.make_node("Constant", [], ["c"], value=outside_tensor())
    branch = helper.make_graph([constant], "branch", [], [])
    model.graph.node.append(helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch))


def hide_outside_in_a_list(model: onnx.ModelProto) -> None:
    model.graph.node[0].attribute.append(helper.make_attribute("extra", [outside_tensor()]))


def hide_outside_in_a_sparse_tensor(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add(values=outside_tensor(), dims=[1])


def hide_outside_in_a_function(model: onnx.ModelProto) -> None:
    constant = helper.make_node("Constant", [], ["c"], value=outside_tensor())
    opset = [helper.make_opsetid("", 17)]
    model.functions.append(helper.make_function("local", "Hidden", [], ["c"], [constant], opset))


def use_custom_operator(model: onnx.ModelProto) -> None:
    model.graph.node[1].domain = "com.example"


def rename_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = "logits"


def free_the_grid(model: onnx.ModelProto) -> None:
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_param = "rows"


def fix_the_batch_at_eight(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 8


def ask_for_two_inputs(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("age", TensorProto.FLOAT, [1]))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (keep_outside, "weights in other files"),
        (hide_outside_in_a_branch, "weights in other files"),
        (hide_outside_in_a_list, "weights in other files"),
        (hide_outside_in_a_sparse_tensor, "weights in other files"),
        (hide_outside_in_a_function, "weights in other files"),
        (use_custom_operator, "custom operators (com.example)"),
        (rename_output, "no output 'features'"),
        (free_the_grid, "features is"),
        (fix_the_batch_at_eight, "image is (8, 3, 144, 192)"),
        (ask_for_two_inputs, "has the inputs"),
    ],
)
def test_a_graph_that_may_not_run_is_refused(
    own_bundle: Path, change: Callable[[onnx.ModelProto], object], sentence: str
) -> None:
    edit_model(own_bundle, change)
    assert sentence in problems_of(own_bundle)


@pytest.mark.parametrize("data", [b"x", b"\x00" * 64, b"\x3a\xff\xff\xff\xff\x0f", b"PK\x03\x04 not a model"])
def test_bytes_that_are_no_graph_are_refused(own_bundle: Path, data: bytes) -> None:
    replace_file(own_bundle, "model.onnx", data)
    assert "not a readable ONNX file" in problems_of(own_bundle)


def test_a_version_is_never_overwritten(bundle: Bundle) -> None:
    with pytest.raises(FileExistsError, match="new version"):
        build_tiny_bundle(bundle.path)


def test_what_does_not_verify_is_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="interpolation"):
        build_tiny_bundle(tmp_path / "bad", changes={"input": {**load_input(), "interpolation": "area"}})
    assert list(tmp_path.iterdir()) == []


def load_input() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return dict(tiny_manifest(tiny_model(rng), tiny_head(rng))["input"])


def test_the_newest_bundle_is_the_one_created_last(tmp_path: Path) -> None:
    build_tiny_bundle(tmp_path / "z-old", changes={"created": "2024-01-01T00:00:00+00:00"})
    newest = build_tiny_bundle(tmp_path / "a-new", changes={"created": "2025-06-01T00:00:00+00:00"})
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text("{}")
    assert newest_bundle(tmp_path) == newest.path


def test_without_any_bundle_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="There is no model bundle"):
        newest_bundle(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"licence"', '"note": 1e999, "licence"', "is not JSON"),
        ('"licence"', '"note": "\\ud800", "licence"', "is not JSON"),
        ('"temperature_fused": 1.5', f'"temperature_fused": 1{"0" * 400}', "manifest calibration:"),
        ('"age_center": 50.0', '"age_center": "nan"', "manifest metadata_encoding: 'nan' is not a finite number"),
        ('"age_scale": 20.0', '"age_scale": "inf"', "manifest metadata_encoding: 'inf' is not a finite number"),
        ('"created": "2025-01-01T00:00:00+00:00"', '"created": "yesterday"', "'yesterday' is not a time in ISO 8601"),
        ('"name": "tiny"', '"name": "tiny\\u0000"', "manifest 'name': 'tiny\\x00' holds NUL"),
        ('"thresholds"', '"notes": [{"by": "a\\u0000"}], "thresholds"', "manifest 'notes': 'a\\x00' holds NUL"),
        ('"thresholds"', '"notes": {"a\\u0000": 1}, "thresholds"', "manifest 'notes': 'a\\x00' holds NUL"),
        ('"thresholds"', '"a\\u0000": 1, "thresholds"', "manifest 'a\\x00': 'a\\x00' holds NUL"),
        ('"card": "MODEL_CARD.md"', '"card": "head.npz"', "The card head.npz is not a text in UTF-8"),
    ],
)
def test_what_no_hash_number_time_or_text_can_be_is_named(own_bundle: Path, old: str, new: str, sentence: str) -> None:
    """Such values used to pass, to be left out of every answer in silence, or to end a command without a word."""
    file = own_bundle / "manifest.json"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    assert sentence in problems_of(own_bundle)


@pytest.mark.parametrize("card", [b"\xff\xfe", b"# Card\0"])
def test_a_card_that_nobody_can_read_is_refused(own_bundle: Path, card: bytes) -> None:
    replace_file(own_bundle, "MODEL_CARD.md", card)
    assert "The card MODEL_CARD.md is not a text in UTF-8." in problems_of(own_bundle)


def test_the_newest_bundle_is_told_by_the_time_and_not_by_its_spelling(tmp_path: Path) -> None:
    times = {"a": "2025-06-01T10:30:00+02:00", "b": "2025-06-01T09:00:00Z", "c": "2025-06-01T08:45:00"}
    for name, created in times.items():
        build_tiny_bundle(tmp_path / name, changes={"created": created})
    assert newest_bundle(tmp_path).name == "b"
