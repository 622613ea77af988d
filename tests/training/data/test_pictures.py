"""From files as they come to pictures as networks see them: any mode, any shape, or a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.manifest import InputSpec
from inference.preprocessing import prepare
from training.data import filters
from training.data.filters import FILTERS, apply
from training.data.pictures import load_pictures, read_picture
from training.data.presets import PRESETS, Recipe
from training.data.records import DataError, Record


def _with_image(record: Record, image: Image.Image, path: Path) -> Record:
    image.save(path)
    return replace(record, image=path, mask=None)


@pytest.mark.parametrize("mode", ["RGBA", "CMYK", "L", "LA", "P", "I;16", "1"])
def test_any_mode_becomes_eight_bit_rgb(records: list[Record], tmp_path: Path, mode: str) -> None:
    with Image.open(records[0].image) as opened:
        if mode == "I;16":
            odd = Image.fromarray(np.asarray(opened.convert("L")).astype(np.uint16) * 257)
        else:
            odd = (
                opened.quantize(200) if mode == "P" else opened.convert("RGBA" if mode == "LA" else "RGB").convert(mode)
            )
        grey = np.asarray(opened.convert("L"), float)
    path = tmp_path / ("odd.jpg" if mode == "CMYK" else "odd.png")
    odd.save(path)
    read = read_picture(path)
    assert read.mode == "RGB"
    if mode != "1":
        assert np.abs(np.asarray(read.convert("L"), float) - grey).mean() < 8


@pytest.mark.parametrize(
    ("name", "reason"), [("cut", "cut off|end of the file"), ("text", "not a picture"), ("tiny", "each side needs")]
)
def test_what_is_no_whole_picture_is_named_with_a_reason(
    records: list[Record], tmp_path: Path, name: str, reason: str
) -> None:
    path = tmp_path / f"{name}.jpg"
    whole = records[0].image.read_bytes()
    Image.new("RGB", (20, 20)).save(tmp_path / "20.png")
    data = {"cut": whole[: len(whole) // 2], "text": b"no picture at all", "tiny": (tmp_path / "20.png").read_bytes()}
    path.write_bytes(data[name])
    with pytest.raises(DataError, match=rf"{name}\.jpg: .*({reason})"):
        load_pictures([replace(records[0], image=path)], tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*/complete"))


@pytest.mark.parametrize("size", [(300, 300), (150, 200), (640, 360)])
def test_odd_shapes_are_viewed_as_the_runtime_views_them(
    records: list[Record], tmp_path: Path, size: tuple[int, int]
) -> None:
    with Image.open(records[0].image) as opened:
        odd = opened.resize(size)
    record = _with_image(records[0], odd, tmp_path / "odd.png")
    spec = InputSpec(144, 192, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2), "bilinear", ("dermoscopic",))
    viewed = load_pictures([record], tmp_path / "cache").viewed[0]
    assert np.array_equal(viewed, prepare(odd, spec).pixels)


def test_a_mask_goes_the_way_of_its_photograph(records: list[Record], tmp_path: Path) -> None:
    portrait = replace(records[0], image=tmp_path / "p.png", mask=tmp_path / "m.png")
    seen = np.full((260, 150, 3), 200, np.uint8)
    seen[40:100, 20:60] = 30
    Image.fromarray(seen).save(tmp_path / "p.png")
    Image.fromarray((seen[..., 0] < 100).astype(np.uint8) * 255).save(tmp_path / "m.png")
    pictures = load_pictures([portrait], tmp_path / "cache")
    dark = pictures.stored[0, ..., 0] < 115
    assert dark.sum() > 1000
    assert (dark == (pictures.masks[0] == 1)).mean() > 0.99


@pytest.mark.parametrize(
    ("name", "size"), [("own", (144, 192)), ("report-text", (224, 224)), ("report-code", (100, 125))]
)
def test_each_preset_gives_its_size(records: list[Record], tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    pictures = load_pictures(records[:2], tmp_path, Recipe(name))
    assert pictures.viewed.shape == (2, *size, 3)
    assert pictures.stored.shape[1:3] == pictures.masks.shape[1:3] == PRESETS[name].stored
    assert Recipe(name).served == (name == "own")


def test_the_presets_of_the_report_squeeze_and_ours_cuts(records: list[Record], tmp_path: Path) -> None:
    wide = np.full((100, 400, 3), 200, np.uint8)
    wide[:, :20] = (0, 0, 255)  # far out: lost by the cut, kept by the squeeze
    record = _with_image(records[0], Image.fromarray(wide), tmp_path / "wide.png")
    blue = {
        name: (load_pictures([record], tmp_path / "cache", Recipe(name)).viewed[0, ..., 0] < 50).any()
        for name in PRESETS
    }
    assert blue == {"own": False, "report-text": True, "report-code": True}


def test_filters_are_applied_before_the_resize_and_part_the_caches(records: list[Record], tmp_path: Path) -> None:
    chosen = records[:2]
    plain = load_pictures(chosen, tmp_path)
    filtered = load_pictures(chosen, tmp_path, Recipe(filters=("median", "clahe")))
    other_order = load_pictures(chosen, tmp_path, Recipe(filters=("clahe", "median")))
    with Image.open(chosen[0].image) as opened:
        wanted = Image.fromarray(apply(["median", "clahe"], np.asarray(opened)))
    assert np.array_equal(filtered.stored[0], np.asarray(wanted))  # drawn at the stored size
    assert not np.array_equal(filtered.stored, plain.stored)
    assert not np.array_equal(filtered.stored, other_order.stored)
    assert np.array_equal(load_pictures(chosen, tmp_path).stored, plain.stored)


def test_a_recipe_of_unknown_words_is_refused() -> None:
    with pytest.raises(ValueError, match="no preset 'square'"):
        Recipe("square")
    with pytest.raises(ValueError, match="no filter 'sharpen'"):
        Recipe(filters=("sharpen",))
    assert str(Recipe(filters=tuple(FILTERS)[:2])) == "own + clahe + equalise"


def test_the_cache_forgets_what_was_made_of_other_files_filters_or_libraries(
    records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = records[:2]
    bare = [replace(record, mask=None) for record in some]

    def folders(asked: list[Record], recipe: Recipe | None = None) -> int:
        load_pictures(asked, tmp_path, recipe)
        return len(list(tmp_path.glob("*/complete")))

    assert folders(some) == folders(some) == 1
    assert folders(bare) == 2
    assert not load_pictures(bare, tmp_path).has_mask.any()
    assert folders(some, Recipe(filters=("clahe",))) == 3
    with monkeypatch.context() as patch:
        patch.setattr("PIL.__version__", "another")
        assert folders(some) == 4
    with monkeypatch.context() as patch:
        patch.setattr("cv2.__version__", "another")
        assert folders(some) == 5
    with monkeypatch.context() as patch:
        stronger = Path(filters.__file__).read_text().replace("clipLimit=2.0", "clipLimit=3.0")
        (tmp_path / "filters.py").write_text(stronger)
        patch.setattr(filters, "__file__", str(tmp_path / "filters.py"))
        assert folders(some) == 6
    assert folders(some) == 6
