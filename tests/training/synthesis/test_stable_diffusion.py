"""The report's way, end to end, on a pipeline of the real parts with tiny random weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.training.generated_pictures import write_generated
from tests.training.synthesis.conftest import Side
from tests.training.tiny_pipeline import write_tiny_pipeline
from training.__main__ import main
from training.data.records import DataError
from training.data.schemes import split_by
from training.data.synthetic import check_may_join, load_manifest
from training.synthesis.gallery import Gallery
from training.synthesis.prompts import lint
from training.synthesis.stable_diffusion import (
    LICENCE,
    MOST,
    PILOT,
    Budget,
    Drawer,
    draw,
    find_model,
    load_pipeline,
    plan,
    weights_hash,
)
from training.synthesis.tuning import TuneConfig, add_adapter, tune

PLAIN = Budget(2, half=False, slicing=True, offload=False)
HOW = {"each": 3, "seed": 0, "size": 64, "steps": 2, "guidance": 2.0, "batch": 2}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_pipeline(tmp_path_factory.mktemp("stable") / "model")


def _drawer(model: Path) -> Drawer:
    return Drawer(load_pipeline(model, PLAIN), "stable-diffusion", weights_hash(model))


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.array(opened).astype(int)


def test_from_the_command_line_to_a_manifest(model: Path, tmp_path: Path, capsys: Any) -> None:
    words = ["generate", "stable", "--model", str(model), "--classes", "df", "vasc", "--size", "64", "--steps", "2"]
    printed = main([*words, "--each", "2", "--out", str(tmp_path)])
    assert printed.startswith("2 df, 2 vasc in ")
    assert "Plan: " in capsys.readouterr().out
    manifest = load_manifest(tmp_path)
    for image in manifest.images:
        assert image.generator == "stable-diffusion"
        assert image.weights_sha256 == weights_hash(model)
        assert image.split_sha256 == ""
        assert image.licence == LICENCE
        lint(str(image.prompt), image.diagnosis)


class Counting:
    """Counts what each call of a pipeline is asked for, and lets no more than ``room`` pictures into memory."""

    def __init__(self, pipeline: Any, room: int = 100) -> None:
        self.pipeline, self.room, self.calls = pipeline, room, []

    def __call__(self, prompts: list[str], **more: Any) -> Any:
        self.calls.append(len(prompts))
        if len(prompts) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.pipeline(prompts, **more)


def test_no_call_asks_for_all(model: Path, tmp_path: Path) -> None:
    drawer = _drawer(model)
    counting = Counting(drawer.pipeline)
    draw(Gallery(tmp_path), replace(drawer, pipeline=counting), ["df"], **{**HOW, "each": 5})
    assert counting.calls == [2, 2, 1]
    with pytest.raises(ValueError, match=f"at most {MOST}"):
        draw(Gallery(tmp_path / "b"), replace(drawer, pipeline=counting), ["df"], **{**HOW, "each": 200, "batch": 200})


def test_memory_that_runs_out_halves_the_batch_and_loses_nothing(model: Path, tmp_path: Path) -> None:
    drawer = _drawer(model)
    draw(Gallery(tmp_path / "whole"), drawer, ["df"], **{**HOW, "batch": 1})
    tight = Counting(drawer.pipeline, room=1)
    draw(Gallery(tmp_path / "tight"), replace(drawer, pipeline=tight), ["df"], **{**HOW, "batch": 4})
    assert tight.calls == [3, 2, 1, 1, 1]
    for image in load_manifest(tmp_path / "whole").images:
        pair = (_pixels(tmp_path / folder / image.image) for folder in ("whole", "tight"))
        assert np.abs(np.subtract(*pair)).max() <= 2
    with pytest.raises(RuntimeError, match="out of memory"):
        none = replace(drawer, pipeline=Counting(drawer.pipeline, room=0))
        draw(Gallery(tmp_path / "none"), none, ["df"], **HOW)


def test_a_folder_goes_on_where_it_was(model: Path, tmp_path: Path) -> None:
    drawer = _drawer(model)
    assert draw(Gallery(tmp_path), drawer, ["df"], **{**HOW, "each": 1}) == 1
    assert draw(Gallery(tmp_path), drawer, ["df"], **HOW) == 2


@pytest.mark.parametrize(
    ("free", "size", "gpu", "wanted"),
    [
        (40e9, 512, True, Budget(8, half=True, slicing=False, offload=False)),
        (16e9, 512, True, Budget(8, half=True, slicing=False, offload=False)),
        (8e9, 512, True, Budget(6, half=True, slicing=True, offload=False)),
        (8e9, 384, True, Budget(6, half=True, slicing=False, offload=False)),
        (3e9, 512, True, Budget(2, half=True, slicing=True, offload=True)),
        (16e9, 512, False, Budget(6, half=False, slicing=True, offload=False)),
        (1e9, 512, False, Budget(1, half=False, slicing=True, offload=False)),
    ],
)
def test_the_batch_respects_the_memory(free: float, size: int, gpu: bool, wanted: Budget) -> None:
    assert plan(free, size=size, gpu=gpu) == wanted


def test_more_memory_never_means_fewer_pictures_and_never_more_than_eight() -> None:
    for gpu in (True, False):
        found = [plan(free * 1e9, size=512, gpu=gpu) for free in range(5, 200)]
        plain = [budget.batch for budget in found if not budget.slicing]
        assert plain == sorted(plain)
        assert max(budget.batch for budget in found) == MOST
    with pytest.raises(ValueError, match="steps of 8"):
        plan(1e10, size=100, gpu=True)


def test_absent_weights_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SystemExit, match=r"not on this machine .* hf download .* --model sd"):
        main(["generate", "stable", "--model", str(tmp_path), "--out", str(tmp_path / "out")])
    with pytest.raises(DataError, match="nobody/nothing"):
        find_model("nobody/nothing")


def test_the_full_number_waits_for_a_reviewed_pilot(model: Path, tmp_path: Path) -> None:
    words = ["generate", "stable", "--model", str(model), "--classes", "df", "--size", "64", "--steps", "2"]
    with pytest.raises(SystemExit, match=f"pilot of {PILOT} first"):
        main([*words, "--stage", "full", "--out", str(tmp_path)])


def test_the_hash_is_that_of_the_weights(model: Path, tmp_path: Path) -> None:
    other = write_tiny_pipeline(tmp_path / "again" / "model")
    assert weights_hash(other) == weights_hash(model)
    file = next(other.glob("unet/*.safetensors"))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    assert weights_hash(other) != weights_hash(model)


# LoRA and DreamBooth.


def _some(n: int) -> tuple[list[np.ndarray], list[str]]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(n)], ["df", "vasc"] * (n // 2)


TUNE = TuneConfig(rank=2, steps=4, size=64, checkpoint_every=2, rate=1e-2)


def _adapter(out: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(next(out.glob("*.safetensors")))


def test_only_the_adapter_learns_and_it_is_small(model: Path) -> None:
    pipeline = load_pipeline(model, PLAIN)
    share = add_adapter(pipeline, 1)
    learning = {name for name, weights in pipeline.unet.named_parameters() if weights.requires_grad}
    assert learning
    assert all("lora" in name for name in learning)
    assert 0 < share < 0.1  # of a network this small; of Stable Diffusion's 866 million at rank 4 it is .1 %
    assert not any(weights.requires_grad for weights in pipeline.text_encoder.parameters())


def test_merged_weights_answer_as_the_adapter_does(model: Path, tmp_path: Path) -> None:
    tune(load_pipeline(model, PLAIN), *_some(4), TUNE, tmp_path)
    pipeline = load_pipeline(model, PLAIN, tmp_path)
    asked = torch.randn(2, 4, 8, 8), torch.tensor([5, 500]), torch.randn(2, 7, 16)

    def answer(which: Any) -> torch.Tensor:
        with torch.no_grad():
            found: torch.Tensor = which.unet(asked[0], asked[1], encoder_hidden_states=asked[2]).sample
            return found

    beside = answer(pipeline)
    pipeline.fuse_lora()
    assert torch.allclose(beside, answer(pipeline), atol=1e-5)
    assert not torch.allclose(beside, answer(load_pipeline(model, PLAIN)), atol=1e-3)


class Stop(Exception):
    pass


def test_a_killed_tuning_goes_on_to_the_same_bits(model: Path, tmp_path: Path) -> None:
    def stop(done: int) -> None:
        if done == 3:
            raise Stop

    with pytest.raises(Stop):
        tune(load_pipeline(model, PLAIN), *_some(4), TUNE, tmp_path / "killed", tell=stop)
    for name in ("killed", "whole"):
        tune(load_pipeline(model, PLAIN), *_some(4), TUNE, tmp_path / name)
    ours, theirs = _adapter(tmp_path / "killed"), _adapter(tmp_path / "whole")
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    for other in ({"rank": 1}, {"classes": ("df",)}, {"prior_sha256": "0" * 64}):
        with pytest.raises(DataError, match="another tuning"):
            tune(load_pipeline(model, PLAIN), *_some(4), replace(TUNE, **other), tmp_path / "whole")


def test_dreambooth_weighs_a_prior_of_its_own_pictures(model: Path, tmp_path: Path) -> None:
    booth = replace(TUNE, token="sks", prior_weight=1.0, steps=2)
    pictures, codes = _some(4)
    for name, prior in (("a", pictures[:2]), ("b", pictures[2:])):
        tune(load_pipeline(model, PLAIN), pictures, codes, booth, tmp_path / name, prior=prior, prior_codes=codes[:2])
    a, b = _adapter(tmp_path / "a"), _adapter(tmp_path / "b")
    assert any(not torch.equal(a[name], b[name]) for name in a)  # the prior was heard
    for wrong in ({"prior_weight": 1.0, "token": ""}, {"rank": 0}, {"prior_weight": -1.0}):
        with pytest.raises(ValueError, match=r"prior|1 or more"):
            replace(TUNE, **wrong)
    with pytest.raises(ValueError, match="pictures and a weight"):
        tune(load_pipeline(model, PLAIN), pictures, codes, booth, tmp_path / "c")


def test_what_was_tuned_on_the_training_side_says_so_in_each_row(
    model: Path, drawn: Path, training_side: Side, tmp_path: Path
) -> None:
    own_split = training_side[2]
    own_split.save(tmp_path / "split.json")
    words = ["generate", "tune", "--data", str(drawn), "--partial", "--split", str(tmp_path / "split.json")]
    words += ["--model", str(model), "--size", "64", "--tuning-steps", "2", "--token", "sks"]
    words += ["--cache", str(tmp_path / "cache")]
    write_generated(tmp_path / "prior", ["df", "akiec"], split_sha256="0" * 64)
    with pytest.raises(SystemExit, match="generator of another split"):
        main([*words, "--prior", str(tmp_path / "prior"), "--out", str(tmp_path / "laundered")])
    assert not (tmp_path / "laundered").exists()
    split_by("image-level", training_side[0], [], [], seed=0, fold=0).save(tmp_path / "leaky.json")
    with pytest.raises(SystemExit, match="learns from a split by lesion"):
        main([*words, "--split", str(tmp_path / "leaky.json"), "--out", str(tmp_path / "laundered")])
    prior = write_generated(tmp_path / "prior", ["df", "akiec"], split_sha256=own_split.digest())
    words += ["--prior", str(tmp_path / "prior")]
    printed = main([*words, "--out", str(tmp_path / "adapter")])
    assert "akiec" in printed
    drawing = ["generate", "stable", "--model", str(model), "--adapter", str(tmp_path / "adapter"), "--classes", "df"]
    main([*drawing, "--size", "64", "--steps", "2", "--each", "1", "--out", str(tmp_path / "made")])
    manifest = load_manifest(tmp_path / "made")
    check_may_join(manifest, own_split)
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "tune.json").write_text((tmp_path / "adapter" / "tune.json").read_text())
    with pytest.raises(SystemExit, match="generate tune that ended"):
        main([*drawing[:4], "--adapter", str(tmp_path / "begun"), "--size", "64", "--out", str(tmp_path / "none")])
    (image,) = manifest.images
    assert image.generator == "stable-diffusion-lora"
    assert image.split_sha256 == own_split.digest()
    assert " a sks dermatofibroma" in str(image.prompt)
    assert "NC" in image.licence
    record = json.loads((tmp_path / "adapter" / "tune.json").read_text())
    assert record["model_sha256"] == weights_hash(model)
    assert record["prior_sha256"] == prior.digest()
    assert record["classes"] == ["akiec", "df", "vasc"]
