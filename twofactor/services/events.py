"""Events of a person's second factor, in the log of each organization that relies on it."""

from __future__ import annotations

from typing import Any

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Organization, User


def record_for(
    user: User, event: Event, *, actor: Actor, data: dict[str, Any] | None = None
) -> None:
    """Record an event for every organization the person is an active member of, or for none."""
    found = Organization.objects.filter(memberships__user=user, memberships__status="active")
    organizations: list[Organization | None] = [*found]
    for organization in organizations or [None]:
        record_event(event, organization=organization, actor=actor, target=user, data=data)
