"""What must hold for a message to be accepted, as a list of named checks.

Signing in stops at the first that fails; the test report runs them all. Each raises Refused, or
returns what it found, for the report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

from sso.saml import signature
from sso.saml.attributes import address_of
from sso.saml.certificates import PinnedCertificate, expired_on, shorten
from sso.saml.message import Confirmation, Message
from sso.saml.reasons import Refused
from sso.saml.service_provider import IdentityProvider, ServiceProvider, check_by_library

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SKEW: Final = timedelta(seconds=120)
OLDEST_ISSUE: Final = timedelta(hours=1)
LONGEST_LIFE: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection as the checks see it."""

    public_id: str
    version: str
    issuer: str
    sign_in_url: str
    certificates: tuple[PinnedCertificate, ...]  # expired ones too: they are named, never used

    def usable(self, at: datetime) -> tuple[PinnedCertificate, ...]:
        return tuple(c for c in self.certificates if c.is_usable(at))

    def identity_provider(self, at: datetime) -> IdentityProvider:
        return IdentityProvider(
            connection=self.public_id,
            version=self.version,
            issuer=self.issuer,
            sign_in_url=self.sign_in_url,
            certificates=tuple(certificate.pem for certificate in self.usable(at)),
        )


@dataclass(slots=True)
class Examination:
    """A message under examination, and what was learned of it so far."""

    message: Message
    connection: Connection
    service_provider: ServiceProvider  # acs_url: the URL at which the message was taken
    now: datetime
    certificate: PinnedCertificate | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check said; `code` is "" where it passed."""

    check: str
    found: str = ""
    code: str = ""
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold: its name, its title in the report, and how it is found out."""

    name: str
    title: StrOrPromise
    run: Callable[[Examination], str]


def examine(examination: Examination, checks: Sequence[Check] | None = None) -> None:
    """Refused by the first check that fails."""
    for check in CHECKS if checks is None else checks:
        check.run(examination)


def collect(examination: Examination, checks: Sequence[Check] | None = None) -> list[Finding]:
    """What each check says, for the test report."""
    findings = []
    for check in CHECKS if checks is None else checks:
        try:
            findings.append(Finding(check.name, found=check.run(examination)[:500]))
        except Refused as refusal:
            findings.append(Finding(check.name, code=refusal.code, values=refusal.values))
    return findings


def check_issuer(examination: Examination) -> str:
    message, expected = examination.message, examination.connection.issuer
    # The Response's own Issuer is optional and often unsigned, but it may not contradict.
    for found in (message.issuer, message.response_issuer):
        if found is not None and found != expected:
            raise Refused("unknown_issuer", found=found[:300] or "(empty)", expected=expected)
    return message.issuer


def check_signature(examination: Examination) -> str:
    message, connection = examination.message, examination.connection
    usable = connection.usable(examination.now)
    examination.certificate = signature.verifying(message, usable)
    if examination.certificate is not None:
        return shorten(examination.certificate.fingerprint)
    others = [c for c in connection.certificates if c not in usable]
    outdated = signature.verifying(message, others) if others else None
    if outdated is not None:
        raise Refused("certificate_expired", found=expired_on([outdated]))
    named = ", ".join(shorten(name) for name in signature.named_fingerprints(message))
    raise Refused("signature", count=len(usable), found=named or "(none named)")


def check_audience(examination: Examination) -> str:
    """At least one restriction, and each of them names us exactly."""
    restrictions, expected = examination.message.audiences, examination.service_provider.entity_id
    found = "; ".join(", ".join(audiences) for audiences in restrictions)
    if not restrictions or not all(expected in audiences for audiences in restrictions):
        raise Refused("audience", found=found[:300] or "(missing)", expected=expected)
    qualifier = examination.message.name_id_qualifier
    if qualifier not in {"", expected}:
        raise Refused("audience", found=f"SPNameQualifier {qualifier[:300]}", expected=expected)
    return found


def check_recipient(examination: Examination) -> str:
    expected = examination.service_provider.acs_url
    if not _for_us(examination):
        found = ", ".join(c.recipient or "(missing)" for c in examination.message.confirmations)
        raise Refused("recipient", found=found[:300] or "(missing)", expected=expected)
    return expected


def check_destination(examination: Examination) -> str:
    """Equal if it is there; a signed response has to have it (Bindings 3.5.5.2)."""
    message, expected = examination.message, examination.service_provider.acs_url
    missing = message.destination is None
    if message.destination != expected and (message.response_is_signed or not missing):
        raise Refused(
            "destination", found=(message.destination or "(missing)")[:300], expected=expected
        )
    return message.destination or "(missing)"


def check_times(examination: Examination) -> str:
    message, now = examination.message, examination.now
    _check_not_early(now, message.not_before, *message.issue_instants)
    oldest = min(message.issue_instants, default=None)
    if oldest is None or oldest < now - OLDEST_ISSUE:
        minutes = int((now - oldest).total_seconds() // 60) if oldest else "?"
        raise Refused(
            "expired", detail=f"it was issued {minutes} minutes ago, at most 60 are taken"
        )
    _check_not_late(now, message.not_on_or_after, "Conditions NotOnOrAfter")
    if message.session_not_on_or_after is not None and message.session_not_on_or_after <= now:
        raise Refused("expired", detail="its SessionNotOnOrAfter has passed")
    # One confirmation that is good in every respect is enough.
    refusal: Refused | None = None
    for confirmation in _for_us(examination):
        try:
            end = _check_confirmation(now, confirmation)
        except Refused as caught:
            refusal = refusal or caught
        else:
            return f"{end:%Y-%m-%dT%H:%M:%SZ}"
    raise refusal or Refused("expired", detail="it has no bearer confirmation")


def check_address(examination: Examination) -> str:
    message = examination.message
    examination.address = address_of(message.attributes, message.name_id)
    return examination.address


def check_library(examination: Examination) -> str:
    check_by_library(
        examination.message,
        examination.connection.identity_provider(examination.now),
        examination.service_provider,
    )
    return "python3-saml, strict"


def valid_until(message: Message, now: datetime) -> datetime:
    """When a replay could last be valid, skew included: how long its row must be kept."""
    # A confirmation that counts ends within LONGEST_LIFE; one meant for somebody else may not.
    latest = now + LONGEST_LIFE
    ends = [c.not_on_or_after for c in message.confirmations if c.not_on_or_after is not None]
    return min(max([*ends, *message.issue_instants]), latest) + SKEW


def _for_us(examination: Examination) -> list[Confirmation]:
    expected = examination.service_provider.acs_url
    return [c for c in examination.message.confirmations if c.recipient == expected]


def _check_confirmation(now: datetime, confirmation: Confirmation) -> datetime:
    _check_not_early(now, confirmation.not_before)
    if confirmation.not_on_or_after is None:
        raise Refused("expired", detail="its SubjectConfirmationData has no NotOnOrAfter")
    _check_not_late(now, confirmation.not_on_or_after, "NotOnOrAfter")
    return confirmation.not_on_or_after


def _check_not_early(now: datetime, *starts: datetime | None) -> None:
    latest = max((start for start in starts if start is not None), default=None)
    if latest is not None and latest > now + SKEW:
        raise Refused("not_yet_valid", seconds=int((latest - now).total_seconds()))


def _check_not_late(now: datetime, end: datetime | None, name: str) -> None:
    if end is None:
        return
    if end > now + LONGEST_LIFE:
        raise Refused("expired", detail=f"its {name} is more than 24 hours ahead")
    if end + SKEW <= now:
        minutes = int((now - end).total_seconds() // 60)
        raise Refused("expired", detail=f"its {name} passed {minutes} minutes ago")


CHECKS: Final[tuple[Check, ...]] = (
    Check("issuer", _("Issuer"), check_issuer),
    Check("signature", _("Signature and certificate"), check_signature),
    Check("audience", _("Audience"), check_audience),
    Check("recipient", _("Recipient"), check_recipient),
    Check("destination", _("Destination"), check_destination),
    Check("times", _("Time of issue and validity"), check_times),
    Check("library", _("Schema and SAML profile"), check_library),
    Check("address", _("Email address"), check_address),
)
