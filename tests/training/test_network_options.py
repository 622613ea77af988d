from __future__ import annotations

import argparse

import pytest

from training.__main__ import main
from training.commands import network_options
from training.networks.fused import FusedConfig
from training.networks.network import NetworkConfig
from training.networks.report_cnn import CnnConfig
from training.networks.transfer import MobileNetV2Config


def _chosen(*words: str) -> NetworkConfig:
    parser = argparse.ArgumentParser()
    network_options.add_arguments(parser)
    return network_options.chosen(parser.parse_args(words))


def test_without_options_it_is_the_fused_network() -> None:
    assert _chosen() == FusedConfig()


def test_switches_reach_the_configuration() -> None:
    assert _chosen("--widths", "32-64-128-256") == FusedConfig(widths=(32, 64, 128, 256))
    words = ("--attention", "cbam", "--fusion", "none", "--no-mask-head", "--checkpointing")
    assert _chosen(*words) == FusedConfig(attention="cbam", fusion="none", mask_head=False, checkpointing=True)
    words = ("--network", "cnn", "--batch-norm", "--dropout", "0", "--l2", "0.001")
    assert _chosen(*words) == CnnConfig(batch_norm=True, dropout=0.0, l2=0.001)
    words = ("--network", "mobilenet-v2", "--weights", "imagenet", "--train-blocks", "3")
    assert _chosen(*words) == MobileNetV2Config(weights="imagenet", train_blocks=3)


def test_a_switch_that_the_network_lacks_is_refused_before_anything_is_read() -> None:
    with pytest.raises(SystemExit, match=r"train: The network dnn has no --widths; leave it out\."):
        main(["train", "--data", "nowhere", "--out", "nowhere", "--network", "dnn", "--widths", "8-8-8-8"])
