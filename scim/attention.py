"""People whom the provider wants in and who must be invited first (SCIM-12)."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Organization
from scim.models import NeedsAttention, UserResource

_NOTE = """
INSERT INTO scim_needsattention (organization_id, address, first_at, last_at, times)
    VALUES (%(organization)s, %(address)s, %(now)s, %(now)s, 1)
    ON CONFLICT (organization_id, address) WHERE resolved_at IS NULL
    DO UPDATE SET last_at = %(now)s, times = scim_needsattention.times + 1
    RETURNING times
"""


@transaction.atomic
def note_refusal(organization: Organization, address: str, *, actor: Actor) -> None:
    """Remember that somebody must be invited; told in the audit log once, not at each retry."""
    values: dict[str, Any] = {
        "organization": organization.pk,
        "address": address,
        "now": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values)
        times = cursor.fetchone()[0]
    if times == 1:
        record_event(
            Event.SCIM_MEMBER_REFUSED, organization=organization, actor=actor, target=address
        )


def waiting(organization: Organization) -> list[NeedsAttention]:
    """Give those still waiting; whoever is a member by now is resolved on the way."""
    rows = NeedsAttention.objects.filter(organization=organization, resolved_at=None)
    addresses = rows.values_list("address", flat=True)
    members = UserResource.objects.filter(
        organization=organization, user_name_key__in=list(addresses)
    ).values_list("user_name_key", flat=True)
    rows.filter(address__in=list(members)).update(resolved_at=timezone.now())
    return list(rows.order_by("-last_at"))


def dismiss(organization: Organization, address: str) -> None:
    """Let a row go; the provider's next try brings it back."""
    NeedsAttention.objects.filter(
        organization=organization, address=address, resolved_at=None
    ).update(resolved_at=timezone.now())
