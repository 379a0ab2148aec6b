"""What can be done to members; each function one transaction that locks the organization.

The last owner is guarded here by the lock, and once more by a trigger of the database
(migration 0002), so that no path leaves an organization without one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import (
    Invitation,
    Membership,
    Organization,
    Plan,
    ProjectAccess,
    ProjectAccessRequest,
    Role,
    SecurityPolicy,
    TeamMembership,
    User,
)
from accounts.organizations.permissions import Permission, may, may_act_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor


class LastOwner(Exception):
    """The change would leave the organization without an owner."""


class NotAllowed(Exception):
    """The actor's role does not allow this, judged in the transaction of the change (T2)."""


class AlreadyMember(Exception):
    """The person is a member already, active or deactivated."""


class ManagedElsewhere(Exception):
    """The identity provider keeps this while SCIM is on; change it there (SCIM-12)."""


# What other apps do when a membership ends (scim: the document; discoverability: requests).
_on_access_lost: list[Callable[[Membership, Actor], None]] = []
# In SQL over the membership `m`: whom each of these has something to do for.
_concerned: list[str] = []


def on_access_lost(hook: Callable[[Membership, Actor], None], *, concerns: str = "true") -> None:
    """Register what runs, in the transaction, when a member is deactivated or removed.

    ``concerns`` is a condition in SQL over the membership ``m``: whoever does not meet it can be
    deactivated without asking the hook (accounts.organizations.plain_members).
    """
    _on_access_lost.append(hook)
    _concerned.append(concerns)


def concerned_by_hooks() -> str:
    """Return the condition, over ``m``, under which any hook has something to do."""
    return " OR ".join(f"({condition})" for condition in _concerned) or "false"


def create_organization(
    name: str, *, owner: User, actor: Actor, plan: str = Plan.FREE
) -> Organization:
    """Create an organization with its policy row and its first owner."""
    with transaction.atomic():
        organization = Organization.objects.create(name=name)
        organization.policy = SecurityPolicy.objects.create(organization=organization, plan=plan)
        record_event(
            Event.ORGANIZATION_CREATED,
            organization=organization,
            actor=actor,
            target=organization,
            data={"plan": str(plan)},
        )
        add_member(
            organization, owner, role=Role.OWNER, source=Membership.Source.FOUNDER, actor=actor
        )
        return organization


def lock(organization: Organization) -> None:
    """Lock the organization's members until the transaction ends: two clicks, one order."""
    Organization.objects.select_for_update().get(pk=organization.pk)


@transaction.atomic
def add_member(
    organization: Organization,
    user: User,
    *,
    role: str,
    source: str,
    actor: Actor,
    **fields: Any,
) -> Membership:
    """Make ``user`` a member; ``fields`` are email, first_name and last_name on the membership.

    A live invitation for the person's address is withdrawn: it has nothing left to give. Access
    to projects that an admin granted before they joined is given.
    Raises AlreadyMember, also for a deactivated membership: nobody comes back by a side door.
    """
    lock(organization)
    if Membership.objects.filter(organization=organization, user=user).exists():
        raise AlreadyMember
    membership = Membership.objects.create(
        organization=organization, user=user, role=role, source=source, **fields
    )
    record_event(
        Event.MEMBER_ADDED,
        organization=organization,
        actor=actor,
        target=membership,
        data={"role": str(role), "source": str(source)},
    )
    withdraw_invitations(membership, actor)
    for asked in ProjectAccessRequest.objects.filter(
        user=user, project__organization=organization, granted=True
    ):
        ProjectAccess.objects.get_or_create(project=asked.project, membership=membership)
    return membership


@transaction.atomic
def deactivate_member(membership: Membership, *, actor: Actor, by: str) -> bool:
    """Take the access away and remember role, teams and projects (SCIM-6).

    ``by`` is a Membership.DeactivatedBy. Open sessions are refused in this organization with
    their next request. Returns whether anything changed. Raises LastOwner, NotAllowed.
    """
    membership = locked(membership)
    judge_rank(membership.organization, actor, membership.role)
    if not membership.is_active:
        return False
    guard_last_owner(membership)
    membership.status = Membership.Status.DEACTIVATED
    membership.deactivated_at = membership.access_valid_from = timezone.now()
    membership.deactivated_by = by
    membership.save(
        update_fields=["status", "deactivated_at", "deactivated_by", "access_valid_from"]
    )
    record_event(
        Event.MEMBER_DEACTIVATED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"by": by, "role": membership.role},
    )
    access_lost(membership, actor)
    return True


@transaction.atomic
def reactivate_member(membership: Membership, *, actor: Actor, by_hand: bool = False) -> bool:
    """Give the membership back as it was (SCIM-7). Returns whether anything changed.

    What was shown before stays void: everybody signs in anew. ``by_hand``: an admin does it on
    the person's page; what SCIM took away only SCIM gives back, while it is on (SCIM-12).
    Raises ManagedElsewhere, NotAllowed.
    """
    membership = locked(membership)
    if membership.is_active:
        return False
    if by_hand:
        judge_rank(membership.organization, actor, membership.role)
        by_scim = membership.deactivated_by == Membership.DeactivatedBy.SCIM
        if by_scim and membership.organization.policy.scim_enabled:
            raise ManagedElsewhere
    membership.status = Membership.Status.ACTIVE
    membership.deactivated_at = None
    membership.deactivated_by = ""
    membership.access_valid_from = timezone.now()
    membership.save(
        update_fields=["status", "deactivated_at", "deactivated_by", "access_valid_from"]
    )
    record_event(
        Event.MEMBER_REACTIVATED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"role": membership.role},
    )
    return True


@transaction.atomic
def remove_member(membership: Membership, *, actor: Actor, leaving: bool = False) -> None:
    """Delete the membership with its teams and project access; nothing of it returns.

    ``leaving``: the person goes of their own will. Raises LastOwner, NotAllowed.
    """
    membership = locked(membership)
    if not leaving:
        judge_rank(membership.organization, actor, membership.role)
    guard_last_owner(membership)
    record_event(
        Event.MEMBER_LEFT if leaving else Event.MEMBER_REMOVED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"role": membership.role},
    )
    access_lost(membership, actor)
    TeamMembership.objects.filter(membership=membership).delete()
    ProjectAccess.objects.filter(membership=membership).delete()
    ProjectAccessRequest.objects.filter(
        user=membership.user, project__organization=membership.organization
    ).delete()
    membership.delete()


@transaction.atomic
def change_role(membership: Membership, role: str, *, actor: Actor) -> bool:
    """Give a member another role. Returns whether anything changed.

    The actor's own role is judged now, in the transaction: on owners only owners act, and
    nobody gives a role above their own (T2, V6). Raises LastOwner, NotAllowed.
    """
    membership = locked(membership)
    judge_rank(membership.organization, actor, membership.role, role)
    if membership.role == role:
        return False
    before = membership.role
    if before == Role.OWNER:
        guard_last_owner(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    record_event(
        Event.ROLE_CHANGED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"before": before, "after": str(role)},
    )
    return True


@transaction.atomic
def transfer_ownership(membership: Membership, *, actor: Actor) -> None:
    """Make ``membership`` an owner and the acting owner an admin. Raises NotAllowed."""
    membership = locked(membership)
    owners = Membership.objects.filter(organization=membership.organization).owners()
    own = owners.filter(user=actor.user).first()
    if own is None or own.pk == membership.pk or not membership.is_active:
        raise NotAllowed
    before = membership.role
    membership.role = Role.OWNER
    membership.save(update_fields=["role"])
    own.role = Role.ADMIN
    own.save(update_fields=["role"])
    record_event(
        Event.OWNERSHIP_TRANSFERRED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"before": before, "after": str(Role.OWNER)},
    )


@transaction.atomic
def end_sessions_of(membership: Membership, *, actor: Actor) -> None:
    """Make every session prove itself anew in this organization, from the next request on.

    Raises NotAllowed.
    """
    membership = locked(membership)
    judge_rank(membership.organization, actor, membership.role)
    membership.access_valid_from = timezone.now()
    membership.save(update_fields=["access_valid_from"])
    record_event(
        Event.MEMBER_SESSIONS_ENDED,
        organization=membership.organization,
        actor=actor,
        target=membership,
    )


def locked(membership: Membership) -> Membership:
    """Lock the organization, then return the membership as it is now."""
    lock(membership.organization)
    found = Membership.objects.select_related("organization__policy", "user")
    return found.get(pk=membership.pk)


def judge_rank(organization: Organization, actor: Actor, *roles: str) -> None:
    """Raise NotAllowed unless the acting member may manage members of all ``roles`` as of now."""
    judge_permission(organization, actor, Permission.MANAGE_MEMBERS, *roles)


def judge_permission(
    organization: Organization, actor: Actor, permission: Permission, *roles: str
) -> None:
    """Raise NotAllowed unless the acting member has ``permission`` now, over all ``roles``.

    Call it under the lock: a page may stand open longer than a role lasts (T2). Whoever is no
    person (SCIM, an operator's command) was judged elsewhere.
    """
    if actor.kind != "user":
        return
    own = Membership.objects.filter(organization=organization, user=actor.user).active().first()
    allowed = own is not None and may(own.role, permission)
    if own is None or not allowed or not all(may_act_on(own.role, role) for role in roles):
        raise NotAllowed


def guard_last_owner(membership: Membership) -> None:
    """Raise LastOwner if no other active owner would be left. Call it under the lock."""
    if membership.role != Role.OWNER or not membership.is_active:
        return
    others = Membership.objects.filter(organization=membership.organization).owners()
    if not others.exclude(pk=membership.pk).exists():
        raise LastOwner


def access_lost(membership: Membership, actor: Actor) -> None:
    """Withdraw what would let the person back in, and tell the other apps."""
    withdraw_invitations(membership, actor)
    for hook in _on_access_lost:
        hook(membership, actor)


def withdraw_invitations(membership: Membership, actor: Actor) -> None:
    """Withdraw the open invitations for the person's addresses."""
    open_ones = Invitation.objects.filter(organization=membership.organization).open()
    for address in {membership.user.email.lower(), membership.address.lower()}:
        for invitation in open_ones.for_address(address):
            invitation.revoked_at = timezone.now()
            invitation.save(update_fields=["revoked_at"])
            record_event(
                Event.INVITATION_WITHDRAWN,
                organization=membership.organization,
                actor=actor,
                target=invitation,
            )
