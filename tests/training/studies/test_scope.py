"""Figures of the scope, worked by hand, and the command from end to end on drawn lesions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.bundle import Bundle
from inference.head import Head
from inference.metadata import Metadata
from inference.vocabulary import DIAGNOSES
from tests.bundles import CHANNELS, build_tiny_bundle
from training.__main__ import main
from training.data.records import Record
from training.data.splits import Split
from training.studies import scope
from training.studies.probes import FAMILIES, Probe


def refusals(scores: list[float], low_quality: list[int], out_of_scope: list[int]) -> scope.Refusals:
    return scope.Refusals(np.array(scores), np.array(low_quality, bool), np.array(out_of_scope, bool))


def test_shares_of_test_side_families_and_seeds_by_hand() -> None:
    test = refusals([0.0, 2.0, 1.0, 3.0], [1, 1, 0, 0], [0, 1, 0, 0])
    probed = refusals([4.0, 2.5, 5.0], [0, 0, 0], [1, 0, 1])
    picture = Image.new("RGB", (4, 3))
    drawn = [Probe("text", picture, 0), Probe("noise", picture, 2), Probe("noise", picture, 2)]
    found = scope.measure(test, probed, drawn)
    assert found["test"] == {"n": 4, "low_quality": 0.5, "out_of_scope": 0.25, "refused": 0.5}
    assert found["probes"]["noise"] == {"n": 2, "low_quality": 0, "out_of_scope": 0.5, "refused": 0.5}
    assert found["all_probes"]["out_of_scope"] == pytest.approx(2 / 3)
    assert [(seed, row["n"]) for seed, row in found["probe_seeds"].items()] == [("0", 1), ("2", 2)]
    assert found["auroc"] == pytest.approx(11 / 12)  # of 12 pairs one is in the wrong order: 3.0 above 2.5


def test_selective_risk_leaves_out_the_least_certain_first(tmp_path: Path, records: list[Record]) -> None:
    # The head passes the first seven channels on; no metadata: an embedding is the scores themselves.
    tiny = build_tiny_bundle(tmp_path / "tiny")
    head = Head(np.eye(len(DIAGNOSES), CHANNELS, dtype=np.float32), np.zeros(len(DIAGNOSES), np.float32), ())
    level = replace(tiny.manifest.calibration, log_prior=dict.fromkeys(DIAGNOSES, 0.0), temperature_fused=1.0)
    bundle = replace(tiny, head=head, manifest=replace(tiny.manifest, calibration=level))
    certainties = [1, 10, 2, 9, 3, 8, 4, 7, 5, 6]
    wrong_at = {1, 2, 4, 10}  # the four certainties at which the first class is said and is not the truth
    embeddings = np.zeros((10, CHANNELS), np.float32)
    embeddings[:, 0] = certainties
    asked = [
        replace(records[0], diagnosis=DIAGNOSES[1 if certainty in wrong_at else 0], metadata=Metadata())
        for certainty in certainties
    ]
    curve = {point["coverage"]: point["risk"] for point in scope.selective_risk(bundle, asked, embeddings)}
    assert curve[1.0] == pytest.approx(4 / 10)
    assert curve[0.9] == pytest.approx(3 / 9)  # without certainty 1
    assert curve[0.8] == pytest.approx(2 / 8)  # without 2
    assert curve[0.5] == pytest.approx(1 / 5)  # 10 to 6


def test_the_command_writes_a_bundle_twice_with_the_same_weights_and_says_how_the_limit_was_chosen(
    drawn: Path, tmp_path: Path
) -> None:
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    main(["split", *data, "--out", str(tmp_path / "split.json")])
    made_on = {"name": "drawn", "citation": "none", "licence": "CC0", "split": "by lesion", "n": 1}
    made_on["split_sha256"] = Split.load(tmp_path / "split.json").digest()
    first = build_tiny_bundle(tmp_path / "first", changes={"training_data": made_on}, card=CARD)
    words = ["scope", *data, "--split", str(tmp_path / "split.json"), "--probes", "1", "--version", "0.9"]
    for old, new in (("first", "second"), ("second", "third")):
        out = ["--out", str(tmp_path / new), "--report", str(tmp_path / "report")]
        assert "probes are refused" in main([*words, "--bundle", str(tmp_path / old), *out])
    second, third = Bundle.load(tmp_path / "second"), Bundle.load(tmp_path / "third")
    assert first.model == second.model == third.model
    assert [made.manifest.document["weights_of"]["version"] for made in (second, third)] == ["0.0", "0.0"]
    assert (third.manifest.scope, third.space.pack()) == (second.manifest.scope, second.space.pack())
    card = (third.path / third.manifest.card).read_text()
    assert card == (second.path / second.manifest.card).read_text()
    assert card.count("## Out of scope") == 1
    assert all(sentence in card for sentence in scope.CHOSEN)
    assert 'Every figure below (but see "Out of scope"' in card
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert set(report["probes"]) == set(FAMILIES)
    assert "1" not in report["probe_seeds"]
    assert report["all_probes"]["n"] == len(FAMILIES) * len(scope.PROBE_SEEDS)
    assert scope.CHOSEN[0].split(";")[0] in (tmp_path / "report" / "report.html").read_text()


CARD = "# tiny 0.0\n\nEvery figure below is from the test side.\n\n## How it was made\nBy chance.\n"
