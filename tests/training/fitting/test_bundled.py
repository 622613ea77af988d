"""A bundle's networks come back from it: the same answers, fit to be trained on, and on no other split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from inference.bundle import Bundle
from inference.errors import BundleError
from tests.training.fitting.test_start import STILL, TINY
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.splits import Split, split_by_lesion
from training.export.bundle import _member, export
from training.fitting import bundled
from training.fitting.bundled import load_member, networks_of
from training.fitting.config import read_config
from training.fitting.engine import fit
from training.fitting.runs import Run, load_run
from training.networks.fused import FusedConfig
from training.networks.unfolding import fit_norms

SHIPPED = Path(__file__).resolve().parents[3] / "models"


@pytest.fixture(scope="module")
def split(records: list[Record]) -> Split:
    return split_by_lesion(records, [])


@pytest.fixture(scope="module")
def runs(
    records: list[Record], pictures: Pictures, split: Split, tmp_path_factory: pytest.TempPathFactory
) -> list[Run]:
    folders = [tmp_path_factory.mktemp("run") for _ in range(2)]
    for seed, folder in enumerate(folders):
        fit(records, pictures, split, replace(TINY, seed=seed), folder)
    return [load_run(folder) for folder in folders]


@pytest.fixture(scope="module")
def bundle(
    runs: list[Run], records: list[Record], pictures: Pictures, tmp_path_factory: pytest.TempPathFactory
) -> Bundle:
    out = tmp_path_factory.mktemp("exported") / "bundle"
    return export(runs, records, pictures, out, name="drawn", version="0.0.1", bootstrap=20, half=True)[0]


def _pictures() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    torch.manual_seed(3)
    for _ in range(2):
        yield torch.randn(4, 3, 48, 64), torch.randn(4, 19)


@torch.no_grad()
def test_each_member_reads_as_the_network_that_was_exported(bundle: Bundle, runs: list[Run]) -> None:
    networks = networks_of(bundle)
    offset = torch.stack([run.network.head.bias for run in runs]).mean(dim=0)
    for picture, metadata in _pictures():
        for network, run in zip(networks, runs, strict=True):
            ours, theirs = network(picture, metadata), run.network(picture, metadata)
            assert torch.allclose(ours.image, theirs.image - run.network.head.bias + offset, atol=2e-3)
            assert torch.allclose(ours.metadata, theirs.metadata, atol=1e-5)
            assert torch.allclose(ours.mask, theirs.mask, atol=2e-3)


@torch.no_grad()
def test_fitted_norms_change_no_answer_and_hold_in_training(bundle: Bundle) -> None:
    network = networks_of(bundle)[0]
    network.dropout.p = 0.0
    (picture, metadata), _ = _pictures()
    before = network(picture, metadata)
    lost = (network.train()(picture, metadata).image - before.image).abs().max()
    network = networks_of(bundle)[0].eval()
    network.dropout.p = 0.0
    fit_norms(network, [(picture, metadata)])
    assert torch.allclose(network(picture, metadata).image, before.image, atol=1e-4)
    # In training a norm uses its batch's own statistics: those that it was just fitted on, but for n/(n − 1).
    assert (network.train()(picture, metadata).image - before.image).abs().max() < 0.02 * lost


def test_a_run_goes_on_from_a_member_and_says_which(
    bundle: Bundle, records: list[Record], pictures: Pictures, split: Split, tmp_path: Path
) -> None:
    member = load_member(bundle.path, 1)
    fit(records, pictures, split, STILL, tmp_path, start=member)
    start = read_config(tmp_path / "config.json").start
    assert start is not None
    assert (start.sha256, start.member, start.epochs) == (bundle.sha256, 1, 1)
    after = load_run(tmp_path)
    assert after.whole_cost == (2, after.minutes + member.minutes)
    with torch.no_grad():
        for picture, metadata in _pictures():
            kept, moved = member.network(picture, metadata), after.network.eval()(picture, metadata)
            assert torch.allclose(kept.metadata, moved.metadata, atol=1e-5)
    assert _member(after)["went_on"] is True


def test_what_does_not_fit_is_refused_before_anything_is_written(
    bundle: Bundle, records: list[Record], pictures: Pictures, split: Split, tmp_path: Path
) -> None:
    member = load_member(bundle.path, 0)
    with pytest.raises(ValueError, match="another split"):
        fit(records, pictures, split_by_lesion(records, [], fold=1), STILL, tmp_path, start=member)
    wider = replace(STILL, network=FusedConfig(widths=(8, 8, 16, 24), blocks=(1, 1, 1, 1)))
    with pytest.raises(ValueError, match="--widths 8-8-16-16 --blocks 1-1-1-1"):
        fit(records, pictures, split, wider, tmp_path, start=member)
    recorded = replace(STILL, start=member.as_start(STILL.network, split))
    with pytest.raises(DataError, match="give that run with --start"):
        fit(records, pictures, split, recorded, tmp_path, start=load_member(bundle.path, 1))
    with pytest.raises(DataError, match="members 0 to 1"):
        load_member(bundle.path, 2)
    with pytest.raises(BundleError):
        load_member(tmp_path, 0)
    assert not list(tmp_path.iterdir())


def test_networks_that_answer_otherwise_than_their_bundle_are_refused(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = bundled._initialisers

    def other(model: bytes) -> dict[str, torch.Tensor]:
        tensors = read(model)
        return {**tensors, "backbones.1.stem.0.weight": tensors["backbones.0.stem.0.weight"]}

    monkeypatch.setattr(bundled, "_initialisers", other)
    with pytest.raises(DataError, match="do not give its stored answers"):
        networks_of(bundle)


def test_the_shipped_bundle_can_be_gone_on_from() -> None:
    bundles = [Bundle.load(manifest.parent) for manifest in SHIPPED.glob("*/manifest.json")]
    (whole,) = (one for one in bundles if "quantised_from" not in one.manifest.document)
    assert load_member(whole.path, 0).network.config == FusedConfig()
