"""The SSO log: every answer of an identity provider, and why it was refused (SSO-11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection as database
from django.utils import timezone

from accounts.models import Organization
from accounts.prepared import Insertion
from sso.models import LogEntry, as_json
from sso.saml.attributes import clean_text
from sso.saml.checks import Finding
from sso.saml.message import Message
from sso.saml.reasons import Refused

KEPT_FOR = timedelta(days=90)
XML_KEPT_FOR = timedelta(days=7)
# A stranger can post rubbish that names an organization: its log stays readable all the same.
MOST_REFUSALS = 10_000  # kept for one organization
LONGEST_XML = 64 * 1024  # characters
_ENTRIES = Insertion(LogEntry)


def accepted(
    organization: Organization,
    message: Message,
    *,
    flow: str,
    certificate: str,
    address: str,
    ip: str | None,
    user_agent: str,
    first_sign_in: bool = False,
) -> LogEntry:
    """Note a sign-in; its XML is not kept."""
    entry = _entry(organization, message, ip=ip, user_agent=user_agent)
    entry.outcome = LogEntry.Outcome.ACCEPTED
    entry.flow, entry.certificate, entry.address = flow, certificate, address
    _ENTRIES.save(entry)
    return entry


def refused(
    refusal: Refused,
    *,
    organization: Organization | None,
    message: Message | None,
    xml: str = "",
    address: str = "",
    certificate: str = "",
    flow: str = "",
    ip: str | None,
    user_agent: str,
) -> LogEntry:
    """Note a refusal with its reason, bounded whatever the message was."""
    entry = _entry(organization, message, ip=ip, user_agent=user_agent)
    entry.outcome = LogEntry.Outcome.REFUSED
    entry.code = refusal.code
    entry.values = {
        k: as_json(v)[:1000] if isinstance(v, str) else as_json(v)
        for k, v in refusal.values.items()
    }
    entry.address, entry.certificate, entry.flow = address[:254], certificate, flow
    text = message.xml.decode("utf-8", "replace") if message else xml
    entry.xml = _storable(text)
    _ENTRIES.save(entry)
    return entry


def tested(
    organization: Organization,
    findings: list[Finding],
    message: Message | None,
    *,
    xml: str,
    address: str,
    certificate: str,
    ip: str | None,
    user_agent: str,
) -> LogEntry:
    """Note a test: every check, and all that came, for the admin who ran it (SSO-10)."""
    entry = _entry(organization, message, ip=ip, user_agent=user_agent)
    entry.outcome = LogEntry.Outcome.TEST
    entry.flow = LogEntry.Flow.SERVICE_PROVIDER
    failed = next((finding for finding in findings if finding.code), None)
    if failed is not None:
        entry.code = failed.code
        entry.values = {name: as_json(value) for name, value in failed.values.items()}
    entry.findings = [
        {
            "check": finding.check,
            "found": _storable(finding.found),
            "code": finding.code,
            "values": {name: as_json(value) for name, value in finding.values.items()},
        }
        for finding in findings
    ]
    entry.address, entry.certificate = address[:254], certificate
    if message is not None:
        entry.attributes = {
            name[:200]: [clean_text(value)[:500] for value in values[:50]]
            for name, values in list(message.attributes.items())[:100]
        }
    entry.xml = _storable(message.xml.decode("utf-8", "replace") if message else xml)
    _ENTRIES.save(entry)
    return entry


def clean_up() -> int:
    """Delete what is older than its time, and what is beyond the bound; returns how many rows."""
    now = timezone.now()
    LogEntry.objects.filter(at__lt=now - XML_KEPT_FOR).exclude(xml="").update(xml="")
    deleted, _kinds = LogEntry.objects.filter(at__lt=now - KEPT_FOR).delete()
    return deleted + _delete_beyond_bound()


def _delete_beyond_bound() -> int:
    with database.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM sso_logentry WHERE id IN (
                SELECT id FROM (
                    SELECT id, row_number() OVER (PARTITION BY organization_id ORDER BY id DESC) n
                    FROM sso_logentry WHERE outcome = 'refused'
                ) numbered WHERE n > %s
            )
            """,
            [MOST_REFUSALS],
        )
        return int(cursor.rowcount)


def _entry(
    organization: Organization | None, message: Message | None, *, ip: str | None, user_agent: str
) -> LogEntry:
    entry = LogEntry(organization=organization, ip=ip, user_agent=_storable(user_agent)[:300])
    if message is not None:
        entry.issuer = _storable(message.issuer)[:1024]
        entry.assertion_id = message.assertion_id[:256]
        entry.request_id = _storable(message.request_id)[:256]
        entry.name_id = _storable(message.name_id.value)[:1024] if message.name_id else ""
        names = sorted(message.attributes)[:100]
        entry.attributes = {_storable(name)[:200]: [] for name in names}
    return entry


def _storable(text: str) -> str:
    """Text that PostgreSQL takes (no NUL), bounded."""
    return text[:LONGEST_XML].replace("\x00", "\ufffd")


def values_of(entry: LogEntry) -> dict[str, Any]:
    """The values of a refusal, as the sentence takes them."""
    return dict(entry.values)
