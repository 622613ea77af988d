from collections import Counter

import pytest
import torch

from inference.vocabulary import DIAGNOSES
from training.data.records import Record
from training.fitting.sampling import WeightedDraw, draw_weights, encode, log_prior


def test_classes_are_drawn_by_the_root_of_their_mass(records: list[Record]) -> None:
    few = [record for record in records if record.diagnosis in ("nv", "df")]
    kept = [record for record in few if record.diagnosis == "nv" or record.lesion_id == "HAM_3001"]
    weights = draw_weights(kept)
    photos = Counter(record.lesion_id for record in kept)
    mass = sum(photos[record.lesion_id] ** -0.5 for record in kept if record.diagnosis == "nv")
    drawn = {
        code: sum(float(w) for w, r in zip(weights, kept, strict=True) if r.diagnosis == code) for code in ("nv", "df")
    }
    assert drawn["nv"] / drawn["df"] == pytest.approx(mass**0.5)


def test_photos_of_one_lesion_share_its_draws(records: list[Record]) -> None:
    weights = draw_weights(records)
    of = {record.image_id: float(weight) for record, weight in zip(records, weights, strict=True)}
    assert of["ISIC_40000"] == pytest.approx(of["ISIC_40010"] / 2**0.5)  # two photos, one photo


def test_the_prior_is_the_class_frequency(records: list[Record]) -> None:
    prior = log_prior(records, torch.ones(len(records))).exp()
    counts = Counter(record.diagnosis for record in records)
    assert prior.tolist() == pytest.approx([counts[code] / len(records) for code in DIAGNOSES])


def test_an_epoch_is_drawn_the_same_again_and_the_next_differs() -> None:
    draw = WeightedDraw(torch.ones(50), 50, seed=3)
    first = list(draw)
    assert list(draw) == first
    draw.set_epoch(1)
    assert list(draw) != first


def test_how_the_truth_was_found_is_no_input(records: list[Record]) -> None:
    from dataclasses import replace

    changed = [replace(record, dx_type="follow_up") for record in records]
    assert torch.equal(encode(changed), encode(records))
