"""Tokens: one an organization, shown once, stored as a hash (SCIM-1)."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils import timezone

from accounts import policy
from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Organization
from scim.models import Directory, Token, digest_of, new_secret

_DESCRIBE_MEMBERS = """
INSERT INTO scim_userresource (membership_id, organization_id, resource_id, user_name,
        user_name_key, domain, external_id, created_at, modified_at)
    SELECT m.id, m.organization_id, m.public_id, a.address, lower(a.address),
        coalesce(lower(substring(a.address from '@([^@]*)$')), ''), '', m.joined_at, m.joined_at
    FROM accounts_membership m
    JOIN accounts_user u ON u.id = m.user_id
    CROSS JOIN LATERAL (SELECT coalesce(nullif(m.email, ''), u.email) AS address) a
    WHERE m.organization_id = %s
        AND NOT EXISTS (SELECT 1 FROM scim_userresource r WHERE r.membership_id = m.id)
    ON CONFLICT DO NOTHING
"""


def live_token(organization: Organization) -> Token | None:
    """Give the organization's one token that works, or None."""
    return Token.objects.filter(organization=organization, revoked_at=None).first()


@transaction.atomic
def issue_token(organization: Organization, *, actor: Actor) -> tuple[Token, str]:
    """Turn SCIM on with a new token; the one before dies in the same transaction.

    The second value is the secret: show it once, it is stored nowhere. Raises PolicyRefused
    where the plan has no SCIM.
    """
    policy.change(organization, actor=actor, scim_enabled=True)
    _revoke_live(organization, actor)
    secret = new_secret()
    token = Token.objects.create(
        organization=organization,
        digest=digest_of(secret),
        ending=secret[-4:],
        created_by=actor.user,
    )
    record_event(
        Event.SCIM_TOKEN_CREATED,
        organization=organization,
        actor=actor,
        target=token,
        data={"ending": token.ending},
    )
    describe_members(organization)
    return token, secret


def revoke_token(organization: Organization, *, actor: Actor) -> None:
    """Drop the token without a new one: SCIM is off, and admins may edit names again (SCIM-12)."""
    policy.change(organization, actor=actor, scim_enabled=False)


def turned_off(organization: Organization, actor: Actor) -> None:
    """Let the token die with the switch, by an admin's hand or a downgrade."""
    _revoke_live(organization, actor)


def describe_members(organization: Organization) -> int:
    """Make the user resources that are missing; from then on triggers keep them in step."""
    Directory.objects.get_or_create(organization=organization)
    with connection.cursor() as cursor:
        cursor.execute(_DESCRIBE_MEMBERS, [organization.pk])
        return int(cursor.rowcount)


def _revoke_live(organization: Organization, actor: Actor) -> None:
    live = Token.objects.select_for_update().filter(organization=organization, revoked_at=None)
    for token in live:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        record_event(
            Event.SCIM_TOKEN_REVOKED,
            organization=organization,
            actor=actor,
            target=token,
            data={"ending": token.ending},
        )
