from itertools import permutations

import numpy as np
import pytest

from inference.attribution import PLAYERS, attribute, coalitions, shapley
from inference.head import Floats, Head, MetadataMember
from inference.metadata import Metadata, MetadataEncoding
from inference.predictor import Predictor
from inference.vocabulary import DIAGNOSES, MALIGNANT
from tests.bundles import tiny_head
from tests.inference.pictures import encode, lesion

KNOWN = Metadata(age=70, sex="male", localization="back")
ENCODING = MetadataEncoding()
PICTURE = np.linspace(-12, 15, 7, dtype=np.float32)


@pytest.fixture(scope="module")
def head() -> Head:
    return tiny_head(np.random.default_rng(3))


def by_player(head: Head, metadata: Metadata) -> dict[str, Floats]:
    return dict(zip(PLAYERS, attribute(head, ENCODING, metadata, PICTURE), strict=True))


def test_the_values_are_the_mean_over_all_orders_in_which_players_may_come() -> None:
    worth = np.random.default_rng(0).normal(size=(16, 3))
    expected = np.zeros((4, 3))
    for order in permutations(range(4)):
        seen = 0
        for player in order:
            expected[player] += (worth[seen | 1 << player] - worth[seen]) / 24
            seen |= 1 << player
    np.testing.assert_allclose(shapley(worth), expected, atol=1e-12)


def test_the_last_coalition_is_the_answer_and_the_first_is_nothing(head: Head) -> None:
    rows = coalitions(head, ENCODING, KNOWN, PICTURE)
    answer = PICTURE + head.metadata_logits(ENCODING.encode(KNOWN))
    np.testing.assert_array_equal(rows[15], answer.astype(float))
    np.testing.assert_array_equal(rows[0], np.zeros(7))


@pytest.mark.parametrize("known", [KNOWN, Metadata(), Metadata(age=3), Metadata(sex="female", localization="ear")])
def test_they_sum_to_the_whole_difference(predictor: Predictor, known: Metadata) -> None:
    result = predictor.predict(encode(lesion()), known)
    for code in DIAGNOSES:
        whole = result.logits[code] - result.baseline_logits[code]
        assert sum(result.attributions[code].values()) == pytest.approx(whole, abs=1e-6)
        assert set(result.attributions[code]) == set(PLAYERS)
    assert set(result.attributions) == set(result.baseline_logits) == set(DIAGNOSES)


@pytest.mark.parametrize("known", [KNOWN, Metadata(), Metadata(sex="female")])
def test_the_parts_of_the_malignancy_lead_from_the_prior_to_the_answer(predictor: Predictor, known: Metadata) -> None:
    result = predictor.predict(encode(lesion()), known)
    parts = result.malignancy_attributions
    assert sum(parts.values()) == pytest.approx(np.log(result.malignancy / (1 - result.malignancy)), abs=1e-6)
    prior = predictor.bundle.manifest.calibration.log_prior
    share = sum(np.exp(prior[code]) for code in MALIGNANT) / sum(map(np.exp, prior.values()))
    assert 1 / (1 + np.exp(-parts["start"])) == pytest.approx(share)
    unknown = {field for field in ("age", "sex") if getattr(known, field) is None}
    assert {field for field in ("age", "sex") if parts[field] == 0} == unknown


def test_where_nothing_is_known_p_is_the_prior(predictor: Predictor) -> None:
    result = predictor.predict(encode(lesion()))
    scores = np.array([result.baseline_logits[code] for code in DIAGNOSES])
    prior = np.exp([predictor.bundle.manifest.calibration.log_prior[code] for code in DIAGNOSES])
    p = np.exp(scores / 2) * prior  # any temperature
    np.testing.assert_allclose(p / p.sum(), prior / prior.sum(), atol=1e-12)


@pytest.mark.parametrize(
    ("known", "silent"),
    [
        (Metadata(age=70, localization="back"), {"sex"}),
        (Metadata(sex="male"), {"age", "site"}),
        (Metadata(age=70, sex="other"), {"sex", "site"}),  # a word without a column says nothing
        (Metadata(), {"age", "sex", "site"}),
    ],
)
def test_what_is_unknown_has_exactly_nothing(head: Head, known: Metadata, silent: set[str]) -> None:
    values = by_player(head, known)
    assert {name for name, value in values.items() if not value.any()} == silent


def test_the_pictures_value_is_its_part_of_the_sum(head: Head) -> None:
    np.testing.assert_allclose(by_player(head, KNOWN)["image"], PICTURE, atol=1e-5)


def test_fields_that_do_the_same_share_alike() -> None:
    """Sex and site lift the same hidden unit by the same amount; together they are worth less than twice one."""
    U = np.zeros((1, ENCODING.size), np.float32)
    U[0, [ENCODING.columns.index("sex=male"), ENCODING.columns.index("localization=back")]] = 1
    still = np.zeros((1, ENCODING.size), np.float32)
    member = MetadataMember(U, np.zeros(1, np.float32), still, np.zeros(1, np.float32), np.ones((7, 1), np.float32))
    head = Head(np.zeros((7, 4), np.float32), np.zeros(7, np.float32), (member,))
    values = by_player(head, KNOWN)
    np.testing.assert_array_equal(values["sex"], values["site"])
    np.testing.assert_allclose(values["sex"], np.tanh(2) / 4, atol=1e-6)  # half of both, through a gate of one half
    assert not values["age"].any()
