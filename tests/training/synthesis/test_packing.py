"""A packed generator is half as large and draws nearly the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from training.__main__ import main
from training.data.records import DataError
from training.synthesis.generator import Asking, Generator, class_positions, load_generator
from training.synthesis.packing import pack

MASKS = torch.zeros(2, 1, 12, 16, dtype=torch.uint8)


def test_what_is_packed_is_small_and_draws_on(diffusion: Generator, tmp_path: Path) -> None:
    out = tmp_path / "packed"
    main(["generate", "pack", "--generator", str(diffusion.path), "--out", str(out)])
    packed = load_generator(out)
    assert (out / "final.ckpt").stat().st_size < 0.6 * (diffusion.path / "final.ckpt").stat().st_size
    assert (packed.config, packed.split.digest(), packed.steps) == (
        diffusion.config,
        diffusion.split.digest(),
        diffusion.steps,
    )
    assert packed.sha256 != diffusion.sha256
    asked = (class_positions(["mel", "df"]), MASKS, [1, 2], Asking(steps=3, guidance=1.5))
    ours, theirs = packed.draw(*asked).float(), diffusion.draw(*asked).float()
    assert (ours - theirs).abs().mean() < 1


def test_an_unfinished_or_a_second_one_is_refused(diffusion: Generator, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no finished generator"):
        pack(tmp_path, tmp_path / "packed")
    pack(diffusion.path, tmp_path / "packed")
    with pytest.raises(DataError, match="not empty"):
        pack(diffusion.path, tmp_path / "packed")
