"""Two tiny runs become one bundle whose served answers are the networks' own."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from inference.bundle import Bundle
from inference.gradcam import class_heat
from inference.head import Floats
from inference.predictor import Predictor
from inference.runtime import Runtime
from inference.vocabulary import DIAGNOSES
from tests.training.fitting.test_engine import TINY
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import near_duplicates, split_by_lesion
from training.fitting.engine import fit
from training.fitting.runs import load_run
from training.fitting.sampling import encode
from training.networks.network import Network

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def runs(records: list[Record], pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("runs")
    made = split_by_lesion(records, near_duplicates(pictures.stored))
    for seed in (1, 2):
        fit(records, pictures, made, replace(TINY, seed=seed), root / str(seed))
    return [root / "1", root / "2"]


@pytest.fixture(scope="module")
def exported(drawn: Path, runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    root = tmp_path_factory.mktemp("export")
    words = ["export", "--data", str(drawn), "--partial", "--cache", str(root / "cache"), "--version", "0.1.0"]
    words += ["--run", str(runs[0]), "--run", str(runs[1]), "--out", str(root / "bundle"), "--bootstrap", "20"]
    return root / "bundle", main(words)


def test_the_served_answer_is_the_mean_score_of_the_trained_networks(
    exported: tuple[Path, str], runs: list[Path], records: list[Record], pictures: Pictures
) -> None:
    predictor = Predictor(Bundle.load(exported[0]))
    members = [load_run(path) for path in runs]
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (members[0].priors.mean, members[0].priors.std))
    for row in (0, 17, 60):
        picture = torch.from_numpy(pictures.viewed[row].copy()).permute(2, 0, 1)[None].float() / 255
        with torch.no_grad():
            scores = [
                run.network((picture - mean) / std, encode(records, run.priors.encoding)[row : row + 1]).fused[0]
                for run in members
            ]
        served = predictor.predict(records[row].image.read_bytes(), records[row].metadata)
        torchs = torch.stack(scores).mean(dim=0).numpy()
        np.testing.assert_allclose([served.logits[code] for code in DIAGNOSES], torchs, atol=1e-4)


def _in_torch(networks: list[Network], picture: torch.Tensor, metadata: torch.Tensor) -> tuple[Floats, Floats]:
    """Mean scores (7,) and Grad-CAM of each class (7, h, w), by autograd through all networks (Selvaraju et al. 2017)."""
    scores = [network(picture, metadata) for network in networks]
    logits = torch.stack([one.fused[0] for one in scores]).mean(dim=0)
    heat = []
    for logit in logits:
        gradients = torch.autograd.grad(logit, [one.features for one in scores], retain_graph=True)
        parts = zip(gradients, scores, strict=True)
        heat.append(sum((slope.mean(dim=(2, 3), keepdim=True) * one.features).sum(dim=1)[0] for slope, one in parts))
    return logits.detach().numpy(), torch.relu(torch.stack(heat)).detach().numpy()


def test_served_probabilities_and_heat_are_those_of_torch_and_autograd(
    exported: tuple[Path, str], runs: list[Path], records: list[Record], pictures: Pictures
) -> None:
    bundle = Bundle.load(exported[0])
    predictor, runtime, manifest = Predictor(bundle), Runtime(lambda: bundle.model), bundle.manifest
    members = [load_run(path) for path in runs]
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (members[0].priors.mean, members[0].priors.std))
    log_prior = np.array([manifest.calibration.log_prior[code] for code in DIAGNOSES])
    for row in (0, 17, 60):
        picture = (torch.from_numpy(pictures.viewed[row].copy()).permute(2, 0, 1)[None].float() / 255 - mean) / std
        known = encode(records, members[0].priors.encoding)[row : row + 1]
        logits, heat = _in_torch([run.network for run in members], picture, known)
        served = predictor.predict(records[row].image.read_bytes(), records[row].metadata)
        fused = bool(known.any())
        temperature = manifest.calibration.temperature_fused if fused else manifest.calibration.temperature_image
        raised = np.exp(logits / temperature + log_prior)
        expected = raised / raised.sum()
        np.testing.assert_allclose([served.probabilities[code] for code in DIAGNOSES], expected, atol=1e-5, rtol=0)
        closed = class_heat(bundle.head.W, runtime.run(picture.numpy())[0])
        near = {"atol": 1e-4 * heat.max(), "rtol": 0}  # a network as small and young as this one has little heat
        np.testing.assert_allclose(closed, heat, **near)
        maxima = [served.heatmap_maxima[code] for code in DIAGNOSES]
        np.testing.assert_allclose(maxima, heat.max(axis=(1, 2)), **near)
        np.testing.assert_allclose(
            [served.logits[code] for code in DIAGNOSES], logits, atol=1e-4 * np.ptp(logits), rtol=0
        )


def test_the_bundle_says_what_it_was_fitted_and_measured_on(exported: tuple[Path, str], runs: list[Path]) -> None:
    manifest = Bundle.load(exported[0]).manifest.document
    split = load_run(runs[0]).split
    assert manifest["training_data"]["split_sha256"] == split.digest()
    assert manifest["training_data"]["n"] == len(split.train)
    assert [member["seed"] for member in manifest["members"]] == [1, 2]
    assert "test side" in manifest["thresholds"]["split"]


def test_the_bundle_says_what_share_of_melanomas_it_flags(
    exported: tuple[Path, str], runs: list[Path], records: list[Record]
) -> None:
    bundle = Bundle.load(exported[0])
    stated, threshold = bundle.manifest.thresholds.melanoma_sensitivity, bundle.manifest.thresholds.malignancy.threshold
    tested = set(load_run(runs[0]).split.test)
    melanomas = [record for record in records if record.image_id in tested and record.diagnosis == "mel"]
    predictor = Predictor(bundle)
    flagged = [predictor.predict(one.image.read_bytes(), one.metadata).malignancy >= threshold for one in melanomas]
    assert stated is not None
    assert stated.value == pytest.approx(np.mean(flagged))
    assert f"of melanomas it flags {stated.value:.3f}" in (exported[0] / "MODEL_CARD.md").read_text()


def test_the_card_quotes_the_figures_that_the_command_printed(exported: tuple[Path, str]) -> None:
    card = (exported[0] / "MODEL_CARD.md").read_text()
    printed = next(line for line in exported[1].splitlines() if line.startswith("macro_auc"))
    value = printed.split()[1]
    assert f"| macro_auc | {value} (" in card
    assert "Squamous cell carcinoma is not a class" in card
    assert "from Austria and Australia" in card
    assert "an aim, not a guarantee" in card
    assert "followed the clock" not in card  # these runs counted epochs


def test_the_bundle_says_nothing_of_the_machine_that_made_it(exported: tuple[Path, str]) -> None:
    for file in exported[0].iterdir():
        assert str(REPOSITORY).encode() not in file.read_bytes()
        assert b"site-packages" not in file.read_bytes()


def test_the_bundle_says_in_which_precision_its_weights_are_stored(
    exported: tuple[Path, str], drawn: Path, runs: list[Path], tmp_path: Path
) -> None:
    words = ["export", "--data", str(drawn), "--partial", "--cache", str(exported[0].parent / "cache"), "--half"]
    main([*words, "--version", "0.1.0", "--run", str(runs[0]), "--out", str(tmp_path / "half"), "--bootstrap", "20"])
    said = []
    for bundle in (exported[0], tmp_path / "half"):
        tensors = onnx.load(bundle / "model.onnx").graph.initializer
        kernels = {str(onnx.numpy_helper.to_array(tensor).dtype) for tensor in tensors if len(tensor.dims) == 4}
        storage = Bundle.load(bundle).manifest.document["storage"]
        assert kernels == {storage["convolution_kernels"]}
        said.append(storage["convolution_kernels"])
    assert said == ["float32", "float16"]
    single, half = ((bundle / "MODEL_CARD.md").read_text() for bundle in (exported[0], tmp_path / "half"))
    assert "--run RUN --run RUN --version" in single
    assert "All weights are stored and computed in single precision." in single
    assert "--run RUN --half --version" in half
    assert "kernels are stored in half precision" in half


def test_a_bundle_is_never_overwritten(exported: tuple[Path, str], drawn: Path, runs: list[Path]) -> None:
    words = ["export", "--data", str(drawn), "--partial", "--cache", str(exported[0].parent / "cache")]
    words += ["--version", "0.1.0", "--run", str(runs[0]), "--out", str(exported[0]), "--bootstrap", "20"]
    with pytest.raises(SystemExit, match="exists already"):
        main(words)


def test_runs_of_different_splits_make_no_ensemble(
    records: list[Record], pictures: Pictures, runs: list[Path], drawn: Path, tmp_path: Path
) -> None:
    other = split_by_lesion(records, [], fold=3)
    fit(records, pictures, other, replace(TINY, epochs=1), tmp_path / "other")
    words = ["export", "--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache"), "--version", "0.1.0"]
    words += ["--run", str(runs[0]), "--run", str(tmp_path / "other"), "--out", str(tmp_path / "bundle")]
    with pytest.raises(SystemExit, match="different splits"):
        main(words)
    assert not (tmp_path / "bundle").exists()


def test_evaluating_the_served_bundle_gives_the_exported_figures(
    exported: tuple[Path, str], drawn: Path, runs: list[Path], tmp_path: Path
) -> None:
    words = ["evaluate", "--data", str(drawn), "--partial", "--bundle", str(exported[0]), "--bootstrap", "20"]
    printed = main([*words, "--split", str(runs[0] / "split.json"), "--out", str(tmp_path)])

    def figures(text: str) -> list[str]:
        return [line for line in text.splitlines() if line.startswith(("balanced", "macro", "accuracy"))]

    assert figures(printed) == figures(exported[1])
    report = json.loads((tmp_path / "report.json").read_text())
    tested = load_run(runs[0]).split.test
    assert report["fused"]["n_images"] == len(tested)
    assert np.sum(report["fused"]["confusion_matrix"]["p/prior"]) == len(tested)
    with (tmp_path / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * len(tested)
    assert all(abs(sum(float(row[code]) for code in DIAGNOSES) - 1) < 1e-5 for row in rows)
    assert (tmp_path / "confusion_fused.png").read_bytes().startswith(b"\x89PNG")


def test_a_bundle_is_measured_on_data_from_elsewhere_without_a_split(
    exported: tuple[Path, str], records: list[Record], drawn: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "ISIC2018_Task3_Test_Input"
    outside.mkdir()
    chosen = records[::7]
    rows = ["image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"]
    for i, record in enumerate(chosen):
        shutil.copy(record.image, outside / f"ISIC_9{i:06d}.jpg")
        flags = (str(float(record.diagnosis == code)) for code in ("mel", "nv", "bcc", "akiec", "bkl", "df", "vasc"))
        rows.append(",".join([f"ISIC_9{i:06d}", *flags]))
    (tmp_path / "ISIC2018_Task3_Test_GroundTruth.csv").write_text("\n".join(rows) + "\n")
    words = ["evaluate", "--bundle", str(exported[0]), "--side", "all", "--bootstrap", "20"]
    main([*words, "--source", "isic", "--data", str(tmp_path), "--out", str(tmp_path / "report")])
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["image"]["n_images"] == len(chosen)
    assert report["data"]["source"] == "isic"
    with pytest.raises(SystemExit, match="no outside data"):
        main([*words, "--data", str(drawn), "--partial", "--out", str(tmp_path / "again")])
