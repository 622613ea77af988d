"""Drawing: the same seed gives the same picture, alone or in company, and conditions are heard."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.training.synthesis.conftest import DCGAN, TINY, UPSCALER
from training.synthesis.canvases import Canvas
from training.synthesis.config import GeneratorConfig
from training.synthesis.denoising import NO_CLASS, guided, loss, signed_masks, step_weight
from training.synthesis.generator import Asking, Generator, class_positions, noise_of
from training.synthesis.learners import build

HOW = Asking(steps=3, guidance=1.5)
MASKS = torch.zeros(3, 1, 12, 16, dtype=torch.uint8)
MASKS[:, :, 3:9, 4:12] = 1
TARGET = class_positions(["mel", "df", "vasc"])


@pytest.mark.parametrize("solver", ["ddim", "dpm-solver"])
def test_the_same_seed_draws_the_same_picture_alone_and_in_a_batch(diffusion: Generator, solver: str) -> None:
    how = Asking(steps=3, guidance=1.5, solver=solver)
    together = diffusion.draw(TARGET, MASKS, [4, 5, 6], how)
    alone = diffusion.draw(TARGET[1:2], MASKS[1:2], [5], how)
    assert together.dtype == torch.uint8
    assert together.shape == (3, 3, 12, 16)
    # Sums of a batch may be ordered otherwise: at most one step of brightness.
    assert (together[1].int() - alone[0].int()).abs().max() <= 1
    assert torch.equal(together, diffusion.draw(TARGET, MASKS, [4, 5, 6], how))
    assert not torch.equal(together[0], diffusion.draw(TARGET, MASKS, [7, 5, 6], how)[0])


def test_an_upscaler_begins_with_a_small_picture_and_no_other_does(learned: Any, diffusion: Generator) -> None:
    upscaler = learned(UPSCALER)
    small = diffusion.draw(TARGET, MASKS, [1, 2, 3], HOW)
    large = torch.nn.functional.interpolate(MASKS, scale_factor=2)
    assert upscaler.draw(TARGET, large, [1, 2, 3], HOW, small).shape == (3, 3, 24, 32)
    for generator, wrong in ((upscaler, None), (diffusion, small)):
        with pytest.raises(ValueError, match="begins with small pictures"):
            generator.draw(TARGET, MASKS, [1, 2, 3], HOW, wrong)


def test_a_dcgan_draws_by_class(learned: Any) -> None:
    gan = learned(DCGAN)
    drawn = gan.draw(TARGET, MASKS, [1, 1, 1], HOW)
    assert drawn.shape == (3, 3, 24, 32)
    assert not torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn, gan.draw(TARGET, MASKS, [1, 1, 1], HOW))


def test_patches_are_folded_and_put_back_where_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    network = build(UPSCALER)
    seen = []

    def unchanged(folded: torch.Tensor, time: torch.Tensor, class_labels: torch.Tensor) -> SimpleNamespace:
        seen.append(folded.shape)
        return SimpleNamespace(sample=folded[:, : 3 * UPSCALER.patch**2])

    monkeypatch.setattr(network.unet, "forward", unchanged)
    noisy = torch.arange(3 * 24 * 32.0).view(1, 3, 24, 32)
    found = network(noisy, torch.zeros(1), TARGET[:1], torch.zeros(1, 4, 24, 32))
    assert torch.equal(found, noisy)
    assert seen == [(1, 7 * 4, 12, 16)], "a quarter of the pixels, four times the channels"


@pytest.mark.parametrize(
    ("config", "training", "last"),
    [(TINY, False, False), (TINY, True, True), (UPSCALER, False, True), (UPSCALER, True, True)],
)
def test_what_draws_without_patches_is_asked_as_older_generators_were(
    *, config: GeneratorConfig, training: bool, last: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = build(config).train(training)
    asked: list[bool] = []

    def forward(folded: torch.Tensor, *args: Any, **kwargs: Any) -> SimpleNamespace:
        asked.append(folded.is_contiguous(memory_format=torch.channels_last))
        return SimpleNamespace(sample=folded[:, : 3 * config.patch**2])

    monkeypatch.setattr(network.unet, "forward", forward)
    channels = 4 if config.kind == "upscaler" else 1
    time = target = torch.zeros(2, dtype=torch.long)
    network(torch.zeros(2, 3, *config.size), time, target, torch.zeros(2, channels, *config.size))
    assert asked == [last]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"patch": 0}, "1 or more"), ({"patch": 5}, "patches of 5"), ({"kind": "dcgan", "patch": 2}, "leave patch at 1")],
)
def test_a_patch_that_does_not_fit_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(TINY, **wrong)


class Plain:
    """Stands for a denoiser that says its class and its mask."""

    def __call__(
        self, noisy: torch.Tensor, time: torch.Tensor, target: torch.Tensor, conditions: torch.Tensor
    ) -> torch.Tensor:
        said = target.float().view(-1, 1, 1, 1) + 10 * conditions[:, :1]
        return said.expand_as(noisy)


def test_guidance_moves_away_from_the_answer_without_class_and_mask() -> None:
    noisy, conditions = torch.zeros(2, 3, 2, 2), torch.ones(2, 1, 2, 2)
    target = torch.tensor([1, 2])
    with_, without = torch.tensor([11.0, 12.0]), float(NO_CLASS)
    for scale in (1.0, 3.0):
        found = guided(Plain(), noisy, 5, target, conditions, scale=scale)  # type: ignore[arg-type]
        assert torch.allclose(found[:, 0, 0, 0], without + scale * (with_ - without))


def test_an_unknown_mask_says_neither_lesion_nor_skin() -> None:
    signed = signed_masks(MASKS, torch.tensor([True, True, False]))
    assert set(signed[0].unique().tolist()) == {-1.0, 1.0}
    assert not signed[2].any()


def test_steps_are_weighed_as_in_the_paper() -> None:
    alpha = torch.tensor([0.5, 0.99])
    assert torch.allclose(step_weight(alpha), torch.tensor([0.5, 5 / 100]), atol=1e-4)


def test_noise_comes_from_the_seed_alone() -> None:
    assert torch.equal(noise_of([3, 4], (2, 2))[1], noise_of([4], (2, 2))[0])


@pytest.mark.parametrize("wrong", [{"solver": "euler"}, {"steps": 1}, {"guidance": 0.5}])
def test_a_wrong_way_to_ask_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no solver|2 steps"):
        Asking(**wrong)


def test_a_class_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no class 'scc'"):
        class_positions(["mel", "scc"])


def _ovals(n: int, seed: int) -> torch.Tensor:
    """Masks (n,1,12,16) with an oval somewhere."""
    dice = torch.Generator().manual_seed(seed)
    middle = torch.rand(n, 2, 1, 1, generator=dice) * torch.tensor([4.0, 6.0]).view(2, 1, 1) + 4
    y, x = torch.meshgrid(torch.arange(12.0), torch.arange(16.0), indexing="ij")
    inside = ((y - middle[:, :1]) / 3) ** 2 + ((x - middle[:, 1:]) / 4) ** 2 < 1
    return inside.to(torch.uint8)


def test_class_and_mask_are_heard() -> None:
    """Lesions of one class are dark and of the other light, on grey skin: what is drawn under new masks says so."""
    config = replace(TINY, attention=False, widths=(16, 16, 16))
    torch.manual_seed(0)
    network = build(config)
    optimiser = torch.optim.AdamW(network.parameters(), lr=4e-3)
    for step in range(150):
        masks, target = _ovals(16, step), torch.arange(16) % 2
        colours = torch.tensor([20, 235])[target].view(-1, 1, 1, 1)
        images = torch.where(masks == 1, colours, 128).expand(-1, 3, -1, -1).to(torch.uint8)
        optimiser.zero_grad()
        batch = Canvas(images, masks, torch.ones(16).bool(), target)
        loss(network, batch, config, torch.Generator().manual_seed(step)).backward()  # type: ignore[arg-type, no-untyped-call]
        optimiser.step()
    made = Generator(None, network.eval(), config, None, "", 0, 0.0)  # type: ignore[arg-type]
    masks, target = _ovals(8, 10_000), torch.arange(8) % 2
    for how in (Asking(12, 1.5, "ddim"), Asking(12, 1.5, "dpm-solver")):
        drawn = made.draw(target, masks, list(range(8)), how).float().mean(1, keepdim=True)
        inside = (drawn * masks).sum((1, 2, 3)) / masks.sum((1, 2, 3))
        outside = (drawn * (1 - masks)).sum((1, 2, 3)) / (1 - masks).sum((1, 2, 3))
        assert (inside[target == 0] < 90).all(), (how, inside)
        assert (inside[target == 1] > 165).all(), (how, inside)
        assert (outside - 128).abs().max() < 30, (how, outside)
