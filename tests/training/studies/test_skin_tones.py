"""Pictures shifted to other skins, and what the gate makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from inference.preprocessing import Geometry, Prepared
from inference.quality import assess
from tests.inference.pictures import lesion
from training.studies.probes import FAMILIES, probes
from training.studies.skin_tones import TONES, Tone, angle, shifted


@pytest.mark.parametrize("tone", TONES, ids=lambda tone: tone.name)
def test_the_skin_falls_into_its_bin_and_the_gate_holds_it_against_no_one(tone: Tone) -> None:
    picture = shifted(lesion(192, 144), tone)
    assert tone.low < angle(picture) <= tone.high
    geometry = Geometry(192, 144, False, (0, 0, 192, 144))

    def reasons(image: Image.Image) -> tuple[str, ...]:
        tensor = np.zeros((1, 3, 144, 192), np.float32)
        return assess(Prepared(np.asarray(image, np.uint8), tensor, geometry)).reasons

    assert reasons(picture) == ()
    assert "blur" in reasons(picture.filter(ImageFilter.GaussianBlur(4)))


def test_probes_are_the_same_for_a_seed_and_of_every_family() -> None:
    first, again, other = (list(probes(2, seed=seed)) for seed in (3, 3, 4))
    assert [probe.family for probe in first] == [family for family in FAMILIES for _ in range(2)]
    assert all(a.picture.tobytes() == b.picture.tobytes() for a, b in zip(first, again, strict=True))
    assert all(a.picture.tobytes() != b.picture.tobytes() for a, b in zip(first, other, strict=True))
