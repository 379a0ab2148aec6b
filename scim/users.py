"""What a provider may do to users: each function one transaction under the organization's lock.

Raises the exceptions of scim2-models; their detail is read by the provider's admin, so it says
what to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from scim2_models import (
    ConflictException,
    ForbiddenException,
    InvalidValueException,
    NotFoundException,
    UniquenessException,
)

from accounts.actor import Actor
from accounts.addresses import InvalidAddress, domain_of, normalize_address
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Membership, Role, User
from accounts.organizations.invitations import live_invitation, withdraw
from accounts.organizations.member_addresses import move_member
from accounts.organizations.members import (
    AlreadyMember,
    LastOwner,
    add_member,
    deactivate_member,
    reactivate_member,
    remove_member,
)
from accounts.prepared import Prepared
from accounts.signin.accounts import new_account
from scim import batches, plain_users
from scim.caller import Caller
from scim.journal import Entry
from scim.models import Departure, UserResource
from scim.reads import find_user
from scim.rendering import UserRow, version_of
from scim.wire.documents import (
    Described,
    names_of,
    parse_document,
    stored_document,
    with_made_up_name,
)
from scim.wire.patching import Operation
from scim.wire.patching import patch_user as patched
from scim.wire.reading import require_text
from scim.wire.schemas import USER, Json

_TAKEN = Prepared(
    "taken",
    """
SELECT 1 FROM scim_userresource
    WHERE organization_id = %(organization)s AND user_name_key = %(address)s
        AND membership_id <> %(but)s
UNION ALL
SELECT 1 FROM accounts_user u JOIN accounts_membership m ON m.user_id = u.id
    WHERE lower(u.email) = %(address)s AND m.organization_id = %(organization)s
        AND m.id <> %(but)s
LIMIT 1
""",
)
_LOCK = Prepared("lock", "SELECT FROM accounts_organization WHERE id = %s FOR UPDATE")
_STORE = Prepared(
    "store",
    "UPDATE scim_userresource SET user_name = %s, external_id = %s, document = %s,"
    " modified_at = clock_timestamp() WHERE membership_id = %s",
)

Precondition = Callable[[str], None]
"""Given the present version; raises PreconditionFailedException where the client knew another."""


class NeedsInvitation(UniquenessException):
    """The account exists, but not here: only its owner, invited, can join (SCIM-4)."""

    def __init__(self, address: str) -> None:
        super().__init__(
            detail=f"An account for {address} exists and is not a member of this organization. "
            "Invite them (Access Security → SCIM → Needs attention); once they have joined, "
            "provisioning works."
        )
        self.address = address


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a request: the user as it is now, and the effect in an admin's words."""

    row: UserRow
    effect: str = ""


def create_user(caller: Caller, document: Json, *, actor: Actor, entry: Entry) -> Done:
    """Make somebody a member, with the role member and nothing more (SCIM-4)."""
    address = _address(caller, require_text(document, "userName"))
    is_nameless = "name" not in document
    described = stored_document(with_made_up_name(document) if is_nameless else document)
    first, last = names_of(document)
    effect = f"{_name(first, last, address)} became a member"
    if described.active is not False:
        entry.changed(effect)
        row = plain_users.create(
            caller,
            address,
            described,
            first,
            last,
            name_made_up=is_nameless,
            actor=actor,
            entry=entry,
        )
        if row is not None:
            return Done(row, effect)
    try:
        with transaction.atomic():
            membership = _admitted(caller, address, first, last, actor=actor)
            _store(membership.pk, described)
            if is_nameless:
                UserResource.objects.filter(pk=membership.pk).update(name_made_up=True)
            if described.active is False:
                deactivate_member(membership, actor=actor, by=Membership.DeactivatedBy.SCIM)
                effect += ", deactivated"
            return Done(_reread(caller, membership.public_id), effect)
    except IntegrityError:
        # The same address signed up, or was created for another organization, at this instant.
        raise UniquenessException(detail=f"An account for {address} was just created.") from None


def _address(caller: Caller, user_name: str) -> str:
    """Judge a userName: an address of a verified domain (SCIM-3)."""
    try:
        address = normalize_address(user_name)
    except InvalidAddress:
        raise InvalidValueException(
            detail="userName must be an e-mail address like name@company.com."
        ) from None
    if domain_of(address) not in caller.domains:
        raise ForbiddenException(
            detail=f"{domain_of(address)} is not a verified domain of this organization. Claim it "
            "under Access Security → Domain Claiming, or leave this user out of the assignment."
        )
    return address


def _admitted(
    caller: Caller, address: str, first_name: str, last_name: str, *, actor: Actor
) -> Membership:
    """Give the new membership, or refuse."""
    organization = caller.organization
    _lock(caller)
    _refuse_taken(caller, address)
    user = User.objects.with_address(address)
    invitation = live_invitation(organization, address)
    if user is None:
        user = new_account(address)
    elif invitation is None and not _may_return(caller, user):
        raise NeedsInvitation(address)
    if invitation is not None:
        withdraw(invitation, actor=actor)
    try:
        return add_member(
            organization,
            user,
            role=Role.MEMBER,
            source=Membership.Source.SCIM,
            actor=actor,
            email=address,
            first_name=first_name,
            last_name=last_name,
        )
    except AlreadyMember:
        raise _taken() from None


def _taken() -> UniquenessException:
    return UniquenessException(detail="A user with this userName exists in the organization.")


def _refuse_taken(caller: Caller, address: str, *, but: int = 0) -> None:
    """Refuse an address that another member here goes by, or signs in with."""
    values: dict[str, Any] = {
        "organization": caller.organization.pk,
        "address": address,
        "but": but,
    }
    if _TAKEN.rows(values):
        raise _taken()


def _may_return(caller: Caller, user: User) -> bool:
    """Tell whether this organization's SCIM itself deleted the person."""
    if Membership.objects.filter(organization=caller.organization, user=user).exists():
        return True  # add_member() says so
    return Departure.objects.filter(organization=caller.organization, user=user).exists()


def replace_user(
    caller: Caller, resource_id: str, document: Json, *, before: Precondition, actor: Actor
) -> Done:
    """Replace what is known of a user; a PUT without `active` keeps the state (OneLogin)."""
    require_text(document, "userName")
    with transaction.atomic():
        row = _locked(caller, resource_id, before)
        if json.loads(row.document).get("name") != document.get("name"):
            _made_up(row).update(name_made_up=False)
        return _change(caller, row, document, actor)


def patch_user(
    caller: Caller,
    resource_id: str,
    operations: list[Operation],
    *,
    seen: plain_users.Seen | None,
    before: Precondition,
    actor: Actor,
    entry: Entry,
) -> Done:
    """Apply operations, all or nothing; ``seen`` is the user as they were a moment ago."""
    done = _switched(
        caller, resource_id, operations, seen=seen, before=before, actor=actor, entry=entry
    )
    if done is not None:
        return done
    with transaction.atomic():
        row = _locked(caller, resource_id, before)
        document = parse_document(row.document, row.user_name, row.external_id, row.active)
        changed = patched(USER, document, operations, resource_id=resource_id)
        if changed == document:
            return Done(row)
        return _change(caller, row, _name_in_step(row, document, changed), actor)


def _switched(
    caller: Caller,
    resource_id: str,
    operations: list[Operation],
    *,
    seen: plain_users.Seen | None,
    before: Precondition,
    actor: Actor,
    entry: Entry,
) -> Done | None:
    """Switch a plain user off or on, where the operations do nothing else."""
    if not all(_is_of_active(operation) for operation in operations):
        return None
    if seen is None:
        raise _unknown()
    row, plain = seen.row, seen.plain
    before(version_of(row.modified_at))
    state = {"userName": row.user_name, "active": row.active}
    active = patched(USER, state, operations, resource_id=resource_id)["active"]
    if active == row.active:
        return Done(row)
    if plain is None or (active and row.deactivated_by == Membership.DeactivatedBy.ADMIN):
        return None
    effect = f"{row.name} was reactivated"
    if not active:
        effect = f"{row.name} was deactivated; {_sessions(plain.sessions)}"
    entry.meaning = f"Change {row.user_name}"
    entry.changed(effect)
    switched = plain_users.switch(caller, row, plain, active, actor=actor, entry=entry)
    return Done(switched, effect) if switched else None


def _is_of_active(operation: Operation) -> bool:
    """Tell whether an operation can change nothing but `active`."""
    if operation.path:
        return operation.path.lower() == "active"
    value = operation.value
    return isinstance(value, dict) and [name.lower() for name in value] == ["active"]


def _unknown() -> NotFoundException:
    return NotFoundException(detail="There is no such user in this organization.")


def _name_in_step(row: UserRow, before: Json, after: Json) -> Json:
    """Let a name that was made up follow displayName, until the provider sends one itself."""
    if before.get("name") != after.get("name"):
        _made_up(row).update(name_made_up=False)
    elif before.get("displayName") != after.get("displayName") and _made_up(row).exists():
        return with_made_up_name(after)
    return after


def _made_up(row: UserRow) -> QuerySet[UserResource]:
    return UserResource.objects.filter(pk=row.membership_id, name_made_up=True)


def delete_user(caller: Caller, resource_id: str, *, before: Precondition, actor: Actor) -> Done:
    """Remove the membership with all it held; a later POST makes a new id (SCIM-6)."""
    with transaction.atomic():
        row = _locked(caller, resource_id, before)
        ended = _open_sessions(row)
        try:
            remove_member(_key_of(caller, row), actor=actor)
        except LastOwner:
            raise _last_owner("removed") from None
        Departure.objects.get_or_create(organization=caller.organization, user_id=row.user_id)
        return Done(row, f"{row.name} was removed; {_sessions(ended)}")


def _locked(caller: Caller, resource_id: str, before: Precondition) -> UserRow:
    _lock(caller)
    row = find_user(caller, resource_id)
    if row is None:
        raise _unknown()
    before(version_of(row.modified_at))
    return row


def _lock(caller: Caller) -> None:
    """Do what accounts.organizations.members.lock() does, without reading the organization."""
    _LOCK.rows([caller.organization.pk])


def _membership(row: UserRow) -> Membership:
    return Membership.objects.select_related("organization", "user").get(pk=row.membership_id)


def _change(caller: Caller, row: UserRow, document: Json, actor: Actor) -> Done:
    """Bring membership and stored document to what the provider says, and tell what was done."""
    effects: list[str] = []
    described = stored_document(document)
    wanted = described.active
    told = (described.user_name, described.external_id, described.document)
    profile_changed = told != (row.user_name, row.external_id, json.loads(row.document))
    if not profile_changed and wanted in (None, row.active):
        return Done(row)
    if profile_changed:
        effects += _change_profile(caller, row, described, document, actor=actor)
    if wanted is not None and wanted != row.active:
        effects.append(_switch(caller, row, wanted, actor))
    return Done(_reread(caller, row.resource_id), "; ".join(filter(None, effects)))


def _change_profile(
    caller: Caller,
    row: UserRow,
    described: Described,
    document: Json,
    *,
    actor: Actor,
) -> list[str]:
    effects = []
    membership = _membership(row)
    if described.user_name.lower() != row.user_name.lower():
        effects.append(_move(caller, membership, described.user_name, actor))
    elif described.user_name != row.user_name:
        _address(caller, described.user_name)
    first, last = names_of(document)
    names = {"first_name": first, "last_name": last}
    earlier = {"first_name": membership.first_name, "last_name": membership.last_name}
    if names != earlier:
        Membership.objects.filter(pk=membership.pk).update(**names)
        membership.first_name, membership.last_name = first, last
        effects.append(f"{_name(first, last, membership.address)}'s name was updated")
    _store(membership.pk, described)
    record_event(
        Event.SCIM_MEMBER_CHANGED,
        organization=caller.organization,
        actor=actor,
        target=membership,
        data={"before": earlier, "after": names} if names != earlier else {},
    )
    return effects or [f"{membership.name}'s profile was updated"]


def _store(membership_id: int, described: Described) -> None:
    _STORE.rows((described.user_name, described.external_id, described.text, membership_id))


def _move(caller: Caller, membership: Membership, user_name: str, actor: Actor) -> str:
    """Give a member another address here; the account follows only where nobody is harmed."""
    address = _address(caller, user_name)
    _refuse_taken(caller, address, but=membership.pk)
    other = User.objects.with_address(address)
    if other is not None and other.pk != membership.user_id:
        raise UniquenessException(
            detail=f"Another account signs in as {address}, so this user cannot be renamed to it."
        )
    earlier = membership.address
    move_member(membership, address, actor=actor)
    return f"{earlier} is {address} now"


def _switch(caller: Caller, row: UserRow, active: bool, actor: Actor) -> str:
    if active:
        if row.deactivated_by == Membership.DeactivatedBy.ADMIN:
            # A provider repeats `active: true` with every push; it must not undo an admin's hand.
            return f"{row.name} stays deactivated: an admin did it here and can undo it here"
        reactivate_member(_key_of(caller, row), actor=actor)
        return f"{row.name} was reactivated"
    ended = _open_sessions(row)
    try:
        deactivate_member(_key_of(caller, row), actor=actor, by=Membership.DeactivatedBy.SCIM)
    except LastOwner:
        raise _last_owner("deactivated") from None
    batches.count_one(caller.organization, actor)
    return f"{row.name} was deactivated; {_sessions(ended)}"


def _key_of(caller: Caller, row: UserRow) -> Membership:
    """Name a membership to a service, which reads it anew under the lock."""
    return Membership(pk=row.membership_id, organization=caller.organization, user_id=row.user_id)


def _last_owner(what: str) -> ConflictException:
    return ConflictException(
        detail=f"This user is the organization's last owner and cannot be {what}. Make somebody "
        "else an owner first, under Users & Teams."
    )


def _open_sessions(row: UserRow) -> int:
    return int(UserSession.objects.filter(user_id=row.user_id).count())


def _sessions(count: int) -> str:
    return "1 session ended" if count == 1 else f"{count} sessions ended"


def _name(first: str, last: str, address: str) -> str:
    return f"{first} {last}".strip() or address


def _reread(caller: Caller, resource_id: str) -> UserRow:
    row = find_user(caller, resource_id)
    if row is None:  # a domain taken away between two statements
        raise _unknown()
    return row
