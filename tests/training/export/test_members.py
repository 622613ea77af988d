"""What a bundle can carry, and what is refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data.records import Record
from training.data.splits import split_by_lesion
from training.export.members import servable
from training.fitting.config import Priors
from training.fitting.runs import Run
from training.networks.fused import FusedConfig
from training.networks.metadata_only import MetadataOnlyConfig
from training.networks.network import NetworkConfig

TINY = {"widths": (8, 8, 16, 16), "blocks": (1, 1, 1, 1)}


def _run(config: NetworkConfig, records: list[Record]) -> Run:
    colours, priors = (0.5,) * 3, (0.0,) * 7
    split = split_by_lesion(records, [])
    return Run(Path("run"), config.build(), Priors(colours, colours, priors, priors), split, {}, 1, 0.1)


@pytest.mark.parametrize("more", [{}, {"dropout": 0.5}, {"checkpointing": True}, {"input_size": (144, 192)}])
def test_the_plain_fused_network_is_carried(more: dict[str, object], records: list[Record]) -> None:
    run = _run(FusedConfig(**TINY, **more), records)
    assert servable([run]) == [run.network]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (MetadataOnlyConfig(), "metadata-only"),
        (FusedConfig(**TINY, attention="se"), "fused with attention se"),
        (FusedConfig(**TINY, fusion="concat", mask_head=False), "fused with fusion concat, mask_head False"),
        (FusedConfig(**TINY, input_size=(224, 224)), r"fused with input_size \(224, 224\)"),
    ],
)
def test_others_are_named_and_refused(config: NetworkConfig, said: str, records: list[Record]) -> None:
    with pytest.raises(ValueError, match=rf"^run: a bundle cannot carry {said}; it carries fused with additive"):
        servable([_run(FusedConfig(**TINY), records), _run(config, records)])
