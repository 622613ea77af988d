"""From a generator to a folder whose rows say where each picture comes from, and to its scores."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.training.synthesis.conftest import DCGAN, TINY, UPSCALER, Side
from training.__main__ import main
from training.data.pictures import VIEWED, Pictures
from training.data.records import DataError, Record
from training.data.sides import rows_of
from training.data.splits import LeakError, Split, split_by_lesion
from training.data.synthetic import check_may_join, load_manifest
from training.synthesis.canvases import fitted_mask
from training.synthesis.drawing import check_pair, draw, orders
from training.synthesis.gallery import Gallery, at_least, named
from training.synthesis.generator import Asking, Generator

HOW = Asking(steps=2, guidance=1)


def _order(records: list[Record], pictures: Pictures, generator: Generator, **more: Any) -> list[Any]:
    return orders(records, pictures, generator, **{"codes": ["df", "vasc"], "each": 3, "seed": 1, **more})


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.array(opened)


def test_each_picture_has_a_row_that_could_draw_it_again(
    records: list[Record], pictures: Pictures, diffusion: Generator, own_split: Split, tmp_path: Path
) -> None:
    gallery = Gallery(tmp_path)
    assert draw(gallery, _order(records, pictures, diffusion), pictures, diffusion, HOW, batch=2) == 6
    manifest = load_manifest(tmp_path)
    check_may_join(manifest, own_split)
    assert manifest.counts() == {"df": 3, "vasc": 3}
    by_id = {record.image_id: record for record in records}
    for image in manifest.images:
        assert image.weights_sha256 == diffusion.sha256
        assert image.split_sha256 == own_split.digest()
        assert by_id[image.parents[0]].diagnosis == image.diagnosis
        assert image.parents[0] in own_split.train
        assert "NC" in image.licence
        assert _pixels(tmp_path / image.image).shape == (*VIEWED, 3)  # small ones are enlarged: a clinic refuses them
    row = records.index(by_id[manifest.images[0].parents[0]])
    outline = _pixels(tmp_path / str(manifest.images[0].mask)) // 255
    assert np.array_equal(outline, at_least(fitted_mask(pictures.masks[row], TINY.size), VIEWED))


def test_a_folder_goes_on_where_it_was(
    records: list[Record], pictures: Pictures, diffusion: Generator, tmp_path: Path
) -> None:
    draw(Gallery(tmp_path / "two"), _order(records, pictures, diffusion, each=1), pictures, diffusion, HOW)
    assert draw(Gallery(tmp_path / "two"), _order(records, pictures, diffusion), pictures, diffusion, HOW) == 4
    draw(Gallery(tmp_path / "one"), _order(records, pictures, diffusion), pictures, diffusion, HOW)
    for image in load_manifest(tmp_path / "one").images:
        pair = (_pixels(tmp_path / folder / image.image).astype(int) for folder in ("one", "two"))
        assert np.abs(np.subtract(*pair)).max() <= 2


def test_a_folder_takes_no_pictures_of_other_settings(
    records: list[Record], pictures: Pictures, diffusion: Generator, tmp_path: Path
) -> None:
    asked = _order(records, pictures, diffusion, each=1)
    draw(Gallery(tmp_path), asked, pictures, diffusion, HOW)
    assert load_manifest(tmp_path).images[0].settings == {"steps": 2, "guidance": 1, "solver": "dpm-solver"}
    with pytest.raises(DataError, match="made with other settings"):
        draw(Gallery(tmp_path), asked, pictures, diffusion, replace(HOW, steps=3))


def test_orders_of_a_class_do_not_depend_on_the_others(
    records: list[Record], pictures: Pictures, diffusion: Generator
) -> None:
    both, alone = _order(records, pictures, diffusion), _order(records, pictures, diffusion, codes=["vasc"])
    assert both[3:] == alone
    assert _order(records, pictures, diffusion, seed=2) != both


def test_a_class_without_an_outline_is_named(records: list[Record], pictures: Pictures, diffusion: Generator) -> None:
    bare = replace(pictures, has_mask=np.zeros(len(records), bool))
    with pytest.raises(DataError, match="no outlined lesion of df"):
        _order(records, bare, diffusion)


def test_an_upscaler_follows_its_generator(
    learned: Any, diffusion: Generator, records: list[Record], pictures: Pictures, tmp_path: Path
) -> None:
    upscaler = learned(UPSCALER)
    asked = _order(records, pictures, diffusion, each=1)
    draw(Gallery(tmp_path), asked, pictures, diffusion, HOW, upscaler=upscaler)
    assert load_manifest(tmp_path).images[0].weights_sha256 == f"{diffusion.sha256}+{upscaler.sha256}"
    with pytest.raises(DataError, match="holds an upscaler"):
        check_pair(upscaler, None)
    with pytest.raises(DataError, match="no upscaler that begins"):
        check_pair(learned(DCGAN), upscaler)
    with pytest.raises(LeakError, match="different splits"):
        check_pair(diffusion, replace(upscaler, split=split_by_lesion(records, [], fold=1)))


def test_a_dcgan_s_pictures_have_no_outline_and_no_parent(
    learned: Any, records: list[Record], pictures: Pictures, tmp_path: Path
) -> None:
    gan = learned(DCGAN)
    draw(Gallery(tmp_path), _order(records, pictures, gan, each=1), pictures, gan, HOW)
    assert all(image.mask is None and not image.parents for image in load_manifest(tmp_path).images)


def _edited_of_one_photograph_of_two(gallery: Gallery, side: Side) -> tuple[str, str]:
    """The same photograph twice, called an edit and called drawn; its lesion has a second one, which is the parent."""
    records, pictures, split = side
    train = rows_of(split, records, "train")
    first, second = next((a, b) for a, b in pairwise(train) if records[a].lesion_id == records[b].lesion_id)
    for name, how in (("SYN_edit", "transplant"), ("SYN_twin", "diffusion")):
        row = {"diagnosis": records[first].diagnosis, "generator": how, "weights_sha256": "", "seed": 0}
        gallery.add(name, np.array(pictures.stored[first]), None, **row, parents=(records[second].image_id,))
    return "SYN_edit", "SYN_twin"


def test_from_the_command_line_to_scores(
    drawn: Path, generator_folder: Path, judging_bundle: Path, training_side: Side, tmp_path: Path
) -> None:
    records, pictures, own_split = training_side
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    made = tmp_path / "made"
    words = ["generate", "sample", *data, "--generator", str(generator_folder), "--out", str(made)]
    printed = main([*words, "--classes", "df", "mel", "--each", "3", "--steps", "2", "--guidance", "1"])
    assert printed.startswith("3 df, 3 mel in ")

    # A photograph of the training side that is passed off as drawn.
    row = rows_of(own_split, records, "train")[0]
    Gallery(made).manifest.save()
    gallery = Gallery(made)
    gallery.add(
        "SYN_copy", np.array(pictures.stored[row])[:, ::-1], None, diagnosis=records[row].diagnosis, generator="x",
        weights_sha256="", seed=0,
    )  # fmt: skip
    gallery.save()
    split = tmp_path / "split.json"
    own_split.save(split)
    edited, twin = _edited_of_one_photograph_of_two(gallery, training_side)
    gallery.save()
    scoring = ["generate", "score", *data, "--manifest", str(made), "--bundle", str(judging_bundle)]
    main([*scoring, "--split", str(split), "--at-most", "20", "--photographs", "--out", str(tmp_path / "report")])
    scores = {image.image_id: image.scores for image in load_manifest(made).images}
    assert scores["SYN_copy"]["copy"] == 1
    assert scores["SYN_copy"]["passes"] == 0
    # An edit is compared with all lesions but its own, whichever of their photographs it was made of.
    assert scores[edited]["copy"] == 0
    assert scores[twin]["copy"] == 1
    drawn_ones = [found for name, found in scores.items() if name not in ("SYN_copy", edited, twin)]
    assert all(found["pixel"] > scores["SYN_copy"]["pixel"] for found in drawn_ones)
    assert all(0 <= found["support"] <= 1 and found["niqe"] > 0 for found in drawn_ones)
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert {row["class"] for row in report["distances"]} >= {"df", "mel"}
    assert (tmp_path / "report" / "sheet.png").is_file()

    other = split_by_lesion(records, [], fold=1)
    other.save(split)
    with pytest.raises(SystemExit, match="trained on another split"):
        main([*scoring, "--split", str(split), "--out", str(tmp_path / "report")])


def test_two_upscalers_of_one_generator_give_two_names() -> None:
    first, second = (f"{'a' * 64}+{letter * 64}" for letter in "bc")
    assert len({named(weights, "df", 1) for weights in ("a" * 64, first, second)}) == 3


@pytest.mark.parametrize("other", [{"weights_sha256": "c" * 64}, {"split_sha256": "d" * 64}])
def test_a_name_of_another_maker_is_not_taken_for_ones_own(tmp_path: Path, other: dict[str, str]) -> None:
    gallery, own = Gallery(tmp_path), {"weights_sha256": "a" * 64, "split_sha256": "b" * 64}
    gallery.add("SYN_x", np.zeros((8, 8, 3), np.uint8), None, diagnosis="df", generator="x", seed=0, **own)
    gallery.check("SYN_x", {}, **own)
    with pytest.raises(DataError, match="another generator or of another split"):
        gallery.check("SYN_x", {}, **own | other)
