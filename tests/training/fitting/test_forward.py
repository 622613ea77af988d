"""An embedding is what the head reads, whatever the metadata and the batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.data.pictures import Pictures
from training.data.records import Record
from training.evaluation.trained import score_run
from training.fitting.forward import embed
from training.fitting.runs import Run
from training.networks.report_dnn import DnnConfig

ROWS = [3, 40, 41, 90]


def test_the_heads_answer_follows_from_it(trained_run: Run, records: list[Record], pictures: Pictures) -> None:
    embedded = embed(trained_run, records, pictures, ROWS, batch=3)
    head = trained_run.network.head
    scores = embedded @ head.weight.detach().double().numpy().T + head.bias.detach().double().numpy()
    np.testing.assert_allclose(scores, score_run(trained_run, records, pictures, ROWS).image, atol=1e-4)


def test_a_network_without_a_feature_map_says_so(trained_run: Run, records: list[Record], pictures: Pictures) -> None:
    blind = replace(trained_run, network=DnnConfig().build().eval())
    with pytest.raises(ValueError, match="shows no feature map"):
        embed(blind, records, pictures, ROWS)
