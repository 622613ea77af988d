"""What goes along with the program: the best of each class, small, with where it came from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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


def test_noise_that_does_not_fit_is_refused(scored: Manifest, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not fit into 5,000 bytes"):
        ship(scored, best(scored, each=1), tmp_path / "shipped", at_most=5000)


def test_nothing_is_written_over(scored: Manifest, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("kept")
    with pytest.raises(DataError, match="not empty"):
        ship(scored, best(scored, each=1), tmp_path / "full", at_most=200_000)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
