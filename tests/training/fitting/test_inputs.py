"""What may reach a network: pixels, age, sex and site. Not how the truth was found, nor any name."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import torch

from training.data.pictures import load_pictures
from training.data.records import Record
from training.fitting.sampling import Batch, Photographs


def _batch(records: list[Record], cache: Path) -> Batch:
    pictures = load_pictures(records, cache)
    rows = list(range(len(records)))
    return Photographs(records, rows, pictures, view="stored").__getitems__(rows)


def test_dx_type_and_names_cannot_reach_the_network(records: list[Record], tmp_path: Path) -> None:
    chosen = records[:20]
    renamed = []
    for i, record in enumerate(chosen):
        image = tmp_path / f"{record.diagnosis}-{i}.jpg"  # a name that gives the answer away
        shutil.copy(record.image, image)
        renamed.append(
            replace(record, image_id=f"X{i}", lesion_id=f"L{i}", dx_type="follow_up", source="elsewhere", image=image)
        )
    plain, disguised = _batch(chosen, tmp_path / "a"), _batch(renamed, tmp_path / "b")
    assert all(torch.equal(one, other) for one, other in zip(plain, disguised, strict=True))


def test_what_is_known_of_the_patient_does_reach_it(records: list[Record], tmp_path: Path) -> None:
    older = [replace(r, metadata=replace(r.metadata, age=90.0)) for r in records[:5]]
    plain, aged = _batch(records[:5], tmp_path), _batch(older, tmp_path)
    assert not torch.equal(plain.metadata, aged.metadata)
    assert torch.equal(plain.images, aged.images)
