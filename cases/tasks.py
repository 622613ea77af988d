"""What workers do. A task takes an id and calls one service; it may run twice, late, or never, and nothing is lost."""

from celery import shared_task
from django.conf import settings

from cases.services.analyses import perform_analysis
from cases.services.explanations import perform_explanation


@shared_task(
    name="cases.analyse",
    soft_time_limit=settings.ANALYSIS_SOFT_TIME_LIMIT,
    time_limit=settings.ANALYSIS_TIME_LIMIT,
    acks_late=True,
    reject_on_worker_lost=True,
    ignore_result=True,
)
def analyse(analysis_id: str) -> None:
    """One image through the network, if that is still to be done."""
    perform_analysis(analysis_id)


@shared_task(
    name="cases.explain",
    soft_time_limit=settings.EXPLANATION_SOFT_TIME_LIMIT,
    time_limit=settings.EXPLANATION_TIME_LIMIT,
    acks_late=True,
    reject_on_worker_lost=True,
    ignore_result=True,
)
def explain(request_id: str) -> None:
    """One explanation that a reader asked for, on a queue of its own (CELERY_TASK_ROUTES): no analysis waits for it."""
    perform_explanation(request_id)
