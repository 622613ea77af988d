import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inference.__main__ import main
from inference.bundle import Bundle
from inference.decoding import decode_for
from inference.errors import InferenceError
from inference.head import Floats
from inference.metadata import Metadata
from inference.predictions import read_metadata
from inference.predictor import Predictor
from inference.preprocessing import prepare, to_tensor
from inference.runtime import Runtime
from inference.scope import FeatureSpace
from inference.vocabulary import DIAGNOSES
from tests.bundles import CHANNELS, build_tiny_bundle
from tests.inference.pictures import encode, lesion

HEADER = "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC,malignancy,tier,abstain_reason"
ROOT = Path(__file__).resolve().parents[2]


def predict(bundle: Bundle, out: Path, *arguments: object) -> tuple[int, list[dict[str, str]]]:
    code = main(["predict", *map(str, arguments), "--bundle", str(bundle.path), "--out", str(out)])
    if not out.exists():
        return code, []
    text = out.read_text()
    assert text.splitlines()[0] == HEADER
    return code, list(csv.DictReader(text.splitlines()))


def test_a_folder_becomes_rows_in_the_challenges_columns(
    bundle: Bundle, predictor: Predictor, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, rows = predict(bundle, tmp_path / "new" / "out.csv", folder)
    assert code == 0
    assert [row["image"] for row in rows] == [f"ISIC_000000{i}" for i in range(4)]
    expected = predictor.predict(encode(lesion(seed=1)))
    for diagnosis in DIAGNOSES:
        assert float(rows[1][diagnosis.upper()]) == pytest.approx(expected.probabilities[diagnosis], abs=1e-8)
    assert float(rows[1]["malignancy"]) == pytest.approx(expected.malignancy, abs=1e-8)
    assert (rows[1]["tier"], rows[1]["abstain_reason"]) == (expected.tier, expected.abstain_reason or "")
    assert sum(float(rows[0][code.upper()]) for code in DIAGNOSES) == pytest.approx(1, abs=1e-6)
    printed = capsys.readouterr()
    assert "4 images in" in printed.out
    assert "images/s" in printed.out
    assert "4/4" in printed.err
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["out.csv"]


def test_metadata_are_joined_by_image_id(bundle: Bundle, predictor: Predictor, folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "metadata.csv"
    table.write_text(
        "lesion_id,image_id,dx,age,sex,localization\n"
        "HAM_1,ISIC_0000000,nv,80.0,male,scalp\n"
        "HAM_2,ISIC_0000001,nv,,,unknown\n"
    )
    _, alone = predict(bundle, tmp_path / "alone.csv", folder)
    _, joined = predict(bundle, tmp_path / "joined.csv", folder, "--metadata", table)
    expected = predictor.predict(encode(lesion(seed=0)), Metadata(80, "male", "scalp"))
    assert float(joined[0]["MEL"]) == pytest.approx(expected.probabilities["mel"], abs=1e-8)
    assert joined[0] != alone[0]
    assert joined[1:] == alone[1:]


def test_balanced_scores_are_p_over_prior(bundle: Bundle, predictor: Predictor, folder: Path, tmp_path: Path) -> None:
    _, rows = predict(bundle, tmp_path / "out.csv", folder, "--scores", "balanced")
    expected = predictor.predict(encode(lesion(seed=0)))
    assert float(rows[0]["DF"]) == pytest.approx(expected.balanced["df"], abs=1e-8)
    assert float(rows[0]["malignancy"]) == pytest.approx(expected.malignancy, abs=1e-8)


def test_threads_change_nothing_but_the_pace(bundle: Bundle, folder: Path, tmp_path: Path) -> None:
    for out, threads in ((tmp_path / "1.csv", 1), (tmp_path / "3.csv", 3)):
        predict(bundle, out, folder, "--threads", threads)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "3.csv").read_bytes()


def test_an_unreadable_picture_has_a_row_and_a_sentence(
    bundle: Bundle, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.jpg").write_bytes(encode(lesion())[:500])
    code, rows = predict(bundle, tmp_path / "out.csv", folder)
    assert code == 0
    assert len(rows) == 5
    assert rows[-1] == dict.fromkeys(HEADER.split(","), "") | {"image": "broken", "abstain_reason": "unreadable"}
    printed = capsys.readouterr()
    assert "broken.jpg: The end of the file is missing" in printed.err
    assert "1 unreadable" in printed.out


def test_an_answer_that_is_no_number_has_a_row_and_a_sentence_and_the_batch_goes_on(
    bundle: Bundle, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sound, asked = Runtime.run, to_tensor(prepare_of(folder / "ISIC_0000001.jpg", bundle), bundle.manifest.input)

    def run(self: Runtime, tensor: Floats) -> tuple[Floats, Floats]:
        features, mask = sound(self, tensor)
        return (features * np.nan if np.array_equal(tensor, asked) else features), mask

    monkeypatch.setattr(Runtime, "run", run)
    code, rows = predict(bundle, tmp_path / "out.csv", folder)
    assert (code, len(rows)) == (0, 4)
    assert rows[1] == dict.fromkeys(HEADER.split(","), "") | {"image": "ISIC_0000001", "abstain_reason": "no_answer"}
    assert all(row["NV"] for row in (rows[0], *rows[2:]))
    printed = capsys.readouterr()
    assert "ISIC_0000001.jpg: The network's answer to this picture is not a number" in printed.err
    assert "0 unreadable, 1 without an answer" in printed.out


def prepare_of(file: Path, bundle: Bundle) -> NDArray[np.uint8]:
    spec = bundle.manifest.input
    seen = decode_for(file.read_bytes(), spec.width, spec.height)
    return prepare(seen.image, spec, seen.size).pixels


def test_when_no_picture_could_be_read_the_exit_code_says_so(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    code, rows = predict(bundle, tmp_path / "out.csv", tmp_path / "a.jpg")
    assert code == 1
    assert [row["abstain_reason"] for row in rows] == ["unreadable"]


def test_equal_names_in_two_folders_stay_apart(bundle: Bundle, folder: Path, tmp_path: Path) -> None:
    twin = tmp_path / "ISIC_0000000.png"
    twin.write_bytes(encode(lesion(seed=9), "PNG"))
    _, rows = predict(bundle, tmp_path / "out.csv", folder, twin)
    names = [row["image"] for row in rows]
    assert names == [str(folder / "ISIC_0000000.jpg"), *(f"ISIC_000000{i}" for i in (1, 2, 3)), str(twin)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,age\n1,2\n", "has no column image_id"),
        ("image_id,age\na,old\n", "line 2: age: 'old' is not a number"),
        ("image_id,sex\na,male\nb,m\n", "line 3: sex: 'm'"),
        ("image_id,age\na,\na,\n", "line 3: a is there twice"),
        ("image_id\n\xff", "cannot be read as CSV"),
    ],
)
def test_a_table_without_meaning_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    table = tmp_path / "metadata.csv"
    table.write_text(text, encoding="latin-1")
    with pytest.raises(InferenceError) as caught:
        read_metadata(table)
    assert sentence in str(caught.value)


def test_a_wrong_table_stops_the_run_before_any_work(
    bundle: Bundle, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metadata.csv").write_text("id\n1\n")
    code, rows = predict(bundle, tmp_path / "out.csv", folder, "--metadata", tmp_path / "metadata.csv")
    assert (code, rows) == (2, [])
    assert "has no column image_id" in capsys.readouterr().err


def test_a_path_that_is_not_there_is_named(bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(bundle, tmp_path / "out.csv", tmp_path / "nowhere")[0] == 2
    assert "There is no file or folder" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert predict(bundle, tmp_path / "out.csv", tmp_path / "empty")[0] == 2
    assert "There is no JPEG, PNG or WebP" in capsys.readouterr().err


def test_without_a_bundle_the_newest_in_models_is_taken(
    bundle: Bundle, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.commands.MODELS_FOLDER", bundle.path.parent)
    out = tmp_path / "out.csv"
    assert main(["predict", str(folder), "--out", str(out)]) == 0
    assert len(out.read_text().splitlines()) == 5


def test_check_says_that_a_bundle_conforms_or_what_is_wrong(
    bundle: Bundle, own_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(bundle.path)]) == 0
    assert f"tiny 0.0 conforms. SHA-256 {bundle.sha256}" in capsys.readouterr().out
    (own_bundle / "model.onnx").unlink()
    assert main(["check", str(own_bundle)]) == 1
    assert "model.onnx is missing" in capsys.readouterr().out


def test_check_says_whether_a_bundle_knows_its_scope(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spread = {"mean": 0.0, "deviation": 1.0}
    section = {"limit": 6.0, "log_distance": spread, "energy": spread}
    one = np.ones(1, np.float32)
    space = FeatureSpace(np.zeros(CHANNELS, np.float32), np.eye(1, CHANNELS, dtype=np.float32), one, one)
    wary = build_tiny_bundle(tmp_path / "wary", changes={"scope": section}, space=space)
    for path, silent in ((bundle.path, False), (wary.path, True)):
        assert main(["check", str(path)]) == 0
        said = "knows no scope: it answers about any picture that passes the quality gate" in capsys.readouterr().out
        assert said is not silent


@pytest.mark.parametrize("method", ["lime", "shap"])
def test_explain_asks_a_surrogate_about_one_diagnosis(
    bundle: Bundle, folder: Path, tmp_path: Path, method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, picture = tmp_path / "explained", folder / "ISIC_0000000.jpg"
    arguments = ["explain", str(picture), "--out", str(out), "--bundle", str(bundle.path), "--method", method]
    assert main([*arguments, "--samples", "100", "--diagnosis", "bcc", "--age", "70"]) == 0
    told = json.loads((out / f"ISIC_0000000_{method}_bcc.json").read_text())
    assert (told["method"], told["diagnosis"], told["samples"]) == (method, "bcc", 100)
    known = Predictor(bundle).predict(picture.read_bytes(), Metadata(age=70))
    assert told["score"] == pytest.approx(known.logits["bcc"], abs=1e-5)
    with Image.open(out / f"ISIC_0000000_{method}_bcc.png") as image:
        assert image.size == (200, 150)
    assert main([*arguments, "--samples", "5"]) == 2
    assert "ask for 96 or more" in capsys.readouterr().err


def test_explain_writes_a_heatmap_for_each_diagnosis(
    bundle: Bundle, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "explained"
    picture = folder / "ISIC_0000000.jpg"
    arguments = ["explain", str(picture), "--out", str(out), "--bundle", str(bundle.path)]
    assert main([*arguments, "--age", "40", "--sex", "female"]) == 0
    names = {f"ISIC_0000000_{code}.png" for code in DIAGNOSES} | {"ISIC_0000000.json"}
    assert {file.name for file in out.iterdir()} == names
    with Image.open(out / "ISIC_0000000_mel.png") as image:
        assert image.size == (200, 150)
    figures = json.loads((out / "ISIC_0000000.json").read_text())
    assert figures == json.loads(capsys.readouterr().out)
    assert figures["model"]["sha256"] == bundle.sha256
    assert main([*arguments, "--localization", "elbow"]) == 2
    assert main(["explain", str(folder / "notes.txt"), *arguments[2:]]) == 1


def test_explain_says_of_a_large_picture_what_predict_says(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both decode a large JPEG at a fraction of its size."""
    picture = tmp_path / "large.jpg"
    picture.write_bytes(encode(lesion(1600, 1200), quality=60))
    _, (row,) = predict(bundle, tmp_path / "out.csv", picture)
    capsys.readouterr()
    assert main(["explain", str(picture), "--out", str(tmp_path), "--bundle", str(bundle.path)]) == 0
    told = json.loads(capsys.readouterr().out)["probabilities"]
    assert told == {code: round(float(row[code.upper()]), 6) for code in told}
    with Image.open(tmp_path / "large_mel.png") as image:
        assert image.size == (1600, 1200)


def test_no_torch_and_no_django_at_run_time(bundle: Bundle, folder: Path, tmp_path: Path) -> None:
    arguments = ["predict", str(folder), "--bundle", str(bundle.path), "--out", str(tmp_path / "out.csv")]
    program = (
        "import sys\n"
        "from inference.__main__ import main\n"
        f"code = main({arguments})\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(code, 'onnxruntime' in loaded, sorted(loaded & {'torch', 'django', 'training', 'cases', 'onnx'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 True []"


def test_reading_a_manifest_loads_no_runtime(bundle: Bundle) -> None:
    program = (
        "import sys\n"
        "import inference.predictor, inference.bundle\n"
        f"print(inference.bundle.load_manifest({str(bundle.path)!r}).name, 'onnxruntime' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "tiny False"


def test_the_module_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inference", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "predict" in done.stdout
    assert "explain" in done.stdout


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            "image_id,age\nISIC_0000000.jpg,80\n",
            "has a row for none of these pictures: its image_id is a picture's name",
        ),
        ("image_id,Age,anatom_site\nISIC_0000000,80,back\n", "none of the columns age, sex, localization"),
    ],
)
def test_metadata_that_would_all_be_left_out_are_not_left_out_in_silence(
    *, bundle: Bundle, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, sentence: str
) -> None:
    (tmp_path / "metadata.csv").write_text(table)
    code, rows = predict(bundle, tmp_path / "out.csv", folder, "--metadata", tmp_path / "metadata.csv")
    assert (code, rows) == (2, [])
    assert sentence in capsys.readouterr().err


def test_how_many_pictures_have_no_metadata_is_said(
    bundle: Bundle, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metadata.csv").write_text("image_id,age\nISIC_0000001,80\n")
    code, _ = predict(bundle, tmp_path / "out.csv", folder, "--metadata", tmp_path / "metadata.csv")
    assert code == 0
    assert "3 of 4 pictures have no row in" in capsys.readouterr().err


def test_columns_that_the_table_lacks_are_named(
    bundle: Bundle, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metadata.csv").write_text("image_id,age_approx,sex\nISIC_0000001,80,male\n")
    assert predict(bundle, tmp_path / "out.csv", folder, "--metadata", tmp_path / "metadata.csv")[0] == 0
    said = capsys.readouterr().err
    for field, lacking in {"age": True, "sex": False, "localization": True}.items():
        assert (f"has no column {field}: it counts as unknown" in said) == lacking


def test_two_pictures_of_one_name_do_not_share_a_patient(
    bundle: Bundle, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "elsewhere" / "ISIC_0000001.jpg"
    other.parent.mkdir()
    other.write_bytes(encode(lesion(seed=9)))
    (tmp_path / "metadata.csv").write_text("image_id,age\nISIC_0000000,80\n")
    assert predict(bundle, tmp_path / "out.csv", folder, other, "--metadata", tmp_path / "metadata.csv")[0] == 0
    (tmp_path / "metadata.csv").write_text("image_id,age\nISIC_0000001,80\n")
    code, _ = predict(bundle, tmp_path / "other.csv", folder, other, "--metadata", tmp_path / "metadata.csv")
    assert code == 2
    assert "Several pictures are named ISIC_0000001" in capsys.readouterr().err
