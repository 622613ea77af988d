"""An embedding is what the head reads, whatever the metadata and the batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.training.fitting.test_engine import TINY
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import split_by_lesion
from training.evaluation.trained import score_run
from training.fitting.engine import fit
from training.fitting.forward import embed
from training.fitting.runs import Run, load_run
from training.networks.report_dnn import DnnConfig

ROWS = [3, 40, 41, 90]


@pytest.fixture(scope="module")
def run(records: list[Record], pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("run")
    fit(records, pictures, split_by_lesion(records, []), replace(TINY, epochs=1), out)
    return load_run(out)


def test_the_heads_answer_follows_from_it(run: Run, records: list[Record], pictures: Pictures) -> None:
    embedded = embed(run, records, pictures, ROWS, batch=3)
    head = run.network.head
    scores = embedded @ head.weight.detach().double().numpy().T + head.bias.detach().double().numpy()
    np.testing.assert_allclose(scores, score_run(run, records, pictures, ROWS).image, atol=1e-4)


def test_a_network_without_a_feature_map_says_so(run: Run, records: list[Record], pictures: Pictures) -> None:
    blind = replace(run, network=DnnConfig().build().eval())
    with pytest.raises(ValueError, match="shows no feature map"):
        embed(blind, records, pictures, ROWS)
