"""One analysis from claim to result: claim in a short transaction, compute outside any, record by the lease's token."""

import logging
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cases.errors import Conflict
from cases.models import Analysis, Embedding, Explanation, Patient, Prediction, QualityCheck, User
from cases.models.analysis import Step
from cases.permissions import ensure_may, ensure_visible, visible_analyses
from cases.runtime import predictor_for
from cases.selectors.consents import refuses_ai
from cases.services import audit
from cases.services.assessment import lock_case, settle_case
from cases.services.leases import Heartbeat, Lease, claim_analysis, record_step, with_context
from cases.services.quality import as_fields
from cases.services.refusal import NO_CONSENT
from cases.states import ASSESSABLE_CASE, AnalysisState
from cases.vocabulary import Action
from inference.errors import InferenceError
from inference.metadata import Metadata
from inference.result import Result

logger = logging.getLogger(__name__)


def perform_analysis(analysis_id) -> bool:
    """Do the work of one analysis if it is still to be done. Running it twice, or late, changes nothing."""
    claimed = claim_analysis(analysis_id)
    if claimed is None:
        return False
    analysis, lease = claimed
    try:
        with Heartbeat(lease):
            result = _compute(analysis, lease)
    except FileNotFoundError:
        # Its own words name a path of the server, which belongs on no page.
        return fail_analysis(lease, reason="A stored file of the image or of the model is missing.", passing=False)
    except (InferenceError, ValueError) as error:
        # It would fail the same way again: the picture, the metadata or the bundle is at fault.
        return fail_analysis(lease, reason=str(error), passing=False)
    except Exception as error:
        logger.warning("analysis %s: %s", analysis.pk, type(error).__name__, exc_info=True)
        return fail_analysis(lease, reason=_in_words(error), passing=True)
    try:
        return _record(analysis, lease, result)
    except Exception as error:
        logger.warning("analysis %s: %s", analysis.pk, type(error).__name__, exc_info=True)
        reason = "Its result could not be stored."
        return fail_analysis(lease, reason=reason, passing=True)


def retry_analysis(*, actor: User, analysis: Analysis) -> Analysis:
    """failed → queued by hand, with all attempts again. The caller publishes it on commit."""
    ensure_may(actor, "retry_analysis")
    ensure_visible(visible_analyses(actor), analysis)
    with transaction.atomic():
        analysis = with_context(Analysis.objects.select_for_update(of=("self",), no_key=True).get(pk=analysis.pk).pk)
        analysis.check_move(AnalysisState.QUEUED)
        if analysis.state != AnalysisState.FAILED:
            raise Conflict("This analysis is running; it is taken back by itself if its worker is lost.")
        case = analysis.image.case
        # A refusal waits for this retry and ends it, or is seen by it.
        Patient.objects.select_for_update(no_key=True).get(pk=case.patient_id)
        if analysis.image.replacements.exists():
            raise Conflict("This image was replaced: a new result would count for nothing. The new one is what counts.")
        if refuses_ai(case.patient):
            raise Conflict(f"{NO_CONSENT} It is read without one.")
        if case.state not in ASSESSABLE_CASE:
            raise Conflict(
                f"The case is {case.state}: a new result would reach nobody.",
                current=case.state,
                legal=case.legal_moves,
            )
        Analysis.objects.filter(pk=analysis.pk).update(
            state=AnalysisState.QUEUED, step=Step.QUEUED, attempt=0, error="", published_at=None, finished_at=None
        )
        audit.record(
            clinic=case.clinic,
            actor=actor,
            action=Action.ANALYSIS_QUEUED,
            about=analysis,
            payload={"case": str(case.pk), "after": analysis.error},
        )
    return with_context(analysis.pk)


def fail_analysis(lease: Lease, *, reason: str, passing: bool, expired_by: datetime | None = None) -> bool:
    """running → queued while attempts are left and the fault may pass, else running → failed with its reason.

    With `expired_by` only a lease that has run out by then is ended: its holder may have renewed it meanwhile.
    """
    with transaction.atomic():
        held = Analysis.objects.held_with(lease.token).filter(pk=lease.analysis_id)
        if expired_by is not None:
            held = held.filter(lease_until__lte=expired_by)
        analysis = held.select_for_update(of=("self",), no_key=True).first()
        if analysis is None:
            return False
        again = passing and analysis.attempts_left > 0
        held.update(
            state=AnalysisState.QUEUED if again else AnalysisState.FAILED,
            step=Step.QUEUED if again else Step.DONE,
            lease_token=None,
            lease_until=None,
            published_at=None,
            error="" if again else (reason or "It failed without a reason.")[:500],
            finished_at=None if again else timezone.now(),
        )
        analysis = with_context(lease.analysis_id)
        action = Action.ANALYSIS_QUEUED if again else Action.ANALYSIS_FAILED
        lock_case(analysis.image.case_id)
        record_step(analysis, action, attempt=analysis.attempt, of=settings.ANALYSIS_MAX_ATTEMPTS)
        if not again:
            settle_case(analysis.image.case_id)
    return True


def _in_words(error: Exception) -> str:
    """What a page may show: never the error's own text, which may hold a path or a value. The log has it."""
    if "TimeLimit" in type(error).__name__:
        return f"It took longer than {settings.ANALYSIS_SOFT_TIME_LIMIT:g} seconds."
    return "It stopped with an unexpected error."


def _compute(analysis: Analysis, lease: Lease) -> Result:
    predictor = predictor_for(analysis.model_version)
    with analysis.image.file.open("rb") as file:
        data = file.read()
    return predictor.predict(
        data,
        Metadata(**analysis.metadata),
        image_type=analysis.image.image_type,
        progress=lambda stage: lease.extend(step=Step(stage)) if stage != Step.DONE else None,
    )


def _record(analysis: Analysis, lease: Lease, result: Result) -> bool:
    """The result and its state in one transaction; a late twin finds another token and leaves everything alone."""
    state = AnalysisState.ABSTAINED if result.abstain_reason else AnalysisState.SUCCEEDED
    with transaction.atomic():
        ended = (
            Analysis.objects.held_with(lease.token)
            .filter(pk=lease.analysis_id)
            .update(
                state=state,
                step=Step.DONE,
                lease_token=None,
                lease_until=None,
                abstain_reason=result.abstain_reason or "",
                runtime=result.runtime,
                timings={stage: round(ms, 2) for stage, ms in result.timings.items()},
                finished_at=timezone.now(),
            )
        )
        if not ended:
            return False
        prediction = Prediction.objects.create(analysis=analysis, **_prediction(result))
        Explanation.objects.create(analysis=analysis, **_explanation(result))
        Embedding.objects.create(analysis=analysis, model_version=analysis.model_version, **_embedding(result))
        QualityCheck.objects.update_or_create(image=analysis.image, defaults=as_fields(result.quality))
        lock_case(analysis.image.case_id)
        action = Action.ANALYSIS_ABSTAINED if result.abstain_reason else Action.ANALYSIS_SUCCEEDED
        record_step(
            analysis,
            action,
            model=result.model_sha256,
            runtime=result.runtime,
            input_hash=analysis.input_hash,
            malignancy=round(prediction.malignancy, 6),
            tier=prediction.tier,
            abstain_reason=result.abstain_reason,
        )
        settle_case(analysis.image.case_id)
    return True


def _prediction(result: Result) -> dict[str, Any]:
    return {
        "probabilities": dict(result.probabilities),
        "diagnosis": result.likeliest,
        "malignancy": min(max(result.malignancy, 0.0), 1.0),  # a sum of floats may pass 1 by a hair
        "prediction_set": list(result.prediction_set),
        "tier": "" if result.abstain_reason else result.tier,
        "attributions": {"image": dict(result.image_logits), "metadata": dict(result.metadata_logits)},
        "shapley": _shapley(result),
        "scope": _plain(result.scope),
    }


def _shapley(result: Result) -> dict[str, dict[str, float]]:
    by_code = {code: dict(parts) for code, parts in result.attributions.items()}
    return {**by_code, "malignancy": dict(result.malignancy_attributions)}


def _embedding(result: Result) -> dict[str, Any]:
    return {"size": len(result.embedding), "vector": result.embedding.astype("<f4").tobytes()}


def _explanation(result: Result) -> dict[str, Any]:
    _, rows, columns = result.heatmaps.shape
    geometry = result.geometry
    return {
        "labels": list(result.labels),
        "rows": rows,
        "columns": columns,
        "heatmaps": result.heatmaps.tobytes(),
        "maxima": dict(result.heatmap_maxima),
        "geometry": {
            "width": geometry.width,
            "height": geometry.height,
            "turned": geometry.turned,
            "box": list(geometry.box),
        },
        "heat_inside_lesion": result.heat_inside_lesion,
        "heat_on_border": result.heat_on_border,
        "heat_on_artefacts": result.heat_on_artefacts,
        "descriptors": _plain(result.descriptors),
    }


def _plain(report: Any) -> dict[str, Any] | None:
    """A report of the runtime as it is stored; None where its bundle cannot make one."""
    return None if report is None else asdict(report)
