"""Torch's own scores of a run are those that the exported graph gives."""

from __future__ import annotations

import numpy as np

from training.data.pictures import Pictures
from training.data.records import Record
from training.evaluation.trained import score_run
from training.export.judging import judge
from training.export.members import Ensemble, joint_head, to_onnx
from training.fitting.runs import Run

ROWS = [3, 40, 41, 90]


def test_both_ways_of_scoring_agree(trained_run: Run, records: list[Record], pictures: Pictures) -> None:
    torchs = score_run(trained_run, records, pictures, ROWS, batch=3)
    model, head = (
        to_onnx(Ensemble([trained_run.network]), *pictures.viewed.shape[1:3]),
        joint_head([trained_run.network]),
    )
    graphs = judge(model, head, records=records, pictures=pictures, rows=ROWS, priors=trained_run.priors)
    np.testing.assert_allclose(torchs.fused, graphs.fused, atol=1e-4)
    np.testing.assert_allclose(torchs.image, graphs.image, atol=1e-4)
    np.testing.assert_array_equal(torchs.target, graphs.target)
    assert not np.allclose(torchs.fused, torchs.image)
