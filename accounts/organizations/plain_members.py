"""What members.py does, for those who hold nothing but a membership: in a few statements.

Identity providers create and deactivate people by the thousand. The services ask a dozen questions
whose answer is no for nearly everybody (an owner? an open invitation? a request to join?). Here
one statement asks them all; for whoever is not plain the functions do nothing and say so, and the
caller goes the long way by the services.

All are called in a transaction that holds the organization's lock (members.lock), by an actor
who is no person: ranks are judged by the services.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Membership, Organization, Role, User
from accounts.organizations.members import concerned_by_hooks
from accounts.prepared import Prepared, insertion, named_values_of

_OPEN_INVITATION = """EXISTS (SELECT 1 FROM accounts_invitation i
    WHERE i.organization_id = {organization} AND i.accepted_at IS NULL AND i.revoked_at IS NULL
        AND lower(i.email) {matches})"""


@cache
def _look() -> Prepared:
    """Built once all apps have registered their hooks."""
    invited = _OPEN_INVITATION.format(
        organization="m.organization_id", matches="IN (lower(u.email), lower(m.email))"
    )
    return Prepared(
        "plain_member",
        f"""SELECT m.public_id, m.email, m.first_name, m.last_name, m.role, m.status,
            u.email, u.first_name, u.last_name,
            (SELECT count(*) FROM usersessions_usersession s WHERE s.user_id = u.id),
            m.role = 'member' AND NOT {invited} AND NOT ({concerned_by_hooks()})
        FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id
        WHERE m.id = %s AND m.organization_id = %s""",  # noqa: S608 - conditions of our own
    )


_DEACTIVATE = Prepared(
    "deactivate_member",
    "UPDATE accounts_membership SET status = 'deactivated', deactivated_at = %(now)s,"
    " access_valid_from = %(now)s, deactivated_by = %(by)s WHERE id = %(id)s",
)
_REACTIVATE = Prepared(
    "reactivate_member",
    "UPDATE accounts_membership SET status = 'active', deactivated_at = NULL,"
    " access_valid_from = %s, deactivated_by = '' WHERE id = %s",
)
# An account, its address, its membership; nothing where the address is known in any way.
_CREATE = Prepared(
    "create_member",
    f"""WITH account AS ({insertion(User)}),
    address AS ({insertion(EmailAddress, user_id="(SELECT id FROM account)")}),
    member AS ({insertion(Membership, user_id="(SELECT id FROM account)")})
    SELECT account.id, member.id FROM account, member""",  # noqa: S608 - names of our own tables
)
_KNOWN = Prepared(
    "known_address",
    "SELECT EXISTS (SELECT 1 FROM accounts_user WHERE lower(email) = %(address)s::text) OR "  # noqa: S608 - conditions of our own
    + _OPEN_INVITATION.format(organization="%(organization)s", matches="= %(address)s::text"),
)


@dataclass(frozen=True, slots=True)
class PlainMember:
    """A member who can be switched off and on without the services."""

    membership: Membership
    sessions: int


def find_plain(organization: Organization, membership_id: int) -> PlainMember | None:
    """Return the member as of now, or None for whom the services have to see."""
    rows = _look().rows((membership_id, organization.pk))
    if not rows or not rows[0][-1]:
        return None
    public_id, email, first, last, role, status, own, own_first, own_last, sessions, _ = rows[0]
    membership = Membership(
        pk=membership_id,
        public_id=public_id,
        organization=organization,
        user=User(email=own, first_name=own_first, last_name=own_last),
        email=email,
        first_name=first,
        last_name=last,
        role=role,
        status=status,
    )
    return PlainMember(membership, sessions)


def deactivate_plain(plain: PlainMember, *, actor: Actor, by: str) -> None:
    """Do what deactivate_member() does."""
    membership = plain.membership
    _DEACTIVATE.rows({"now": timezone.now(), "by": by, "id": membership.pk})
    record_event(
        Event.MEMBER_DEACTIVATED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"by": by, "role": membership.role},
    )


def reactivate_plain(plain: PlainMember, *, actor: Actor) -> None:
    """Do what reactivate_member() does."""
    membership = plain.membership
    _REACTIVATE.rows((timezone.now(), membership.pk))
    record_event(
        Event.MEMBER_REACTIVATED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"role": membership.role},
    )


def create_plain(
    organization: Organization,
    address: str,
    *,
    source: str,
    actor: Actor,
    first_name: str = "",
    last_name: str = "",
) -> Membership | None:
    """Do what new_account() and add_member() do, for an address that nobody has seen before.

    Returns None, with nothing done, where an account has the address or an invitation waits for
    it. Raises IntegrityError as they do.
    """
    if _KNOWN.rows({"address": address, "organization": organization.pk})[0][0]:
        return None
    user = User(email=address)
    user.set_unusable_password()
    membership = Membership(
        organization=organization,
        user=user,
        role=Role.MEMBER,
        source=source,
        email=address,
        first_name=first_name,
        last_name=last_name,
    )
    given = EmailAddress(user=user, email=address, primary=True, verified=False)
    [(user.pk, membership.pk)] = _CREATE.rows(
        {**named_values_of(user), **named_values_of(membership), **named_values_of(given)}
    )
    record_event(
        Event.MEMBER_ADDED,
        organization=organization,
        actor=actor,
        target=membership,
        data={"role": str(Role.MEMBER), "source": str(source)},
    )
    return membership
