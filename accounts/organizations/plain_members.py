"""What members.py does, for those who hold nothing but a membership: in one round trip.

Identity providers create and deactivate people by the thousand, eight at a time. The services hold
the organization's lock while they ask a dozen questions, one by one, whose answer is no for nearly
everybody (an owner? an open invitation? a request to join?). Here the statement that changes asks
them all itself, writes its audit event, and holds the lock for the millisecond that this takes.
For whoever is not plain it changes nothing, and the caller goes the long way by the services.

What is given here are the parts of a WITH: the caller adds its own (what else is written with the
change, from `member` or `changed`) and runs it all by accounts.prepared.at_once(), after locking().
Actors are no persons: ranks are judged by the services.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import make_event
from accounts.models import AuditEvent, Membership, Organization, Role, User
from accounts.organizations.members import concerned_by_hooks
from accounts.prepared import Prepared, Values, insertion, named_values_of, values_of_new

Call = tuple[Prepared, Values]

# Two of these go on side by side; the services' FOR UPDATE waits for both, and they for it.
_SHARE_LOCK = Prepared(
    "share_lock", "SELECT FROM accounts_organization WHERE id = %s FOR KEY SHARE"
)
_OPEN_INVITATION = """EXISTS (SELECT 1 FROM accounts_invitation i
    WHERE i.organization_id = {organization} AND i.accepted_at IS NULL AND i.revoked_at IS NULL
        AND lower(i.email) {matches})"""


def _plain() -> str:
    """Return who can be deactivated without the services, as a condition over `m` and `u`."""
    invited = _OPEN_INVITATION.format(
        organization="m.organization_id", matches="IN (lower(u.email), lower(m.email))"
    )
    return f"m.role = 'member' AND NOT {invited} AND NOT ({concerned_by_hooks()})"


def looking() -> str:
    """Give the columns over `m` and `u` that plain_of() reads.

    To be asked for once all apps have registered their hooks, as deactivating().
    """
    return f"""m.id, m.public_id, m.email, m.first_name, m.last_name, m.role, u.email,
        u.first_name, u.last_name,
        (SELECT count(*) FROM usersessions_usersession s WHERE s.user_id = u.id), {_plain()}"""  # noqa: S608 - conditions of our own


def deactivating() -> str:
    """Give deactivate_member() as parts of a WITH; `changed` is empty where it is not for us."""
    return f"""plain AS (
        SELECT m.id FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id
            WHERE m.id = %(id)s AND m.status = 'active' AND {_plain()}
    ), changed AS (
        UPDATE accounts_membership m SET status = 'deactivated', deactivated_at = %(now)s,
            access_valid_from = %(now)s, deactivated_by = %(by)s
            FROM plain WHERE m.id = plain.id AND m.status = 'active' AND m.role = 'member'
            RETURNING m.id
    ), event AS ({insertion(AuditEvent, "FROM changed")})"""  # noqa: S608 - conditions of our own


# reactivate_member() likewise.
REACTIVATING = f"""changed AS (
        UPDATE accounts_membership SET status = 'active', deactivated_at = NULL,
            access_valid_from = %(now)s, deactivated_by = ''
            WHERE id = %(id)s AND status = 'deactivated' RETURNING id
    ), event AS ({insertion(AuditEvent, "FROM changed")})"""  # noqa: S608 - names of our own tables
_NOBODY_KNOWS = "WHERE NOT EXISTS (SELECT 1 FROM accounts_user WHERE lower(email) = {0}) AND NOT "
# new_account() and add_member(): nothing where an account has the address or an invitation waits
# for it; IntegrityError where another member goes by it, or two are created at once.
CREATING = (
    "account AS ("
    + insertion(
        User,
        _NOBODY_KNOWS.format("%(accounts_user_email)s")
        + _OPEN_INVITATION.format(
            organization="%(accounts_membership_organization_id)s",
            matches="= %(accounts_user_email)s",
        ),
    )
    + f"""),
    address AS ({insertion(EmailAddress, "FROM account", user_id="account.id")}),
    member AS ({insertion(Membership, "FROM account", user_id="account.id")}),
    event AS ({insertion(AuditEvent, "FROM member")})"""
)


def locking(organization: Organization) -> Call:
    """Give the statement that comes first, before any other row is locked."""
    return _SHARE_LOCK, [organization.pk]


@dataclass(frozen=True, slots=True)
class PlainMember:
    """A member who can be switched off and on without the services, and their open sessions."""

    membership: Membership
    sessions: int


def plain_of(organization: Organization, columns: Sequence[Any]) -> PlainMember | None:
    """Return the member whom looking() saw, or None for whom the services have to see."""
    *columns, sessions, is_plain = columns
    if not is_plain:
        return None
    pk, public_id, email, first, last, role, own, own_first, own_last = columns
    membership = Membership(
        pk=pk,
        public_id=public_id,
        organization=organization,
        user=User(public_id="", email=own, first_name=own_first, last_name=own_last),
        email=email,
        first_name=first,
        last_name=last,
        role=role,
    )
    return PlainMember(membership, sessions)


def values_of_deactivation(
    plain: PlainMember, *, actor: Actor, by: str, now: datetime
) -> dict[str, Any]:
    """Give the values of deactivating(); done where access_valid_from is ``now``."""
    membership = plain.membership
    event = make_event(
        Event.MEMBER_DEACTIVATED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"by": by, "role": membership.role},
    )
    return {"id": membership.pk, "now": now, "by": by, **named_values_of(event)}


def values_of_reactivation(plain: PlainMember, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Give the values of REACTIVATING; done where access_valid_from is ``now``."""
    membership = plain.membership
    event = make_event(
        Event.MEMBER_REACTIVATED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"role": membership.role},
    )
    return {"id": membership.pk, "now": now, **named_values_of(event)}


def values_of_creation(membership: Membership, *, actor: Actor) -> dict[str, Any]:
    """Give the values of CREATING for a membership whose user, too, is not saved yet.

    The address is in lower case.
    """
    event = make_event(
        Event.MEMBER_ADDED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"role": str(Role.MEMBER), "source": str(membership.source)},
    )
    email = membership.user.email
    return {
        # Unusable as make_password(None) makes it, which asks the system for every letter.
        **values_of_new(
            User, email=email, password=UNUSABLE_PASSWORD_PREFIX + secrets.token_urlsafe(30)
        ),
        **values_of_new(EmailAddress, email=email, primary=True, verified=False),
        **named_values_of(membership),
        **named_values_of(event),
    }
