"""Torch's own scores of a run are those that the exported graph gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.training.fitting.test_engine import TINY
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import split_by_lesion
from training.evaluation.trained import score_run
from training.export.judging import judge
from training.export.members import Ensemble, joint_head, to_onnx
from training.fitting.engine import fit
from training.fitting.runs import Run, load_run

ROWS = [3, 40, 41, 90]


@pytest.fixture(scope="module")
def run(records: list[Record], pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("run")
    fit(records, pictures, split_by_lesion(records, []), replace(TINY, epochs=1), out)
    return load_run(out)


def test_both_ways_of_scoring_agree(run: Run, records: list[Record], pictures: Pictures) -> None:
    torchs = score_run(run, records, pictures, ROWS, batch=3)
    model, head = to_onnx(Ensemble([run.network]), *pictures.viewed.shape[1:3]), joint_head([run.network])
    graphs = judge(model, head, records=records, pictures=pictures, rows=ROWS, priors=run.priors)
    np.testing.assert_allclose(torchs.fused, graphs.fused, atol=1e-4)
    np.testing.assert_allclose(torchs.image, graphs.image, atol=1e-4)
    np.testing.assert_array_equal(torchs.target, graphs.target)
    assert not np.allclose(torchs.fused, torchs.image)
