from typing import get_args

import pytest

from inference.manifest import SetRule
from inference.quality import Measurement, QualityReport
from inference.uncertainty import abstain_reason, malignancy, prediction_set, tier
from inference.vocabulary import DERMOSCOPIC, DIAGNOSES

GOOD = QualityReport((Measurement("detail", 9.0, "grey levels", 6.0, 99.0, "blurred"),))
BAD = QualityReport((Measurement("detail", 2.0, "grey levels", 6.0, 99.0, "blurred"),))


def p(**shares: float) -> dict[str, float]:
    return {code: shares.get(code, 0.0) for code in DIAGNOSES}


def quantiles(default: float, **special: float) -> dict[str, float]:
    return {code: special.get(code, default) for code in DIAGNOSES}


both_rules = pytest.mark.parametrize("rule", get_args(SetRule))


@both_rules
def test_a_class_enters_by_its_own_quantile(rule: SetRule) -> None:
    shares = p(nv=0.7, mel=0.15, bkl=0.15)
    assert prediction_set(shares, quantiles(0.5), rule) == ("nv",)
    assert prediction_set(shares, quantiles(0.5, mel=0.9), rule) == ("mel", "nv")


@both_rules
def test_the_quantile_itself_is_inside(rule: SetRule) -> None:
    assert prediction_set(p(nv=0.75, mel=0.25), quantiles(0.25, mel=0.75), rule) == ("mel", "nv")
    assert prediction_set(p(nv=0.75, mel=0.25), quantiles(0.25, mel=0.7499), rule) == ("nv",)


@both_rules
def test_a_class_with_quantile_one_is_always_inside(rule: SetRule) -> None:
    assert "df" in prediction_set(p(nv=1.0), quantiles(0.1, df=1.0), rule)


@both_rules
def test_a_set_is_never_empty(rule: SetRule) -> None:
    assert prediction_set(p(nv=0.4, mel=0.35, bkl=0.25), quantiles(0.1), rule) == ("nv",)


def test_a_benign_likeliest_class_beyond_its_limit_stays_by_the_older_rule_alone() -> None:
    shares, limits = p(nv=0.5, mel=0.4, bkl=0.1), quantiles(0.3, mel=0.9)
    assert prediction_set(shares, limits, "limits-first") == ("mel",)
    assert prediction_set(shares, limits, "likeliest-always") == ("mel", "nv")


@both_rules
def test_a_malignant_likeliest_class_stays_whatever_its_limit_says(rule: SetRule) -> None:
    assert prediction_set(p(mel=0.6, nv=0.4), quantiles(0.1, nv=0.9), rule) == ("mel", "nv")


def test_malignancy_is_the_sum_of_three() -> None:
    assert malignancy(p(mel=0.1, bcc=0.2, akiec=0.3, nv=0.4)) == pytest.approx(0.6)
    assert malignancy(p(mel=0.7, bcc=0.2, akiec=0.1 + 1e-12)) == 1.0


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (("mel", "nv"), "urgent"),
        (("mel", "bcc", "akiec"), "urgent"),
        (("bcc", "nv"), "soon"),
        (("akiec",), "soon"),
        (("nv",), "routine"),
        (("bkl", "nv", "df", "vasc"), "routine"),
    ],
)
def test_the_set_decides_the_tier_whatever_is_likeliest(members: tuple[str, ...], expected: str) -> None:
    assert tier(members, abstained=False) == expected


def test_silence_is_never_routine() -> None:
    assert tier(("nv",), abstained=True) == "soon"
    assert tier(("mel",), abstained=True) == "urgent"


def reason(image_type: str = DERMOSCOPIC, quality: QualityReport = GOOD, size: int = 1) -> str | None:
    return abstain_reason(
        image_type=image_type,
        accepted_types=(DERMOSCOPIC,),
        quality=quality,
        members=DIAGNOSES[:size],
        max_set_size=4,
    )


def test_reasons_go_from_what_was_photographed_to_what_came_out() -> None:
    assert reason() is None
    assert reason(size=4) is None
    assert reason(size=5) == "set_too_large"
    assert reason(quality=BAD, size=5) == "low_quality"
    assert reason("clinical: close-up", BAD, 5) == "modality"
