"""An edit changes what is inside its mask, and not one bit outside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.training.synthesis.conftest import DCGAN, Side
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.splits import Split
from training.data.synthetic import check_may_join, load_manifest
from training.synthesis.editing import Edit, inpaint, pasted, room, transplant
from training.synthesis.generator import Asking, Generator

HOW = Asking(steps=4, guidance=1.5)


def _of(pictures: Pictures, row: int) -> tuple[np.ndarray, np.ndarray]:
    return np.array(pictures.stored[row]), np.array(pictures.masks[row])


def _check(edit: Edit, host: np.ndarray) -> None:
    outside = edit.edited == 0
    assert outside.any()
    assert np.array_equal(edit.image[outside], host[outside])
    inside = edit.image[edit.edited == 1].astype(int) - host[edit.edited == 1]
    assert (np.abs(inside).max(1) > 0).mean() > 0.5


@pytest.mark.parametrize(("host", "donor"), [(0, 50), (90, 3), (40, 40)])
def test_a_transplant_leaves_every_pixel_outside_as_it_was(pictures: Pictures, host: int, donor: int) -> None:
    image, mask = _of(pictures, host)
    edit = transplant(image, mask, *_of(pictures, donor))
    outside = edit.edited == 0
    assert np.array_equal(edit.image[outside], image[outside])
    assert not edit.lesion[outside].any()
    assert edit.lesion.any()


def test_a_transplanted_lesion_has_the_donor_s_colour_and_the_host_s_place(pictures: Pictures) -> None:
    (host, mask), (donor, donor_mask) = _of(pictures, 0), _of(pictures, 60)
    edit = transplant(host, mask, donor, donor_mask)
    _check(edit, host)
    skins = host[room(mask) == 0].mean(0) - donor[room(donor_mask) == 0].mean(0)
    wanted = (donor[donor_mask == 1].mean(0) + skins).clip(0, 255)
    deep = edit.lesion.astype(bool) & mask.astype(bool)
    assert np.abs(edit.image[deep].mean(0) - wanted).max() < 25
    assert (edit.lesion & mask).sum() / mask.sum() > 0.6


def test_an_inpainted_lesion_leaves_every_pixel_outside_as_it_was(diffusion: Generator, pictures: Pictures) -> None:
    image, mask = _of(pictures, 20)
    edit = inpaint(diffusion, image, mask, 3, seed=7, how=HOW, rounds=2)
    _check(edit, image)
    again = inpaint(diffusion, image, mask, 3, seed=7, how=HOW, rounds=2)
    assert np.array_equal(edit.image, again.image)
    assert not np.array_equal(edit.image, inpaint(diffusion, image, mask, 3, seed=8, how=HOW, rounds=2).image)


def test_what_is_pasted_fades_in_and_is_whole_inside() -> None:
    image, inside = np.zeros((60, 100, 3), np.uint8), np.full((60, 100, 3), 200, np.uint8)
    edited = np.zeros((60, 100), np.uint8)
    edited[10:50, 20:80] = 1
    made = pasted(image, inside, edited)
    assert made[30, 50, 0] == 200
    assert 0 < made[10, 50, 0] < 200
    assert not made[edited == 0].any()


def test_what_cannot_be_edited_is_refused(learned: Any, diffusion: Generator, pictures: Pictures) -> None:
    image, mask = _of(pictures, 0)
    with pytest.raises(ValueError, match="mask is empty"):
        inpaint(diffusion, image, mask * 0, 0, seed=0, how=HOW)
    with pytest.raises(ValueError, match="mask is empty"):
        transplant(image, mask * 0, image, mask)
    with pytest.raises(ValueError, match="no skin"):
        transplant(image, mask, image, np.ones_like(mask))
    with pytest.raises(ValueError, match="Only a diffusion generator"):
        inpaint(learned(DCGAN), image, mask, 0, seed=0, how=HOW)


@pytest.mark.parametrize("how", ["transplant", "inpaint"])
def test_the_command_edits_the_training_side_alone(
    how: str, drawn: Path, training_side: Side, generator_folder: Path, tmp_path: Path
) -> None:
    records, pictures, own_split = training_side
    own_split.save(tmp_path / "split.json")
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    words = ["generate", "edit", *data, "--how", how, "--split", str(tmp_path / "split.json"), "--each", "2"]
    words += ["--classes", "df", "vasc", "--steps", "2", "--out", str(tmp_path / "made")]
    with pytest.raises(SystemExit, match="inpaint needs --generator"):
        main([*words, *(["--generator", str(generator_folder)] if how == "transplant" else [])])
    main([*words, *(["--generator", str(generator_folder)] if how == "inpaint" else [])])
    manifest = load_manifest(tmp_path / "made")
    check_may_join(manifest, Split.load(tmp_path / "split.json"))
    assert manifest.counts() == {"df": 2, "vasc": 2}
    by_id = {record.image_id: i for i, record in enumerate(records)}
    for image in manifest.images:
        assert image.generator == how
        host = by_id[image.parents[0]]
        with Image.open(tmp_path / "made" / image.image) as opened:
            made = np.array(opened)
        outside = room(np.array(pictures.masks[host])) == 0
        assert np.array_equal(made[outside], pictures.stored[host][outside])
