"""What a result leaves open: the prediction set, the tier it asks for, and when to say "I don't know"."""

from collections.abc import Mapping
from typing import Literal

from inference.manifest import SetRule
from inference.quality import QualityReport
from inference.scope import ScopeReport
from inference.vocabulary import MALIGNANT, SEVERITY

AbstainReason = Literal["modality", "low_quality", "out_of_scope", "set_too_large"]
Tier = Literal["urgent", "soon", "routine"]


def prediction_set(
    probabilities: Mapping[str, float], quantiles: Mapping[str, float], rule: SetRule
) -> tuple[str, ...]:
    """Class-conditional conformal set (Vovk 2012; Sadinle, Lei, Wasserman 2019), most severe first.

    A class enters when its score 1 - p is at most its own quantile. The likeliest class fills a set that would be
    empty, which would read as "nothing". Beyond that "likeliest-always" keeps it whatever its quantile says;
    "limits-first" only where it is malignant, because a benign one that is likeliest and yet beyond its limit is there
    what its class seldom is, and to keep it lifts the coverage of the commonest class above what was asked for.
    """
    likeliest = max(SEVERITY, key=lambda code: probabilities[code])
    inside = {code for code in SEVERITY if 1 - probabilities[code] <= quantiles[code]}
    if not inside or likeliest in MALIGNANT or rule == "likeliest-always":
        inside.add(likeliest)
    return tuple(code for code in SEVERITY if code in inside)


def malignancy(probabilities: Mapping[str, float]) -> float:
    """Probability (0 to 1) of any malignant or pre-malignant diagnosis."""
    return min(1.0, sum(probabilities[code] for code in MALIGNANT))  # rounding may pass 1 by a hair


def tier(members: tuple[str, ...], *, abstained: bool) -> Tier:
    """How soon a dermatologist should look; a set with a malignant class is never routine.

    Nor is an abstention: silence is a reason to look.
    """
    if "mel" in members:
        return "urgent"
    if abstained or set(members) & set(MALIGNANT):
        return "soon"
    return "routine"


def abstain_reason(
    *,
    image_type: str,
    accepted_types: tuple[str, ...],
    quality: QualityReport,
    scope: ScopeReport | None = None,
    members: tuple[str, ...],
    max_set_size: int,
) -> AbstainReason | None:
    """The first reason to withhold an answer, from what was photographed to what came out; or None."""
    if image_type not in accepted_types:
        return "modality"
    if not quality.acceptable:
        return "low_quality"
    if scope is not None and not scope.inside:
        return "out_of_scope"
    return "set_too_large" if len(members) > max_set_size else None
