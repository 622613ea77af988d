from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cases.api.endpoint import Endpoint
from cases.api.idempotency import once
from cases.api.pagination import AuditOrder
from cases.api.serializers.audit import AuditEventOut, AuditReportOut, ReportFormat, TrailPart
from cases.permissions import visible_audit_events, visible_audit_reports
from cases.services.audit_reports import create_audit_report, download_audit_report
from cases.vocabulary import Action


class AuditEvents(Endpoint):
    acts = {"GET": "view_audit"}
    shapes = {"GET": AuditEventOut}
    pagination_class = AuditOrder

    @extend_schema(parameters=[TrailPart], responses=AuditEventOut(many=True))
    def get(self, request: Request) -> Response:
        """The trail of the clinic, newest first. Looking at it is an event as well."""
        events = _part(visible_audit_events(request.user), **self.asked(TrailPart))
        return self.page(events.select_related("actor"), action=Action.AUDIT_VIEWED)


class AuditReports(Endpoint):
    acts = {"GET": "view_audit", "POST": "create_audit_report"}
    shapes = {"GET": AuditReportOut, "POST": TrailPart}

    @extend_schema(responses=AuditReportOut(many=True))
    def get(self, request: Request) -> Response:
        """The reports that were asked for, newest first."""
        return self.page(visible_audit_reports(request.user), action=Action.AUDIT_VIEWED)

    @extend_schema(responses={201: AuditReportOut})
    @once
    def post(self, request: Request) -> Response:
        """Fix a part of the trail as a report: later events never enter it."""
        return self.created(AuditReportOut, create_audit_report(actor=request.user, **self.checked()))


class AuditDownload(Endpoint):
    acts = {"GET": "create_audit_report"}

    @extend_schema(parameters=[ReportFormat], responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, report: UUID) -> HttpResponseBase:
        """The report as CSV, one event a line, oldest first."""
        found = self.find(visible_audit_reports, report)
        self.asked(ReportFormat)
        lines = download_audit_report(actor=request.user, report=found)
        name = f'attachment; filename="audit-report-{found.pk}.csv"'
        return StreamingHttpResponse(
            lines, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name}
        )


def _part(events: Any, *, since: Any = None, until: Any = None, **wanted: Any) -> Any:
    field = {"action": "action", "about": "object_id", "by": "actor"}
    return events.between(since, until).filter(**{field[name]: value for name, value in wanted.items()})
