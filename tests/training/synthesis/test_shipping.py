"""What goes along with the program: the best of each class, small, with where it came from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.generated_pictures import write_generated
from training.__main__ import main
from training.data.records import DataError
from training.data.synthetic import Manifest, load_manifest
from training.synthesis.shipping import best, ship


@pytest.fixture
def scored(tmp_path: Path) -> Manifest:
    """Six pictures; of df the second is a copy, the third is seen as something else."""
    manifest = write_generated(tmp_path / "made", ["df", "df", "df", "mel", "mel", "df"], accepted=None)
    scores = [(5.0, 0, 1), (1.0, 1, 1), (1.0, 0, 0), (4.0, 0, 1), (3.0, 0, 1), (2.0, 0, 1)]
    rows = [
        replace(image, scores={"niqe": niqe, "copy": float(copy), "agrees": float(agrees)})
        for image, (niqe, copy, agrees) in zip(manifest.images, scores, strict=True)
    ]
    manifest = replace(manifest, images=tuple(rows))
    manifest.save()
    return manifest


def names(chosen: list) -> list[str]:
    return [image.image_id for image in chosen]


def test_the_best_of_each_class_are_no_copies_and_seen_as_their_class(scored: Manifest) -> None:
    assert names(best(scored, each=1)) == ["SYN_0005", "SYN_0004"]
    assert names(best(scored, each=2)) == ["SYN_0005", "SYN_0000", "SYN_0004", "SYN_0003"]


def test_what_the_eye_rejects_stays_out(scored: Manifest) -> None:
    assert names(best(scored, each=1, without=["SYN_0005"])) == ["SYN_0000", "SYN_0004"]
    with pytest.raises(DataError, match="SYN_9999 is not in the manifest"):
        best(scored, each=1, without=["SYN_9999"])


def test_what_reviewers_rejected_stays_out(scored: Manifest) -> None:
    rows = [replace(image, accepted=image.image_id != "SYN_0005") for image in scored.images]
    assert names(best(replace(scored, images=tuple(rows)), each=1)) == ["SYN_0000", "SYN_0004"]


def test_too_few_are_said_by_class(scored: Manifest) -> None:
    with pytest.raises(DataError, match="Of df 2 are left, and 3 are asked for"):
        best(scored, each=3)


def test_the_files_are_small_and_say_where_they_come_from(scored: Manifest, tmp_path: Path) -> None:
    out = tmp_path / "shipped"
    main(["generate", "ship", "--manifest", str(scored.folder), "--each", "1", "--at-most", "90000", "--out", str(out)])
    shipped = load_manifest(out)
    assert shipped.counts() == {"df": 1, "mel": 1}
    for image in shipped.images:
        with Image.open(out / image.image) as picture:
            assert (picture.format, picture.size) == ("JPEG", (512, 384))
        assert 0 < (out / image.image).stat().st_size <= 90_000
        assert (image.image_manipulation, image.mask, image.settings["enlarged_to"]) == ("synthetic", None, "512x384")
    assert {path.suffix for path in out.iterdir()} == {".jpg", ".json"}


def test_nobody_has_accepted_the_file_that_is_made(scored: Manifest, tmp_path: Path) -> None:
    seen = replace(scored, images=tuple(replace(image, accepted=True) for image in scored.images))
    shipped = ship(seen, best(seen, each=1), tmp_path / "shipped", at_most=200_000)
    assert [image.accepted for image in shipped.images] == [None, None]


def drawn(scored: Manifest, pixels: np.ndarray) -> Manifest:
    """One picture of these pixels."""
    image = scored.images[0]
    Image.fromarray(pixels).save(scored.folder / image.image)
    return replace(scored, images=(image,))


def shipped_pixels(made: Manifest, out: Path, **options: int) -> np.ndarray:
    [row] = ship(made, list(made.images), out, at_most=200_000, **options).images
    return np.asarray(Image.open(out / row.image)).astype(int)


def test_what_does_not_fit_is_refused_before_anything_is_written(scored: Manifest, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (384, 512, 3), dtype=np.uint8)
    scored = replace(scored, images=(scored.images[1], *drawn(scored, noise).images))
    with pytest.raises(DataError, match="SYN_0000 does not fit into 60,000 bytes"):
        ship(scored, list(scored.images), tmp_path / "shipped", at_most=60_000)
    assert not (tmp_path / "shipped").exists()


@pytest.mark.parametrize("shape", [(300, 300), (300, 800)])
def test_another_shape_is_cut_and_not_squashed(scored: Manifest, tmp_path: Path, shape: tuple[int, int]) -> None:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    disc = (rows - shape[0] / 2) ** 2 + (columns - shape[1] / 2) ** 2 < 100**2
    pixels = shipped_pixels(drawn(scored, np.repeat(disc[..., None] * np.uint8(255), 3, 2)), tmp_path / "shipped")
    inside = pixels[..., 0] > 127
    assert inside.any(0).sum() == pytest.approx(inside.any(1).sum(), abs=3)


def test_edges_are_cut_before_the_picture_is_enlarged(scored: Manifest, tmp_path: Path) -> None:
    framed = np.full((150, 200, 3), 255, np.uint8)
    framed[15:-15, 20:-20] = 40  # a frame of 10 per cent
    made = drawn(scored, framed)
    assert shipped_pixels(made, tmp_path / "whole").max() > 200
    assert shipped_pixels(made, tmp_path / "cut", trim=10).max() < 60


def test_the_cut_is_recorded_and_bounded(scored: Manifest, tmp_path: Path) -> None:
    command = ["generate", "ship", "--manifest", str(scored.folder), "--out", str(tmp_path / "shipped")]
    for trim in ("50", "-1"):
        with pytest.raises(SystemExit, match=f"--trim {trim} is not between 0 and 49"):
            main([*command, "--each", "1", "--trim", trim])
    main([*command, "--each", "1", "--at-most", "90000", "--trim", "4"])
    assert {image.settings["trimmed_percent"] for image in load_manifest(tmp_path / "shipped").images} == {4}


def test_nothing_is_written_over(scored: Manifest, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("kept")
    with pytest.raises(DataError, match="not empty"):
        ship(scored, best(scored, each=1), tmp_path / "full", at_most=200_000)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
