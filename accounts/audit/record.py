"""record_event(): the one way into the audit log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.db import models, transaction

from accounts.models import AuditEvent, Invitation, Membership, Organization, User
from accounts.prepared import Insertion

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.audit.events import Event

# Line breaks, escapes and marks that turn text around: one escaped line an event (A1).
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Every change writes one.
_EVENTS = Insertion(AuditEvent)


def record_event(
    event: Event,
    *,
    organization: Organization | None = None,
    actor: Actor,
    target: models.Model | str | None = None,
    data: dict[str, Any] | None = None,
) -> AuditEvent:
    """Write one event into the transaction of the change that it tells of (A3).

    ``data`` holds ids, words and before/after values; never a secret. Names are kept as they
    were, for the event outlives what it names.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An event belongs into the transaction of its change.")
    written = make_event(event, organization=organization, actor=actor, target=target, data=data)
    _EVENTS.save(written)
    return written


def make_event(
    event: Event,
    *,
    organization: Organization | None = None,
    actor: Actor,
    target: models.Model | str | None = None,
    data: dict[str, Any] | None = None,
) -> AuditEvent:
    """Return the event for a statement that writes it together with its change."""
    kind, identifier, name = describe(target)
    user = actor.user
    return AuditEvent(
        event=event.value,
        organization_id=organization.public_id if organization else "",
        organization_name=one_line(organization.name, 80) if organization else "",
        actor_kind=actor.kind,
        actor_id=user.public_id if user else actor.identifier[:40],
        actor_name=one_line(user.display_name if user else actor.name, 254),
        actor_email=one_line(user.email, 254) if user else "",
        target_kind=kind,
        target_id=identifier,
        target_name=one_line(name, 254),
        ip=actor.ip,
        user_agent=one_line(actor.user_agent, 300),
        request_id=actor.request_id,
        data=data or {},
    )


def describe(target: models.Model | str | None) -> tuple[str, str, str]:
    """Return kind, id and name of what an event is about."""
    if target is None:
        return "", "", ""
    if isinstance(target, str):
        return "", "", target
    kind = str(target._meta.verbose_name).replace(" ", "_")  # public by documentation
    identifier = str(getattr(target, "public_id", target.pk))
    if isinstance(target, Membership):
        return kind, identifier, _named(target.name, target.address)
    if isinstance(target, User):
        return kind, identifier, _named(target.display_name, target.email)
    if isinstance(target, Invitation):
        return kind, identifier, target.email
    return kind, identifier, str(target)


def _named(name: str, address: str) -> str:
    return address if name == address else f"{name} <{address}>"


def one_line(text: str, length: int) -> str:
    """Return ``text`` on one line, control characters shown as escapes, cut to ``length``."""
    escaped = CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode(), text)
    return escaped[:length]
