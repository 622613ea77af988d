"""``evaluate`` from folders to a page: runs of two folds pooled, metadata withheld or shuffled, what is refused."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.vocabulary import DIAGNOSES
from tests.bundles import build_tiny_bundle
from tests.training.fitting.test_engine import TINY
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.schemes import lesion_folds
from training.data.splits import Split, split_by_lesion
from training.evaluation.folds import folds_there
from training.evaluation.predicted import read_predictions
from training.evaluation.trained import predict_run
from training.fitting.engine import fit
from training.fitting.runs import load_run
from training.networks.metadata_only import MetadataOnlyConfig
from training.networks.report_dnn import DnnConfig

TEST_RUN = replace(TINY, epochs=1)


@pytest.fixture(scope="module")
def folds(records: list[Record], pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("folds")
    for fold in (0, 1):
        fit(records, pictures, split_by_lesion(records, [], fold=fold), TEST_RUN, root / str(fold))
    return [root / "0", root / "1"]


@pytest.fixture(scope="module")
def words(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    cache = tmp_path_factory.mktemp("evaluate") / "cache"
    return ["evaluate", "--data", str(drawn), "--partial", "--cache", str(cache), "--bootstrap", "20"]


@pytest.fixture(scope="module")
def pooled(folds: list[Path], words: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pooled")
    main([*words, "--run", str(folds[0]), "--run", str(folds[1]), "--out", str(out)])
    return out


def _rows(file: Path) -> list[list[str]]:
    with file.open(newline="") as opened:
        return list(csv.reader(opened))


def test_two_folds_pool_into_one_out_of_fold_figure(pooled: Path, folds: list[Path]) -> None:
    tested = [image for fold in folds for image in load_run(fold).split.test]
    document = json.loads((pooled / "report.json").read_text())
    assert document["title"].startswith(
        "Network fused: out-of-fold, test sides of 2 of 10 folds pooled, lesion-grouped"
    )
    assert document["fused"]["n_images"] == len(tested)
    assert np.sum(document["fused"]["confusion_matrix"]["p/prior"]) == len(tested)
    for path in ("fused", "image"):
        assert set(read_predictions(pooled / "predictions.csv", path).images) == set(tested)


def test_each_fold_keeps_the_answers_of_its_own_run(
    pooled: Path, folds: list[Path], records: list[Record], pictures: Pictures
) -> None:
    alone = predict_run(load_run(folds[1]), records, pictures)["fused"]
    rows = read_predictions(pooled / "predictions.csv", "fused")
    place = [rows.images.index(image) for image in alone.images]
    np.testing.assert_allclose(rows.answers.p[place], alone.answers.p, atol=1e-6)
    np.testing.assert_array_equal(rows.flagged[place], alone.flagged)


def test_the_page_says_first_what_is_well_and_what_is_not(pooled: Path) -> None:
    page = (pooled / "report.html").read_text()
    order = [page.index(f"<h2>{title}") for title in ("What it does well", "What it does badly", "Headline figures")]
    assert order == sorted(order)
    assert "Every malignant lesion that was called benign" in page
    missed = _rows(pooled / "malignant_called_benign.csv")[1:]
    document = json.loads((pooled / "report.json").read_text())
    counted = document["fused"]["malignant_called_benign"]
    assert len(missed) >= max(counted["not flagged"], counted["p/prior"], counted["arg-max p"])
    assert page.count("data:image/jpeg") == len(missed) > 0


def test_tables_start_with_the_rare_classes_and_their_rows_add_up(pooled: Path) -> None:
    for name in ("classes_p_prior", "classes_arg_max_p", "ranking", "confusion_fused"):
        rows = _rows(pooled / f"{name}.csv")
        assert [row[0] for row in rows[1:4]] == ["df", "vasc", "akiec"]
    counts = _rows(pooled / "confusion_image.csv")
    truth = read_predictions(pooled / "predictions.csv", "image").answers.target
    for code, *row in counts[1:]:
        assert sum(map(int, row)) == (truth == DIAGNOSES.index(code)).sum()


def test_calibration_is_shown_before_and_after_the_temperature(pooled: Path) -> None:
    names, *cells = _rows(pooled / "calibration.csv")
    rows = [dict(zip(names, row, strict=True)) for row in cells]
    assert [(row["path"], row["temperature"]) for row in rows] == [
        (path, state) for path in ("fused", "image") for state in ("before", "after")
    ]
    document = json.loads((pooled / "report.json").read_text())
    figures = document["fused"]["figures"]
    assert float(rows[1]["Brier score"]) == pytest.approx(figures["brier_score"]["value"])
    assert float(rows[1]["calibration error (arg-max p)"]) == pytest.approx(
        figures["expected_calibration_error"]["value"]
    )
    assert rows[0]["Brier score"] != rows[1]["Brier score"]


def test_withheld_metadata_leave_what_the_picture_says(
    folds: list[Path], records: list[Record], pictures: Pictures
) -> None:
    run = load_run(folds[0])
    withheld = predict_run(run, records, pictures, metadata="withheld")
    shuffled = predict_run(run, records, pictures, metadata="shuffled")
    kept = predict_run(run, records, pictures)
    assert (list(withheld), list(shuffled)) == (["fused-withheld", "image"], ["fused-shuffled", "image"])
    np.testing.assert_allclose(withheld["fused-withheld"].answers.p, kept["image"].answers.p, atol=1e-12)
    np.testing.assert_array_equal(shuffled["image"].answers.p, kept["image"].answers.p)
    moved = shuffled["fused-shuffled"].answers.scores != kept["fused"].answers.scores
    assert 0.5 < moved.any(axis=1).mean() <= 1


def test_a_network_answers_only_by_the_paths_that_it_has(
    records: list[Record], pictures: Pictures, tmp_path: Path
) -> None:
    split = split_by_lesion(records, [])
    fit(records, pictures, split, replace(TEST_RUN, network=DnnConfig()), tmp_path / "dnn")
    fit(records, pictures, split, replace(TEST_RUN, network=MetadataOnlyConfig()), tmp_path / "metadata")
    assert list(predict_run(load_run(tmp_path / "dnn"), records, pictures)) == ["image"]
    assert list(predict_run(load_run(tmp_path / "metadata"), records, pictures)) == ["fused"]
    with pytest.raises(ValueError, match="takes no metadata: nothing can be shuffled"):
        predict_run(load_run(tmp_path / "dnn"), records, pictures, metadata="shuffled")


def test_a_leaky_split_is_said_on_the_first_page(
    records: list[Record], pictures: Pictures, words: list[str], tmp_path: Path
) -> None:
    honest = split_by_lesion(records, [])
    twins = [image for image in honest.train if image[:-1] + "1" in honest.train and image.endswith("0")]
    train = [image for image in honest.train if image != twins[0]]
    sides = {"train": train, "validation": list(honest.validation), "test": [*honest.test, twins[0]]}
    split = Split.of(sides, scheme="image-level", seed=0, fold=0)
    fit(records, pictures, split, TEST_RUN, tmp_path / "run")
    main([*words, "--run", str(tmp_path / "run"), "--out", str(tmp_path / "out")])
    page = (tmp_path / "out" / "report.html").read_text()
    assert f"1 of {len(split.test)} photographs show a lesion that was also in training" in page
    assert page.index("also in training") < page.index("What it does well")


def test_only_folds_of_one_experiment_are_pooled(
    folds: list[Path], words: list[str], records: list[Record], pictures: Pictures, tmp_path: Path
) -> None:
    def trained(name: str, split: Split, **changes: Any) -> str:
        fit(records, pictures, split, replace(TEST_RUN, **changes), tmp_path / name)
        return str(tmp_path / name)

    words = [*words, "--out", str(tmp_path / "out"), "--run", str(folds[0]), "--run"]
    fold = split_by_lesion(records, [], fold=1)
    with pytest.raises(SystemExit, match=r"0 and longer differ in epochs, weight_decay: only folds of one experiment"):
        main([*words, trained("longer", fold, epochs=2, weight_decay=0.01)])
    with pytest.raises(SystemExit, match="0 and dealt differ in split seed: only"):
        main([*words, trained("dealt", split_by_lesion(records, [], seed=5, fold=1))])
    with pytest.raises(SystemExit, match="0 and folds differ in scheme: only"):
        main([*words, trained("folds", lesion_folds(records, [], fold=1))])
    assert not (tmp_path / "out").exists()


def test_the_folds_of_a_scheme_are_counted(folds: list[Path], records: list[Record]) -> None:
    one = load_run(folds[0])
    fifths = [replace(one, split=lesion_folds(records, [], fold=fold)) for fold in (0, 1, 3)]
    assert folds_there(fifths) == "3 of 5 folds"
    assert folds_there([one, load_run(folds[1])]) == "2 of 10 folds"


def test_what_cannot_be_evaluated_is_refused(words: list[str], folds: list[Path], drawn: Path, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit, match="tested by more than one run"):
        main([*words, "--run", str(folds[0]), "--run", str(folds[0]), *out])
    with pytest.raises(SystemExit, match="leave --split out"):
        main([*words, "--run", str(folds[0]), "--split", str(folds[0] / "split.json"), *out])
    with pytest.raises(SystemExit, match="with --split"):
        main([*words, "--bundle", "anywhere", *out])
    with pytest.raises(SystemExit, match="are not in these data"):
        main([*words, "--images", "30", "--run", str(folds[0]), *out])
    assert not (tmp_path / "out").exists()


def test_a_bundle_is_not_evaluated_on_a_split_that_it_may_have_learned_from(
    folds: list[Path], words: list[str], tmp_path: Path
) -> None:
    made_on = {"name": "drawn", "citation": "none", "licence": "CC0", "split": "by lesion", "n": 1}
    made_on["split_sha256"] = load_run(folds[0]).split.digest()
    build_tiny_bundle(tmp_path / "bundle", changes={"training_data": made_on})
    words = [*words, "--bundle", str(tmp_path / "bundle"), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit, match="trained on another split"):
        main([*words, "--split", str(folds[1] / "split.json")])
    assert not (tmp_path / "out").exists()
    assert "it had learned from none of these photographs" in main([*words, "--split", str(folds[0] / "split.json")])
