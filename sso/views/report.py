"""The test of a connection, its report, and the SSO log."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from accounts.charts import Strip, strip
from accounts.models import Organization
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.permissions import Permission
from accounts.paging import page_by_key
from sso.models import Certificate, LogEntry
from sso.saml.checks import CHECKS
from sso.saml.identity_providers import NAMES, Kind
from sso.saml.reasons import REASONS, field_name, sentence
from sso.services import signing_in
from sso.services.connections import connection_of
from sso.views.forward import send_to_identity_provider
from sso.views.protocol import NONCE

manages_security = organization_page(Permission.MANAGE_SECURITY)

TITLES = {
    "readable": gettext_lazy("The message can be read"),
    **{check.name: check.title for check in CHECKS},
    "request": gettext_lazy("It answers our request"),
    "replay": gettext_lazy("It is used for the first time"),
    "domain": gettext_lazy("Verified domain"),
}
TONES: dict[str, str] = {LogEntry.Outcome.ACCEPTED: "good", LogEntry.Outcome.REFUSED: "bad"}
ANSWERS_SHOWN = 60


@dataclass(frozen=True)
class Line:
    """One check of a report: what was found, and where to change what is wrong."""

    title: str
    passed: bool
    text: str
    field: str


@manages_security
@require_GET
def test(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Send the admin on a real round trip that signs nobody in (SSO-10)."""
    connection = connection_of(context.organization)
    if connection is None:
        return redirect("sso:connection", context.organization.public_id)
    nonce = request.session.setdefault(NONCE, secrets.token_urlsafe(32))
    started = signing_in.start(connection, nonce=nonce, test=True)
    return send_to_identity_provider(request, connection, started)


@manages_security
@require_GET
def report(request: HttpRequest, context: OrganizationContext, reference: str) -> HttpResponse:
    """Show every check of a test, or the reason of a refusal, to the organization's admins."""
    entry = LogEntry.objects.filter(
        organization=context.organization, reference=reference[:20]
    ).first()
    if entry is None:
        raise Http404
    connection = connection_of(context.organization)
    kind = connection.provider if connection else Kind.OTHER
    lines = [_line(finding, kind) for finding in entry.findings]
    return render(
        request,
        "sso/report.html",
        {
            "context": context,
            "entry": entry,
            "lines": lines,
            "failed": sum(not line.passed for line in lines),
            "why": sentence(entry.code, entry.values) if entry.code else "",
            "field": field_name(entry.code, kind),
            "provider": _called(kind),
            "certificate": Certificate.objects.filter(
                connection=connection, fingerprint=entry.certificate
            ).first(),
        },
    )


@manages_security
@require_GET
def log(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """The SSO log: each answer of the identity provider, and what to change there (SSO-11)."""
    entries = LogEntry.objects.filter(organization=context.organization)
    text = request.GET.get("q", "").replace("\x00", "")[:200]
    outcome = request.GET.get("outcome", "")
    if text:
        entries = entries.search(text)
    if outcome in LogEntry.Outcome.values:
        entries = entries.filter(outcome=outcome)
    page = page_by_key(
        entries.defer("xml", "findings"), request.GET, key="reference", newest_first=True
    )
    connection = connection_of(context.organization)
    kind = connection.provider if connection else Kind.OTHER
    rows = [
        (entry, sentence(entry.code, entry.values), field_name(entry.code, kind))
        for entry in page.rows
    ]
    return render(
        request,
        "sso/log.html",
        {
            "context": context,
            "page": page,
            # Above the newest entries only: further down, or filtered, somebody looks for one.
            "strip": None if request.GET else _latest(context.organization),
            "rows": rows,
            "q": text,
            "outcome": outcome,
            "outcomes": LogEntry.Outcome.choices,
            "provider": _called(kind),
        },
    )


@manages_security
@require_GET
def download(request: HttpRequest, context: OrganizationContext, reference: str) -> HttpResponse:
    """The message of a refusal or a test with its signature, as a file of text."""
    entry = LogEntry.objects.filter(
        organization=context.organization, reference=reference[:20]
    ).first()
    if entry is None or not entry.xml:
        raise Http404
    response = HttpResponse(entry.xml, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{entry.reference}.xml.txt"'
    return response


def _called(kind: Kind) -> str:
    """Return the identity provider's name as it stands after "In"."""
    return _("your identity provider") if kind is Kind.OTHER else str(NAMES[kind])


def _latest(organization: Organization) -> Strip:
    """The newest answers side by side: since when people are refused is seen at a glance."""
    newest = LogEntry.objects.filter(organization=organization).order_by("-id")
    answers = list(newest.only("at", "outcome")[:ANSWERS_SHOWN])
    refused = sum(entry.outcome == LogEntry.Outcome.REFUSED for entry in answers)
    summary = ngettext(
        "%(refused)d of the last %(all)d answer was refused.",
        "%(refused)d of the last %(all)d answers were refused.",
        len(answers),
    ) % {"refused": refused, "all": len(answers)}
    marks = [
        (
            entry.at,
            TONES.get(LogEntry.Outcome(entry.outcome), "neutral"),
            entry.get_outcome_display(),
        )
        for entry in reversed(answers)
    ]
    return strip("", summary, marks)


def _line(finding: dict[str, object], kind: Kind) -> Line:
    code = str(finding.get("code") or "")
    values = finding.get("values")
    words = sentence(code, values if isinstance(values, dict) else {}) if code else ""
    name = str(finding.get("check"))
    return Line(
        title=str(TITLES.get(name, name)),
        passed=not code,
        text=words if code in REASONS else str(finding.get("found") or _("passed")),
        field=field_name(code, kind),
    )
