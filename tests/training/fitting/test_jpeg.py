import io

import numpy as np
import pytest
import torch
from PIL import Image

from training.fitting.jpeg import jpeg


def _picture(height: int, width: int) -> torch.Tensor:
    """Smooth colour with edges and some grain, 0–1 (1,3,H,W), on the 8-bit grid."""
    rows, columns = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij")
    waves = torch.stack([rows, columns, (6 * rows).sin() / 2 + 0.5])
    disc = ((rows - 0.5) ** 2 + (columns - 0.5) ** 2 < 0.06).float()
    grain = torch.rand(3, height, width, generator=torch.Generator().manual_seed(1)) * 0.1
    return ((waves * (1 - 0.7 * disc) + grain).clamp(0, 1) * 255).round()[None] / 255


def _by_pillow(x: torch.Tensor, quality: int) -> torch.Tensor:
    coded = io.BytesIO()
    Image.fromarray((x[0] * 255).to(torch.uint8).permute(1, 2, 0).numpy()).save(coded, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(coded))).permute(2, 0, 1)[None] / 255


@pytest.mark.parametrize("quality", [35, 60, 90])
@pytest.mark.parametrize("size", [(96, 128), (100, 125)])
def test_it_loses_what_a_jpeg_file_loses(quality: int, size: tuple[int, int]) -> None:
    x = _picture(*size)
    ours, file = jpeg(x, torch.tensor([quality])), _by_pillow(x, quality)
    assert (ours - file).abs().mean() < 0.25 * (x - file).abs().mean()


def test_each_picture_has_its_own_quality() -> None:
    x = _picture(64, 64).repeat(2, 1, 1, 1)
    both = jpeg(x, torch.tensor([35, 90]))
    assert torch.allclose(both[:1], jpeg(x[:1], torch.tensor([35])), atol=1e-6)
    assert (both[0] - x[0]).abs().mean() > 1.2 * (both[1] - x[1]).abs().mean()
