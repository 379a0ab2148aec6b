"""The two changes that providers make by the thousand, for users who hold nothing else.

Each is one round trip (accounts.organizations.plain_members says why): the statements of the
ground floor, ours, and the user as they are then. None means that nothing was changed, and
scim.users has to go the long way, under the organization's lock.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DataError, IntegrityError
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Membership, Role, User
from accounts.organizations import plain_members
from accounts.prepared import Prepared, at_once
from scim import batches
from scim.caller import Caller
from scim.reads import BY_ID, BY_ID_AFTER_SWITCH, values_of_id
from scim.rendering import UserRow
from scim.wire.documents import Described

_DESCRIBE = Prepared(
    "describe",
    "UPDATE scim_userresource SET user_name = %s, external_id = %s, document = %s,"
    " name_made_up = %s, modified_at = clock_timestamp() WHERE resource_id = %s",
)
_LOCK_ROW = Prepared(
    "lock_user", "SELECT FROM scim_userresource WHERE membership_id = %s FOR NO KEY UPDATE"
)
# Division by zero ends the transaction where somebody changed the user since they were read.
_UNCHANGED = Prepared(
    "unchanged_user",
    "SELECT 1 / count(*) FROM scim_userresource WHERE membership_id = %s AND modified_at = %s",
)


def create(
    caller: Caller,
    address: str,
    described: Described,
    first_name: str,
    last_name: str,
    *,
    name_made_up: bool,
    actor: Actor,
) -> UserRow | None:
    """Make somebody a member whose address nobody knows yet."""
    membership = Membership(
        organization=caller.organization,
        user=User(email=address),
        role=Role.MEMBER,
        source=Membership.Source.SCIM,
        email=address,
        first_name=first_name,
        last_name=last_name,
    )
    document = (described.user_name, described.external_id, described.text, name_made_up)
    try:
        rows = at_once(
            plain_members.locking(caller.organization),
            plain_members.creating(membership, actor=actor),
            (_DESCRIBE, (*document, membership.public_id)),
            (BY_ID, values_of_id(caller, membership.public_id)),
        )
    except IntegrityError:
        return None  # known by that address, or created at this instant: users.py says which
    return UserRow(*rows[0]) if rows else None


@dataclass(frozen=True, slots=True)
class Switched:
    """The user after the switch, and how many sessions it ended."""

    row: UserRow
    sessions: int


def switch(caller: Caller, row: UserRow, active: bool, *, actor: Actor) -> Switched | None:
    """Deactivate or reactivate a user who is still as ``row`` says."""
    plain = plain_members.find_plain(caller.organization, row.membership_id)
    if plain is None:
        return None
    now = timezone.now()
    if active:
        calls = [plain_members.reactivating(plain, actor=actor, now=now)]
    else:
        by = Membership.DeactivatedBy.SCIM
        calls = [
            plain_members.deactivating(plain, actor=actor, by=by, now=now),
            batches.counting(caller.organization, row.membership_id, now),
        ]
    try:
        rows = at_once(
            plain_members.locking(caller.organization),
            (_LOCK_ROW, [row.membership_id]),
            (_UNCHANGED, (row.membership_id, row.modified_at)),
            *calls,
            (BY_ID_AFTER_SWITCH, (now, *values_of_id(caller, row.resource_id))),
        )
    except DataError:
        return None
    if not rows:
        return None
    done, size, told, members, *columns = rows[0]
    if not done:
        return None
    if not active:
        batches.tell_if_many(caller.organization, size, told, members, actor)
    return Switched(UserRow(*columns), plain.sessions)
