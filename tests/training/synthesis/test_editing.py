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
from training.data.schemes import split_by
from training.data.splits import Split
from training.data.synthetic import check_may_join, load_manifest
from training.synthesis.editing import Edit, inpaint, membrane, pasted, room, transplant
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
    around = [room(room(m)).astype(bool) & (room(m) == 0) for m in (mask, donor_mask)]
    light = host[around[0]].mean(0) / donor[around[1]].mean(0)
    wanted = (donor[donor_mask == 1].mean(0) * light).clip(0, 255)
    assert np.abs(edit.image[edit.lesion == 1].mean(0) - wanted).max() < 20
    assert np.abs(edit.image[edit.lesion == 1].mean(0) - host[mask == 1].mean(0)).max() > 20
    for axis in (0, 1):  # the middle of the one lies on that of the other
        middles = [np.nonzero(shape)[axis] for shape in (edit.lesion, mask)]
        assert abs((middles[0].min() + middles[0].max()) - (middles[1].min() + middles[1].max())) <= 4


def test_an_inpainted_lesion_leaves_every_pixel_outside_as_it_was(diffusion: Generator, pictures: Pictures) -> None:
    image, mask = _of(pictures, 20)
    edit = inpaint(diffusion, image, mask, 3, seed=7, how=HOW, rounds=2)
    _check(edit, image)
    again = inpaint(diffusion, image, mask, 3, seed=7, how=HOW, rounds=2)
    assert np.array_equal(edit.image, again.image)
    assert not np.array_equal(edit.image, inpaint(diffusion, image, mask, 3, seed=8, how=HOW, rounds=2).image)


def test_what_is_pasted_keeps_its_texture_and_has_no_seam() -> None:
    rng = np.random.default_rng(0)
    image = np.full((60, 100, 3), 60, np.uint8)
    texture = rng.integers(-20, 20, (60, 100, 3))
    edited = np.zeros((60, 100), np.uint8)
    edited[10:50, 20:80] = 1
    made = pasted(image, (160 + texture).astype(np.uint8), edited)
    inner = (slice(15, 45), slice(25, 75))
    assert np.abs(made[inner].astype(int) - (60 + texture[inner])).mean() < 5  # 100 darker, as its surroundings are
    assert not (made[edited == 0] != 60).any()
    with pytest.raises(ValueError, match="fills its picture"):
        pasted(image, image, np.ones((60, 100), np.uint8))


def test_a_membrane_is_flat_between_flat_edges_and_straight_between_two() -> None:
    values = np.repeat(np.arange(9.0)[None, :, None], 5, axis=0)
    place = np.zeros((5, 9), np.uint8)
    place[:, 2:7] = 1  # open above and below: the picture's own edge holds nothing
    torn = np.where(place[..., None] == 1, 99.0, values)
    assert np.allclose(membrane(torn, place), values)


def test_what_cannot_be_edited_is_refused(learned: Any, diffusion: Generator, pictures: Pictures) -> None:
    image, mask = _of(pictures, 0)
    with pytest.raises(ValueError, match="mask is empty"):
        inpaint(diffusion, image, mask * 0, 0, seed=0, how=HOW)
    with pytest.raises(ValueError, match="mask is empty"):
        transplant(image, mask * 0, image, mask)
    with pytest.raises(ValueError, match="fills its picture"):
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
    split_by("image-level", records, [], [], seed=0, fold=0).save(tmp_path / "leaky.json")
    with pytest.raises(SystemExit, match="carry the leak on"):
        generator = ["--generator", str(generator_folder)] if how == "inpaint" else []
        main([*words, *generator, "--split", str(tmp_path / "leaky.json")])
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
        with Image.open(tmp_path / "made" / str(image.mask)) as opened:
            lesion = np.array(opened) // 255
        outside = room(np.array(pictures.masks[host]) | lesion) == 0
        assert outside.any()
        assert np.array_equal(made[outside], pictures.stored[host][outside])
