from collections import Counter

import numpy as np
import pytest
import torch

from inference.vocabulary import DIAGNOSES
from training.data.records import Record
from training.fitting.sampling import WeightedDraw, balanced_class_weights, draw_weights, encode, log_prior


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


def _share(records: list[Record], weights: torch.Tensor, key: str) -> dict[str, float]:
    shares: dict[str, float] = {}
    for record, weight in zip(records, weights.tolist(), strict=True):
        shares[getattr(record, key)] = shares.get(getattr(record, key), 0.0) + weight
    return shares


def test_each_sampling_makes_equal_what_its_name_says(records: list[Record]) -> None:
    some = [r for r in records if r.diagnosis in ("nv", "df", "mel")]
    kept = [r for r in some if r.diagnosis == "nv" or r.lesion_id in ("HAM_3001", "HAM_3003", "HAM_4002")]
    natural = draw_weights(kept, "natural")
    assert natural.tolist() == pytest.approx([1 / len(kept)] * len(kept))
    lesions = _share(kept, draw_weights(kept, "per-lesion"), "lesion_id")
    assert list(lesions.values()) == pytest.approx([1 / len(lesions)] * len(lesions))
    classes = _share(kept, draw_weights(kept, "class-balanced"), "diagnosis")
    assert list(classes.values()) == pytest.approx([1 / 3] * 3)
    rooted = _share(kept, draw_weights(kept, "root-frequency"), "diagnosis")
    assert rooted["df"] < classes["df"] < classes["nv"] + 1e-9 < rooted["nv"]


def test_natural_sampling_shows_each_photograph_once_an_epoch(records: list[Record]) -> None:
    natural = WeightedDraw(draw_weights(records, "natural"), len(records), seed=0)
    first = list(natural)
    assert sorted(first) == list(range(len(records)))
    natural.set_epoch(1)
    assert list(natural) != first
    rooted = WeightedDraw(draw_weights(records[:40]), 40, seed=0)
    assert len(set(rooted)) < 40


def test_balanced_class_weights_are_n_over_k_n_c() -> None:
    counts = [327, 514, 1099, 115, 1113, 6705, 142]  # HAM10000's photographs a class, by code
    labels = np.repeat(np.arange(7), counts)
    expected = [10_015 / (7 * count) for count in counts]
    np.testing.assert_allclose(balanced_class_weights(labels), expected, atol=1e-9, rtol=0)


def test_class_weights_refuse_one_hot_and_an_absent_class() -> None:
    with pytest.raises(ValueError, match="as one-hot has"):
        balanced_class_weights(np.eye(7))
    with pytest.raises(ValueError, match="No training picture shows df"):
        balanced_class_weights([k for k in range(7) if k != DIAGNOSES.index("df")])


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
