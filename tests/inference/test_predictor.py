import json
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import ImageFilter

from inference.bundle import Bundle, write_bundle
from inference.conformance import seeded_input
from inference.decoding import decode
from inference.errors import ImageRefused, InferenceError
from inference.head import Head, MetadataMember
from inference.metadata import Metadata
from inference.predictor import Predictor
from inference.preprocessing import prepare
from inference.runtime import Runtime
from inference.vocabulary import DIAGNOSES, MALIGNANT
from tests.bundles import build_tiny_bundle, tiny_head, tiny_manifest, tiny_model
from tests.exactness import bits
from tests.inference.pictures import encode, lesion

KNOWN = Metadata(age=70, sex="male", localization="back")

PICTURES = [encode(lesion(seed=seed)) for seed in range(10)]


def test_a_result_is_whole(predictor: Predictor) -> None:
    result = predictor.predict(encode(lesion()), KNOWN)
    assert set(result.probabilities) == set(DIAGNOSES)
    assert sum(result.probabilities.values()) == pytest.approx(1, abs=1e-9)
    assert sum(result.balanced.values()) == pytest.approx(1, abs=1e-9)
    assert result.malignancy == pytest.approx(sum(result.probabilities[code] for code in MALIGNANT))
    assert result.likeliest in result.prediction_set
    assert (result.heatmaps.shape, result.heatmaps.dtype) == ((7, 9, 12), np.uint8)
    assert set(result.heatmap_maxima) == set(DIAGNOSES)
    assert result.lesion_mask.shape == (9, 12)
    assert result.embedding.shape == (8,)
    assert (result.model_name, result.model_version) == ("tiny", "0.0")
    assert result.model_sha256 == predictor.bundle.sha256
    assert result.runtime == f"onnxruntime {onnxruntime.__version__} float32 1 thread"
    assert set(result.timings) == {"decode", "quality", "network", "gradcam", "lesion", "total"}
    assert result.timings["total"] >= result.timings["network"] > 0


def test_the_figures_follow_from_the_graph_and_the_head(bundle: Bundle, predictor: Predictor) -> None:
    result = predictor.predict(encode(lesion()), KNOWN)
    session = onnxruntime.InferenceSession(bundle.model, providers=["CPUExecutionProvider"])
    tensor = prepare(decode(encode(lesion())), bundle.manifest.input).tensor
    features, mask = session.run(["features", "mask"], {"image": tensor})
    embedding = features[0].mean(axis=(1, 2)).astype(np.float64)
    head, e = bundle.head, bundle.manifest.metadata_encoding.encode(KNOWN).astype(np.float64)
    z_image = head.W.astype(float) @ embedding + head.b
    z_metadata = sum((m.V @ np.tanh(m.U @ e + m.c)) / (1 + np.exp(-(m.G @ e + m.d))) for m in head.members)
    np.testing.assert_allclose(list(result.image_logits.values()), z_image, atol=1e-4)
    np.testing.assert_allclose(list(result.metadata_logits.values()), z_metadata, atol=1e-5)
    np.testing.assert_allclose(list(result.logits.values()), z_image + z_metadata, atol=1e-4)
    cams = np.maximum(np.einsum("ck,khw->chw", head.W, features[0]) / 108, 0)
    np.testing.assert_allclose(list(result.heatmap_maxima.values()), cams.max(axis=(1, 2)), atol=1e-5)
    best = cams[DIAGNOSES.index(result.likeliest)]
    inside = 1 / (1 + np.exp(-mask[0, 0])) > 0.5
    np.testing.assert_array_equal(result.lesion_mask, inside)
    assert result.heat_inside_lesion == pytest.approx(best[inside].sum() / best.sum(), abs=1e-4)
    assert result.heat_on_border == pytest.approx(1 - best[1:-1, 1:-1].sum() / best.sum(), abs=1e-4)


def test_unknown_metadata_leaves_the_pictures_answer_untouched(predictor: Predictor) -> None:
    alone = predictor.predict(encode(lesion()))
    unknown = predictor.predict(encode(lesion()), Metadata(sex="unknown", localization="unknown"))
    assert bits(alone) == bits(unknown)
    assert set(alone.metadata_logits.values()) == {0.0}
    assert alone.logits == alone.image_logits
    known = predictor.predict(encode(lesion()), Metadata(sex="female"))
    assert known.image_logits == alone.image_logits
    assert known.logits != alone.logits


def test_each_path_has_its_own_temperature_and_quantiles(tmp_path: Path) -> None:
    quantiles = {"fused": dict.fromkeys(DIAGNOSES, 1.0), "image": dict.fromkeys(DIAGNOSES, 0.0)}
    wide = Predictor(build_tiny_bundle(tmp_path / "b", changes={"conformal": {"alpha": 0.1, "quantiles": quantiles}}))
    assert len(wide.predict(encode(lesion()), KNOWN).prediction_set) == 7
    assert len(wide.predict(encode(lesion())).prediction_set) == 1


def test_codes_and_not_places_name_the_answers(tmp_path: Path) -> None:
    """A bundle whose rows stand in another order must say the same: mel and nv are easily swapped."""
    rng = np.random.default_rng(0)
    model, head = tiny_model(rng), tiny_head(rng)
    order = tuple(reversed(DIAGNOSES))
    turned = Head(
        head.W[::-1].copy(),
        head.b[::-1].copy(),
        tuple(MetadataMember(m.U, m.c, m.G[::-1].copy(), m.d[::-1].copy(), m.V[::-1].copy()) for m in head.members),
    )
    document = tiny_manifest(model, head)
    plain = write_bundle(tmp_path / "plain", manifest=document, model=model, head=head, card="# A\n")
    other = write_bundle(
        tmp_path / "turned", manifest={**document, "labels": list(order)}, model=model, head=turned, card="# A\n"
    )
    first, second = (Predictor(made).predict(encode(lesion()), KNOWN) for made in (plain, other))
    for code in DIAGNOSES:
        assert first.probabilities[code] == pytest.approx(second.probabilities[code], abs=1e-6)
        np.testing.assert_allclose(first.heatmap(code).astype(int), second.heatmap(code).astype(int), atol=1)
    assert first.prediction_set == second.prediction_set
    assert first.heatmap("mel").tobytes() != first.heatmap("nv").tobytes()


@pytest.mark.parametrize(
    ("inside", "on_border", "doubtful"),
    [(0.49, 0.2, True), (0.5, 0.2, False), (None, 0.2, True), (None, None, False)],
)
def test_heat_that_lies_mostly_off_the_lesion_is_doubtful(
    predictor: Predictor, inside: float | None, on_border: float | None, doubtful: bool
) -> None:
    result = replace(predictor.predict(encode(lesion())), heat_inside_lesion=inside, heat_on_border=on_border)
    assert result.heat_is_doubtful is doubtful


def test_equal_input_gives_equal_bits(predictor: Predictor, bundle: Bundle) -> None:
    data = encode(lesion())
    first = bits(predictor.predict(data, KNOWN))
    assert bits(predictor.predict(decode(data), KNOWN)) == first
    assert bits(Predictor(bundle).predict(data, KNOWN)) == first


def test_neighbours_and_threads_change_nothing(predictor: Predictor) -> None:
    pictures = [encode(lesion(seed=seed)) for seed in range(6)]
    alone = [bits(predictor.predict(data, KNOWN)) for data in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda data: bits(predictor.predict(data, KNOWN)), pictures * 5))
    assert together == alone * 5
    assert len(set(alone)) == 6


def mixed(predictor: Predictor, number: int) -> tuple[Any, ...]:
    """One of 60 requests: 10 pictures as bytes or opened, known and unknown metadata, two kinds of image."""
    data = PICTURES[number % 10]
    picture = data if number % 2 else decode(data)
    known = KNOWN if number % 3 else Metadata()
    kind = "dermoscopic" if number % 5 else "clinical: close-up"
    return bits(predictor.predict(picture, known, image_type=kind))


def test_eight_threads_with_mixed_requests_say_what_one_says(bundle: Bundle) -> None:
    """Whole answers of 240 requests; `python -m tests.load.steady` asks 8,000 times."""
    shared = Predictor(bundle)  # opened by whichever thread comes first
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda number: mixed(shared, number), range(240)))
    own = Predictor(bundle)
    alone = [mixed(own, number) for number in range(60)]
    assert together == alone * 4


def test_eight_threads_run_the_network_a_thousand_times_each_to_the_bit(bundle: Bundle) -> None:
    runtime = Runtime(lambda: bundle.model)
    tensors = [seeded_input(seed, 144, 192) for seed in range(16)]

    def answer(number: int) -> bytes:
        features, mask = runtime.run(tensors[number % 16])
        return features.tobytes() + mask.tobytes()

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(answer, range(8000)))
    alone = [answer(number) for number in range(16)]
    assert len(set(alone)) == 16
    assert together == alone * 500


def _in_child(predictor: Predictor, data: bytes, answers: Any) -> None:
    _, inherited = predictor._runtime()._opened or (0, None)
    logits = dict(predictor.predict(data, KNOWN).logits)
    answers.put((logits, predictor._runtime()._own() is inherited))


def test_a_forked_worker_opens_its_own_runtime(bundle: Bundle) -> None:
    predictor = Predictor(bundle)
    data = encode(lesion())
    expected = dict(predictor.predict(data, KNOWN).logits)  # the parent's session is open when it forks
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=_in_child, args=(predictor, data, answers), daemon=True)
    child.start()
    try:
        assert answers.get(timeout=30) == (expected, False)
    finally:
        child.join(10)
        if child.is_alive():
            child.kill()


def test_progress_is_told_stage_by_stage(predictor: Predictor) -> None:
    stages: list[str] = []
    predictor.predict(encode(lesion()), progress=stages.append)
    assert stages == ["quality", "network", "gradcam", "done"]


def test_a_refused_picture_stops_before_the_network(predictor: Predictor) -> None:
    stages: list[str] = []
    with pytest.raises(ImageRefused) as caught:
        predictor.predict(b"text", progress=stages.append)
    assert caught.value.code == "not_an_image"
    assert stages == []


def test_a_clinical_photograph_gets_no_answer(predictor: Predictor) -> None:
    result = predictor.predict(encode(lesion()), image_type="clinical: close-up")
    assert result.abstain_reason == "modality"
    assert result.tier != "routine"


def test_a_blurred_picture_gets_no_answer(predictor: Predictor) -> None:
    blurred = lesion(800, 600).filter(ImageFilter.GaussianBlur(20))
    result = predictor.predict(blurred)
    assert result.abstain_reason == "low_quality"
    assert result.quality.reasons == ("blur",)
    assert result.tier != "routine"


def test_a_set_of_nearly_everything_is_no_answer(tmp_path: Path) -> None:
    quantiles = {path: dict.fromkeys(DIAGNOSES, 1.0) for path in ("fused", "image")}
    made = build_tiny_bundle(tmp_path / "b", changes={"conformal": {"alpha": 0.1, "quantiles": quantiles}})
    result = Predictor(made).predict(encode(lesion()))
    assert result.abstain_reason == "set_too_large"
    assert result.tier == "urgent"


def test_a_malignant_class_in_the_set_outweighs_the_likeliest(tmp_path: Path) -> None:
    document = tiny_manifest(tiny_model(np.random.default_rng(0)), tiny_head(np.random.default_rng(0)))
    prior = dict.fromkeys(DIAGNOSES, -30.0) | {"nv": 0.0}
    quantiles = dict.fromkeys(DIAGNOSES, 0.0) | {"bcc": 1.0}
    changes = {
        "calibration": {**document["calibration"], "log_prior": prior},
        "conformal": {"alpha": 0.1, "quantiles": {"fused": quantiles, "image": quantiles}},
    }
    result = Predictor(build_tiny_bundle(tmp_path / "b", changes=changes)).predict(encode(lesion()))
    assert result.probabilities["nv"] > 0.999
    assert result.prediction_set == ("bcc", "nv")
    assert result.tier == "soon"


def test_an_answer_that_is_no_number_is_an_error_and_no_result(
    own_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(Bundle.load(own_bundle))
    predictor.warm_up()
    broken = np.full((8, 9, 12), np.nan, np.float32)
    monkeypatch.setattr(predictor._runtime(), "run", lambda _: (broken, broken[0]))
    with pytest.raises(InferenceError, match="not a number"):
        predictor.predict(encode(lesion()))


def test_an_outline_that_is_no_number_is_no_picture_without_a_lesion(
    own_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(Bundle.load(own_bundle))
    predictor.warm_up()
    sound, broken = np.ones((8, 9, 12), np.float32), np.full((9, 12), np.nan, np.float32)
    monkeypatch.setattr(predictor._runtime(), "run", lambda _: (sound, broken))
    with pytest.raises(InferenceError, match="not a number"):
        predictor.predict(encode(lesion()))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the very overflow
def test_a_probability_that_is_no_number_is_an_error_and_no_result(bundle: Bundle) -> None:
    """A reader refuses such a temperature; whoever makes a manifest otherwise gets no malignancy of 1 for it."""
    calibration = replace(bundle.manifest.calibration, temperature_fused=1e-320, temperature_image=1e-320)
    predictor = Predictor(replace(bundle, manifest=replace(bundle.manifest, calibration=calibration)))
    for metadata in (None, KNOWN):
        with pytest.raises(InferenceError, match="probabilities of this picture are not numbers"):
            predictor.predict(encode(lesion()), metadata)


def test_the_first_answer_is_checked_once(own_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = Predictor(Bundle.load(own_bundle))
    runs: list[int] = []
    run = Runtime.run
    monkeypatch.setattr(Runtime, "run", lambda self, tensor: runs.append(1) or run(self, tensor))
    predictor.predict(encode(lesion()))
    predictor.predict(encode(lesion()))
    assert len(runs) == len(json.loads((own_bundle / "manifest.json").read_text())["self_check"]) + 2


def test_an_image_type_that_there_is_not_is_refused_and_not_abstained_from(predictor: Predictor) -> None:
    with pytest.raises(ValueError, match="no image type 'dermoscopc'"):
        predictor.predict(encode(lesion()), image_type="dermoscopc")
