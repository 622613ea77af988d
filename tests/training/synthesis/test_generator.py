"""Drawing: the same seed gives the same picture, alone or in company, and conditions are heard."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.training.synthesis.conftest import DCGAN, TINY, UPSCALER
from training.synthesis.denoising import NO_CLASS, guided, signed_masks, step_weight
from training.synthesis.generator import Asking, Generator, class_positions, noise_of

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


def test_a_network_learns_a_picture_by_heart() -> None:
    """Forty steps on one flat grey picture: what is drawn then is grey, which noise is not."""
    from dataclasses import replace

    from training.synthesis.canvases import Canvas
    from training.synthesis.denoising import loss
    from training.synthesis.learners import build

    config = replace(TINY, attention=False)
    torch.manual_seed(0)
    network = build(config)
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-3)
    grey = Canvas(
        torch.full((16, 3, 12, 16), 178, dtype=torch.uint8),
        torch.zeros(16, 1, 12, 16),
        torch.ones(16).bool(),
        torch.zeros(16).long(),
    )
    for step in range(60):
        optimiser.zero_grad()
        found = loss(network, grey, config, torch.Generator().manual_seed(step))  # type: ignore[arg-type]
        found.backward()
        optimiser.step()
    made = Generator(None, network.eval(), config, None, "", 0, 0.0)  # type: ignore[arg-type]
    drawn = made.draw(torch.zeros(4).long(), torch.zeros(4, 1, 12, 16), [0, 1, 2, 3], Asking(steps=10, guidance=1))
    assert abs(float(drawn.float().mean()) - 178) < 20
