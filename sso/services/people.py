"""Whose sign-in it is: a person is found, joined to the organization, or refused.

What one organization's identity provider says changes that organization's membership only; a
verified account keeps everything it has (S11, ACC-7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import (
    Membership,
    Organization,
    Role,
    SecurityPolicy,
    TeamMembership,
    User,
)
from accounts.organizations.invitations import InvitationOver, accept, live_invitation
from accounts.organizations.member_addresses import give_address
from accounts.organizations.members import AlreadyMember, add_member
from accounts.prepared import Prepared
from accounts.rows import columns, instances
from accounts.signin.accounts import account_at, claim_account, new_account
from sso.models import Connection, Link, TeamMapping
from sso.saml.attributes import Attributes, NameId, names_of
from sso.saml.reasons import Refused


@dataclass(frozen=True, slots=True)
class Subject:
    """Who the identity provider says signed in."""

    address: str
    name_id: NameId | None
    attributes: Attributes


def admit(
    connection: Connection, policy: SecurityPolicy, subject: Subject, *, actor: Actor
) -> Membership:
    """The membership that this subject opens, made where that is allowed; Refused otherwise.

    Call it in the transaction that used up the assertion.
    """
    pinned = _pinned_user(connection, subject)
    account, is_proven = account_at(subject.address)
    membership = _membership(connection, subject, pinned, account)
    user = membership.user if membership else pinned or account
    if membership is not None and not membership.is_active:
        by = membership.get_deactivated_by_display() or _("an admin")
        raise Refused("inactive", address=subject.address, detail=by)
    if user is not None and not user.is_active:
        raise Refused("inactive", address=subject.address, detail=_("closed by support"))
    _check_pin(connection, subject, user, pinned)
    if account is not None and account == user and not is_proven:
        claim_account(account, actor=actor)
    new = membership is None
    if membership is None:
        membership = _join(connection, policy, subject, user, actor)
    _pin(connection, subject, membership, pinned, actor)
    _take_over(membership, subject, actor)
    _put_into_teams(connection, membership, subject, new=new, actor=actor)
    return membership


def _pinned_user(connection: Connection, subject: Subject) -> User | None:
    if subject.name_id is None or not subject.name_id.is_persistent:
        return None
    link = (
        Link.objects.filter(
            connection=connection,
            name_id_format=subject.name_id.format,
            name_id=subject.name_id.value,
        )
        .select_related("user")
        .first()
    )
    return link.user if link else None


# One statement by hand: it stands in the way of every sign-in.
_MEMBERSHIPS = Prepared(
    "memberships_of_subject",
    f"""
    SELECT {columns(Membership, User, Organization)} FROM accounts_membership
    JOIN accounts_user ON accounts_user.id = accounts_membership.user_id
    JOIN accounts_organization ON accounts_organization.id = accounts_membership.organization_id
    WHERE accounts_membership.organization_id = %s AND (
        (lower(accounts_membership.email) = %s AND accounts_membership.email <> '')
        OR accounts_membership.user_id = ANY(%s::bigint[])
    )
    """,  # noqa: S608  # names of our own tables, no input
)


def _with_its_own(row: Sequence[Any]) -> Membership:
    membership, user, organization = instances(row, Membership, User, Organization)
    membership.user, membership.organization = user, organization
    return cast("Membership", membership)


def _membership(
    connection: Connection, subject: Subject, pinned: User | None, account: User | None
) -> Membership | None:
    """The membership here of the pinned person, else the one known by this address (SCIM-5)."""
    address = subject.address
    known = [user.pk for user in (pinned, account) if user is not None]
    rows = _MEMBERSHIPS.rows([connection.organization_id, address, known])
    found = [_with_its_own(row) for row in rows]
    if pinned is not None:
        others = [m for m in found if m.user_id != pinned.pk and m.address.lower() == address]
        if others:
            raise _changed(subject, _("the address is %(name)s's") % {"name": others[0].name})
        return next((m for m in found if m.user_id == pinned.pk), None)
    by_kept = next((m for m in found if m.address.lower() == address), None)
    if by_kept is None and found:
        # The account had this address, but is known by another one here: the mailbox may have
        # a new owner, who is somebody else.
        raise _changed(
            subject, _("the person is known here as %(address)s") % {"address": found[0].address}
        )
    return by_kept


def _check_pin(
    connection: Connection, subject: Subject, user: User | None, pinned: User | None
) -> None:
    """Refuse a known person who comes with another persistent NameID: a recycled mailbox."""
    if user is None or pinned is not None:
        return
    if subject.name_id is None or not subject.name_id.is_persistent:
        return
    link = Link.objects.filter(connection=connection, user=user).first()
    if link is not None:
        raise _changed(
            subject, _("%(address)s came with another identifier") % {"address": subject.address}
        )


def _join(
    connection: Connection,
    policy: SecurityPolicy,
    subject: Subject,
    user: User | None,
    actor: Actor,
) -> Membership:
    """By invitation with its role, else just in time where IDP Managed Access is on (JIT-1)."""
    organization = connection.organization
    invitation = live_invitation(organization, subject.address)
    if invitation is None and not policy.idp_managed_access:
        raise Refused("not_member", address=subject.address)
    if user is None:
        user = _new_account(subject, actor)
    try:
        if invitation is not None:
            return accept(invitation, user, actor=actor, address=subject.address)
        return add_member(
            organization, user, role=Role.MEMBER, source=Membership.Source.JIT, actor=actor
        )
    except (AlreadyMember, InvitationOver):  # the same person, twice at the same instant
        membership = Membership.objects.filter(organization=organization, user=user).active()
        found = membership.select_related("user").first()
        if found is None:
            raise Refused("not_member", address=subject.address) from None
        return found


def _new_account(subject: Subject, actor: Actor) -> User:
    try:
        with transaction.atomic():
            user = new_account(subject.address, verified=True)
    except IntegrityError:  # the same new person, twice at the same instant
        return User.objects.get(email__iexact=subject.address)
    record_event(Event.SIGNED_UP, actor=actor, target=user)
    return user


def _pin(
    connection: Connection,
    subject: Subject,
    membership: Membership,
    pinned: User | None,
    actor: Actor,
) -> None:
    name_id = subject.name_id
    if pinned is not None or name_id is None or not name_id.is_persistent or not name_id.value:
        return
    try:
        with transaction.atomic():
            Link.objects.create(
                connection=connection,
                name_id=name_id.value[:1024],
                name_id_format=name_id.format,
                user=membership.user,
            )
    except IntegrityError:
        raise _changed(subject, _("the identifier was pinned a moment ago")) from None
    record_event(
        Event.SSO_PIN_SET, organization=connection.organization, actor=actor, target=membership
    )


def _take_over(membership: Membership, subject: Subject, actor: Actor) -> None:
    """Keep names (JIT-2) and address as the identity provider has them, on the membership."""
    if subject.address != membership.address:
        try:
            with transaction.atomic():
                give_address(membership, subject.address, actor=actor)
        except IntegrityError:
            raise _changed(subject, _("the address is another member's")) from None
    first_name, last_name = names_of(subject.attributes)
    names = {"first_name": first_name, "last_name": last_name}
    # One that is not given says nothing: Entra leaves out what is empty, others what is unmapped.
    changed = {
        name: value for name, value in names.items() if value and getattr(membership, name) != value
    }
    if not changed:
        return
    for name, value in changed.items():
        setattr(membership, name, value)
    membership.save(update_fields=list(changed))


def _put_into_teams(
    connection: Connection, membership: Membership, subject: Subject, *, new: bool, actor: Actor
) -> None:
    """The default team for newcomers; mapped teams follow the attribute at each sign-in."""
    wanted: set[int] = set()
    governed: set[int] = set()
    if new and connection.default_team_id:
        wanted.add(connection.default_team_id)
    if connection.groups_attribute and connection.groups_attribute in subject.attributes:
        values = set(subject.attributes[connection.groups_attribute])
        for mapping in TeamMapping.objects.filter(connection=connection):
            governed.add(mapping.team_id)
            if mapping.value in values:
                wanted.add(mapping.team_id)
    if not wanted and not governed:
        return
    present = set(
        TeamMembership.objects.filter(membership=membership).values_list("team_id", flat=True)
    )
    gone = (governed - wanted) & present
    TeamMembership.objects.filter(membership=membership, team__in=gone).delete()
    TeamMembership.objects.bulk_create(
        (TeamMembership(membership=membership, team_id=team) for team in wanted - present),
        ignore_conflicts=True,
    )
    if gone or wanted - present:
        record_event(
            Event.SSO_TEAMS_SET,
            organization=connection.organization,
            actor=actor,
            target=membership,
            data={"added": len(wanted - present), "removed": len(gone)},
        )


def _changed(subject: Subject, detail: str) -> Refused:
    name_id = subject.name_id.value if subject.name_id else ""
    return Refused("subject_changed", name_id=name_id[:200], address=subject.address, detail=detail)
