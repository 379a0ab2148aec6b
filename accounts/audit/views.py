"""The audit log, as a page and as a file."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from django.db import transaction
from django.http import StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.actor import Actor
from accounts.audit import sign_ins
from accounts.audit.events import Event
from accounts.audit.export import as_csv, as_json_lines
from accounts.audit.log import LogForm, events
from accounts.audit.record import record_event
from accounts.audit.sentences import line
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.permissions import Permission
from accounts.paging import page_by_key

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

CHUNK = 500


@require_safe
@organization_page(Permission.VIEW_AUDIT)
def log(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Show what happened, the newest first, days as headings."""
    form = LogForm(request.GET)
    asked = form.asked()
    rows = events(context.organization, asked)
    page = page_by_key(rows, request.GET, newest_first=True)
    lines = [line(event) for event in page.rows]
    days = groupby(lines, key=lambda line: timezone.localtime(line.event.occurred_at).date())
    return render(
        request,
        "organizations/audit.html",
        {
            "context": context,
            "form": form,
            "asked": asked,
            "page": page,
            # Above the newest events only: further down, or filtered, somebody looks for one.
            "sign_ins": None if request.GET else sign_ins.chart(context.organization),
            "days": [(day, list(lines)) for day, lines in days],
        },
    )


@require_POST
@organization_page(Permission.VIEW_AUDIT)
def export(request: HttpRequest, context: OrganizationContext) -> HttpResponseBase:
    """Stream what the query's filter selects, as CSV or JSON Lines; the log says who took it."""
    asked = LogForm(request.GET).asked()
    kind = "jsonl" if request.POST.get("format") == "jsonl" else "csv"
    with transaction.atomic():
        record_event(
            Event.AUDIT_EXPORTED,
            organization=context.organization,
            actor=Actor.of(request),
            data={"format": kind, "filter": {n: str(v) for n, v in asked.items()}},
        )
    rows = events(context.organization, asked).order_by("-pk").iterator(chunk_size=CHUNK)
    lines = as_json_lines(rows) if kind == "jsonl" else as_csv(rows)
    content_type = "application/x-ndjson" if kind == "jsonl" else "text/csv; charset=utf-8"
    name = f"audit-{context.organization.public_id}-{timezone.localdate():%Y-%m-%d}.{kind}"
    return StreamingHttpResponse(
        lines,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )
