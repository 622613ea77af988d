"""Whatever comes out of the network: without an answer, or with a malignant class in the set, nothing is routine."""

from hypothesis import given
from hypothesis import strategies as st

from inference.quality import Measurement, QualityReport
from inference.scope import ScopeReport
from inference.uncertainty import abstain_reason, prediction_set, tier
from inference.vocabulary import DERMOSCOPIC, DIAGNOSES, IMAGE_TYPES, MALIGNANT

shares = st.lists(st.floats(0, 1), min_size=7, max_size=7).map(lambda values: dict(zip(DIAGNOSES, values, strict=True)))
reports = st.floats(0, 10).map(lambda value: QualityReport((Measurement("detail", value, "share", 4.0, 99.0, "blur"),)))
scopes = st.none() | st.floats(-10, 10).map(lambda score: ScopeReport(score, 2.5, score, 0.0))


@given(shares, shares, st.sampled_from(IMAGE_TYPES), reports, scopes, st.integers(1, 7))
def test_silence_and_malignancy_are_never_routine(  # noqa: PLR0917  hypothesis gives by place
    p: dict[str, float],
    quantiles: dict[str, float],
    image_type: str,
    quality: QualityReport,
    scope: ScopeReport | None,
    largest: int,
) -> None:
    members = prediction_set(p, quantiles)
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
