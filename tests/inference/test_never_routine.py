"""Whatever comes out of the network: without an answer, or with a malignant class in the set, nothing is routine."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from inference.manifest import SetRule
from inference.quality import Measurement, QualityReport
from inference.scope import ScopeReport
from inference.uncertainty import abstain_reason, prediction_set, tier
from inference.vocabulary import DERMOSCOPIC, DIAGNOSES, IMAGE_TYPES, MALIGNANT

shares = st.lists(st.floats(0, 1), min_size=7, max_size=7).map(lambda values: dict(zip(DIAGNOSES, values, strict=True)))
reports = st.floats(0, 10).map(lambda value: QualityReport((Measurement("detail", value, "share", 4.0, 99.0, "blur"),)))
rules = st.sampled_from(get_args(SetRule))
scopes = st.none() | st.floats(-10, 10).map(lambda score: ScopeReport(score, 2.5, score, 0.0))


@given(shares, shares, st.sampled_from(IMAGE_TYPES), reports, scopes, st.integers(1, 7), rules)
def test_silence_and_malignancy_are_never_routine(  # noqa: PLR0917  hypothesis gives by place
    p: dict[str, float],
    quantiles: dict[str, float],
    image_type: str,
    quality: QualityReport,
    scope: ScopeReport | None,
    largest: int,
    rule: SetRule,
) -> None:
    members = prediction_set(p, quantiles, rule)
    reason = abstain_reason(
        image_type=image_type,
        accepted_types=(DERMOSCOPIC,),
        quality=quality,
        scope=scope,
        members=members,
        max_set_size=largest,
    )
    given_up = tier(members, abstained=reason is not None)
    if reason is not None or set(members) & set(MALIGNANT):
        assert given_up != "routine"
    if image_type != DERMOSCOPIC:
        assert reason == "modality"
    elif not quality.acceptable:
        assert reason == "low_quality"
    elif scope is not None and not scope.inside:
        assert reason == "out_of_scope"
    elif len(members) > largest:
        assert reason == "set_too_large"
    else:
        assert reason is None


@given(shares, shares, rules)
def test_a_melanoma_that_may_be_one_is_urgent(p: dict[str, float], quantiles: dict[str, float], rule: SetRule) -> None:
    members = prediction_set(p, quantiles, rule)
    if 1 - p["mel"] <= quantiles["mel"] or p["mel"] > max(share for code, share in p.items() if code != "mel"):
        assert tier(members, abstained=False) == "urgent"


@given(shares, shares)
def test_the_rule_moves_one_benign_class_at_most(p: dict[str, float], quantiles: dict[str, float]) -> None:
    always, first = (prediction_set(p, quantiles, rule) for rule in ("likeliest-always", "limits-first"))
    assert first
    assert set(first) <= set(always)
    gone = set(always) - set(first)
    assert len(gone) <= 1
    assert not gone & set(MALIGNANT)
    assert tier(first, abstained=False) == tier(always, abstained=False)


@given(shares, shares, st.lists(st.floats(0, 1), min_size=7, max_size=7), rules)
def test_wider_limits_lose_no_class(
    p: dict[str, float], quantiles: dict[str, float], added: list[float], rule: SetRule
) -> None:
    wider = {code: min(1.0, quantiles[code] + more) for code, more in zip(DIAGNOSES, added, strict=True)}
    lost = set(prediction_set(p, quantiles, rule)) - set(prediction_set(p, wider, rule))
    filled = not any(1 - p[code] <= quantiles[code] for code in DIAGNOSES)
    assert not lost or filled  # what only filled an empty set may give way to what now enters by its limit
