import numpy as np
import torch
from PIL import Image

from training.data.resizing import resized


def test_it_is_the_antialiased_bilinear_of_pillow() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, size=(3, 144, 192, 3), dtype=np.uint8)
    ours = resized(torch.from_numpy(pixels).permute(0, 3, 1, 2), (100, 125)).permute(0, 2, 3, 1).numpy()
    pillows = [np.asarray(Image.fromarray(p).resize((125, 100), Image.Resampling.BILINEAR)) for p in pixels]
    assert ours.dtype == np.uint8
    assert np.abs(ours.astype(int) - np.stack(pillows).astype(int)).max() <= 1


def test_the_own_size_and_no_size_change_nothing() -> None:
    pixels = torch.randint(0, 256, (2, 3, 144, 192), dtype=torch.uint8)
    assert resized(pixels, (144, 192)) is pixels
    assert resized(pixels, None) is pixels
