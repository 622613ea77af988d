"""The audit trail: search it, see whether it is whole, take a part of it away as CSV."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from cases.errors import InvalidInput
from cases.forms.audit import AuditForm
from cases.models import AuditEvent
from cases.permissions import find, visible_audit_reports
from cases.selectors import trail
from cases.selectors.audit import verify_chain
from cases.selectors.trail_names import objects_named
from cases.services.audit import record_view
from cases.services.audit_reports import create_audit_report, download_audit_report
from cases.views.access import requires
from cases.vocabulary import Action

PAGE = 50
QUICKLY_VERIFIED = 20_000  # events; above, somebody has to ask for it


@requires("view_audit")
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    form = AuditForm(request.GET, user=request.user)
    valid = form.is_valid()
    words = form.as_report() if valid else {}
    found = trail.search(request.user, **words) if valid else AuditEvent.objects.none()
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = _context(request, form, page)
    record_view(actor=request.user, action=Action.AUDIT_VIEWED, events=len(page.object_list))
    return render(request, "audit/audit.html", context, status=200 if valid else 422)


@requires("view_audit")
@require_safe
def chain(request: HttpRequest) -> HttpResponse:
    """Recomputes every link of the clinic's chain."""
    context = {"verification": verify_chain(request.user.clinic), "now": timezone.now()}
    return render(request, "audit/_chain.html", context)


@requires("create_audit_report")
@require_POST
def create_report(request: HttpRequest) -> HttpResponse:
    form = AuditForm(request.POST, user=request.user)
    if not form.is_valid():
        raise InvalidInput({name: list(sentences) for name, sentences in form.errors.items()})
    report = create_audit_report(actor=request.user, **form.as_report())
    return redirect("cases:audit_download", report.pk)


@requires("create_audit_report")
@require_safe
def download(request: HttpRequest, report: UUID) -> HttpResponseBase:
    """Sent line by line, however long the trail is."""
    found = find(visible_audit_reports(request.user), report)
    lines = download_audit_report(actor=request.user, report=found)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{found.created_at:%Y%m%d-%H%M%S}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _context(request: HttpRequest, form: AuditForm, page: Any) -> dict[str, Any]:
    query = request.GET.copy()
    query.pop("page", None)
    length = trail.length(request.user)
    reports = visible_audit_reports(request.user).select_related("requested_by")[:5]
    return {
        "form": form,
        "page": page,
        "events": objects_named(request.user, page.object_list),
        "query": query.urlencode(),
        "length": length,
        "verify_at_once": length <= QUICKLY_VERIFIED,
        "reports": reports,
    }
