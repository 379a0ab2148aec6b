"""The two changes that providers make by the thousand, for users who hold nothing else.

Each is one round trip (accounts.organizations.plain_members says why): the change and its audit
event, the user as they are then, and the line of the request log, which has no other commit to
wait for. None means that nothing was changed, and scim.users has to go the long way, under the
organization's lock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from http import HTTPStatus

from django.db import DataError, IntegrityError
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Membership, Role, User
from accounts.organizations import plain_members
from accounts.prepared import Prepared, at_once
from scim import batches, journal
from scim.caller import Caller, admit_by
from scim.journal import Entry
from scim.reads import (
    BY_ID_AFTER_SWITCH,
    admitting_with_user,
    values_of_id,
    values_of_user,
)
from scim.rendering import UserRow
from scim.wire.documents import Described

# The trigger that gives each member a resource finds that this one has it, with its document.
_CREATE = Prepared(
    "create_user",
    f"""WITH {plain_members.CREATING}, resource AS (
        INSERT INTO scim_userresource (membership_id, organization_id, resource_id, user_name,
                user_name_key, domain, external_id, document, name_made_up, created_at,
                modified_at)
            SELECT id, %(organization)s::bigint, %(resource_id)s::text, %(user_name)s::text,
                %(address)s::text, substring(%(address)s::text from '[^@]*$'),
                %(external_id)s::text, %(document)s::jsonb, %(name_made_up)s::boolean,
                statement_timestamp(), statement_timestamp()
            FROM member
            RETURNING membership_id, resource_id, user_name, external_id, document, created_at,
                modified_at
    ), {journal.line("member")}
    SELECT r.membership_id, r.resource_id, r.user_name, r.external_id, true, r.document::text,
        r.created_at, r.modified_at, account.id, '', NULL FROM resource r, account""",  # noqa: S608 - parts of our own
)
# Division by zero ends the transaction where somebody changed the user since they were read.
_LOCK_UNCHANGED = Prepared(
    "lock_unchanged",
    """SELECT 1 / count(*) FROM (SELECT FROM scim_userresource
        WHERE membership_id = %s AND modified_at = %s FOR NO KEY UPDATE) unchanged""",
)
_REACTIVATE = Prepared(
    "reactivate_user",
    f"WITH {plain_members.REACTIVATING}, {journal.line('changed')} SELECT FROM changed",
)


@cache
def _deactivate() -> Prepared:
    """Built once all apps have registered their hooks, as the next."""
    parts = f"{plain_members.deactivating()}, {batches.COUNTED}, {journal.line('changed')}"
    return Prepared("deactivate_user", f"WITH {parts} SELECT FROM changed")


@cache
def _admit() -> Prepared:
    return admitting_with_user("admit_to_switch", plain_members.looking())


def create(
    caller: Caller,
    address: str,
    described: Described,
    first_name: str,
    last_name: str,
    *,
    name_made_up: bool,
    actor: Actor,
    entry: Entry,
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
    told = replace(entry, status=HTTPStatus.CREATED, resource_id=membership.public_id)
    values = {
        **plain_members.values_of_creation(membership, actor=actor),
        **told.values(caller, membership.joined_at),
        "address": address,
        "user_name": described.user_name,
        "external_id": described.external_id,
        "document": described.text,
        "name_made_up": name_made_up,
    }
    try:
        rows = at_once(plain_members.locking(caller.organization), (_CREATE, values))
    except IntegrityError:
        return None  # known by that address, or created at this instant: users.py says which
    if not rows:
        return None
    entry.is_written = True
    return UserRow(*rows[0])


@dataclass(frozen=True, slots=True)
class Seen:
    """A user, and what is needed to switch them where they are plain."""

    row: UserRow
    plain: plain_members.PlainMember | None


def admit_to_change(header: str, resource_id: str) -> tuple[Caller, Seen | None]:
    """Admit a request (scim.caller.admit) and look at the user whom it may switch."""
    caller, found = admit_by(_admit(), header, **values_of_user(resource_id))
    columns, looked_at = found[: len(UserRow._fields)], found[len(UserRow._fields) :]
    if columns[0] is None:
        return caller, None
    return caller, Seen(UserRow(*columns), plain_members.plain_of(caller.organization, looked_at))


def switch(
    caller: Caller,
    row: UserRow,
    plain: plain_members.PlainMember,
    active: bool,
    *,
    actor: Actor,
    entry: Entry,
) -> UserRow | None:
    """Deactivate or reactivate a user who is still as ``row`` says."""
    now = timezone.now()
    values = replace(entry, status=HTTPStatus.OK).values(caller, now)
    if active:
        change = _REACTIVATE
        values |= plain_members.values_of_reactivation(plain, actor=actor, now=now)
    else:
        change, by = _deactivate(), Membership.DeactivatedBy.SCIM
        values |= plain_members.values_of_deactivation(plain, actor=actor, by=by, now=now)
        values["since"] = now - batches.ONE_BATCH
    try:
        rows = at_once(
            plain_members.locking(caller.organization),
            (_LOCK_UNCHANGED, (row.membership_id, row.modified_at)),
            (change, values),
            (BY_ID_AFTER_SWITCH, (now, *values_of_id(caller, row.resource_id))),
        )
    except DataError:
        return None
    if not rows:
        return None
    done, size, told, members, *columns = rows[0]
    if not done:
        return None
    entry.is_written = True
    if not active:
        batches.tell_if_many(caller.organization, size, told, members, actor)
    return UserRow(*columns)
