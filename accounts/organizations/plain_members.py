"""What members.py does, for those who hold nothing but a membership: in one round trip.

Identity providers create and deactivate people by the thousand, eight at a time. The services hold
the organization's lock while they ask a dozen questions, one by one, whose answer is no for nearly
everybody (an owner? an open invitation? a request to join?). Here the statement that changes asks
them all itself, writes its audit event, and holds the lock for the millisecond that this takes.
For whoever is not plain it changes nothing, and the caller goes the long way by the services.

The functions give statements for accounts.prepared.at_once(), which the caller runs after its own
and before what reads the outcome. Actors are no persons: ranks are judged by the services.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from allauth.account.models import EmailAddress

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import make_event
from accounts.models import AuditEvent, Membership, Organization, Role, User
from accounts.organizations.members import concerned_by_hooks
from accounts.prepared import Prepared, Values, insertion, named_values_of

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


@cache
def _look() -> Prepared:
    """Built once all apps have registered their hooks, as the next."""
    return Prepared(
        "plain_member",
        f"""SELECT m.public_id, m.email, m.first_name, m.last_name, m.role,
            u.email, u.first_name, u.last_name,
            (SELECT count(*) FROM usersessions_usersession s WHERE s.user_id = u.id), {_plain()}
        FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id
        WHERE m.id = %s AND m.organization_id = %s""",  # noqa: S608 - conditions of our own
    )


@cache
def _deactivate() -> Prepared:
    return Prepared(
        "deactivate_member",
        f"""WITH plain AS (
            SELECT m.id FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id
                WHERE m.id = %(id)s AND m.status = 'active' AND {_plain()}
        ), changed AS (
            UPDATE accounts_membership m SET status = 'deactivated', deactivated_at = %(now)s,
                access_valid_from = %(now)s, deactivated_by = %(by)s
                FROM plain WHERE m.id = plain.id AND m.status = 'active' AND m.role = 'member'
                RETURNING m.id
        ) {insertion(AuditEvent, "FROM changed")}""",  # noqa: S608 - conditions of our own
    )


_REACTIVATE = Prepared(
    "reactivate_member",
    f"""WITH changed AS (
        UPDATE accounts_membership SET status = 'active', deactivated_at = NULL,
            access_valid_from = %(now)s, deactivated_by = ''
            WHERE id = %(id)s AND status = 'deactivated' RETURNING id
    ) {insertion(AuditEvent, "FROM changed")}""",  # noqa: S608 - names of our own tables
)
_NOBODY_KNOWS = "WHERE NOT EXISTS (SELECT 1 FROM accounts_user WHERE lower(email) = {0}) AND NOT "
# An account, its address, its membership; nothing where account or invitation have the address.
_CREATE = Prepared(
    "create_member",
    "WITH account AS ("
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
    member AS ({insertion(Membership, "FROM account", user_id="account.id")})
    {insertion(AuditEvent, "FROM member")}""",
)


def locking(organization: Organization) -> Call:
    """Give the statement that comes first, before any other row is locked."""
    return _SHARE_LOCK, [organization.pk]


@dataclass(frozen=True, slots=True)
class PlainMember:
    """A member who can be switched off and on without the services, and their open sessions."""

    membership: Membership
    sessions: int


def find_plain(organization: Organization, membership_id: int) -> PlainMember | None:
    """Return the member, or None for whom the services have to see."""
    rows = _look().rows((membership_id, organization.pk))
    if not rows or not rows[0][-1]:
        return None
    public_id, email, first, last, role, own, own_first, own_last, sessions, _ = rows[0]
    membership = Membership(
        pk=membership_id,
        public_id=public_id,
        organization=organization,
        user=User(public_id="", email=own, first_name=own_first, last_name=own_last),
        email=email,
        first_name=first,
        last_name=last,
        role=role,
    )
    return PlainMember(membership, sessions)


def deactivating(plain: PlainMember, *, actor: Actor, by: str, now: datetime) -> Call:
    """Give the statement of deactivate_member(); done where access_valid_from is ``now``."""
    membership = plain.membership
    event = make_event(
        Event.MEMBER_DEACTIVATED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"by": by, "role": membership.role},
    )
    values = {"id": membership.pk, "now": now, "by": by, **named_values_of(event)}
    return _deactivate(), values


def reactivating(plain: PlainMember, *, actor: Actor, now: datetime) -> Call:
    """Give the statement of reactivate_member(); done where access_valid_from is ``now``."""
    membership = plain.membership
    event = make_event(
        Event.MEMBER_REACTIVATED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"role": membership.role},
    )
    values = {"id": membership.pk, "now": now, **named_values_of(event)}
    return _REACTIVATE, values


def creating(membership: Membership, *, actor: Actor) -> Call:
    """Give the statement of new_account() and add_member(); its user, too, is not saved yet.

    The address is in lower case. Nothing happens where an account has it or an invitation waits
    for it; IntegrityError where another member goes by it, or both happen at once.
    """
    user = membership.user
    user.set_unusable_password()
    event = make_event(
        Event.MEMBER_ADDED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"role": str(Role.MEMBER), "source": str(membership.source)},
    )
    address = EmailAddress(user=user, email=user.email, primary=True, verified=False)
    values = {
        name: value
        for row in (user, address, membership, event)
        for name, value in named_values_of(row).items()
    }
    return _CREATE, values
