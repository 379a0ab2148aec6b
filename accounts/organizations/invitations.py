"""Invitations: bound to an address, single use; the row decides, never the link (V5)."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.addresses import normalize_address
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import queue_mail
from accounts.models import Invitation, Membership, Organization
from accounts.organizations.members import (
    AlreadyMember,
    add_member,
    judge_permission,
    lock,
)
from accounts.organizations.permissions import Permission

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import User

VALID_FOR = datetime.timedelta(days=7)


class InvitationOver(Exception):
    """The invitation was used, withdrawn, or has expired."""


class OtherAddress(Exception):
    """The invitation is bound to an address that the person has not proven."""


def hash_of(token: str) -> str:
    """Return what of a token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def invite(organization: Organization, address: str, *, role: str, actor: Actor) -> Invitation:
    """Invite an address; an open invitation for it is renewed with this role, its link replaced.

    Raises AlreadyMember, NotAllowed (a role above the inviter's own, the new one or the one that
    the open invitation gives), InvalidAddress.
    """
    address = normalize_address(address)
    lock(organization)
    opened = Invitation.objects.filter(organization=organization).open()
    invitation = opened.for_address(address).first()
    again = invitation is not None
    judged = [role, invitation.role] if invitation else [role]
    judge_permission(organization, actor, Permission.INVITE_MEMBERS, *judged)
    if is_member(organization, address):
        raise AlreadyMember
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    invitation = invitation or Invitation(organization=organization, email=address)
    invitation.role = role
    invitation.token_hash = hash_of(token)
    invitation.invited_by = actor.user
    invitation.created_at = now
    invitation.expires_at = now + VALID_FOR
    invitation.save()
    record_event(
        Event.INVITATION_RESENT if again else Event.INVITATION_SENT,
        organization=organization,
        actor=actor,
        target=invitation,
        data={"role": str(role)},
    )
    queue_mail(
        "invitation",
        address,
        organization=organization,
        inviter=actor.user.display_name if actor.user else settings.PRODUCT_NAME,
        button_url=settings.BASE_URL + reverse("organizations:invitation", args=[token]),
        button_label=_("See the invitation"),
        expires_at=invitation.expires_at,
    )
    return invitation


def is_member(organization: Organization, address: str) -> bool:
    """Return whether somebody here, deactivated ones too, is known by ``address``."""
    known = Membership.objects.filter(organization=organization).annotate(
        lower_email=Lower("user__email"), lower_own=Lower("email")
    )
    return known.filter(Q(lower_email=address.lower()) | Q(lower_own=address.lower())).exists()


def by_token(token: str) -> Invitation | None:
    """Return the invitation of a link, whatever became of it, or None."""
    found = Invitation.objects.select_related("organization", "invited_by")
    return found.filter(token_hash=hash_of(token)).first()


def for_user(user: User) -> list[Invitation]:
    """Return the live invitations for the proven address of ``user``: no link is needed."""
    if not user.has_verified_email:
        return []
    live = Invitation.objects.live().for_address(user.email)
    return list(live.select_related("organization", "invited_by").order_by("created_at"))


def live_invitation(organization: Organization, address: str) -> Invitation | None:
    """Return the live invitation for an address, the expired and withdrawn ones never."""
    return Invitation.objects.filter(organization=organization).live().for_address(address).first()


@transaction.atomic
def accept(invitation: Invitation, user: User, *, actor: Actor, address: str = "") -> Membership:
    """Make ``user`` a member with the invited role; the invitation is used up.

    ``address`` is one that somebody else vouches for (the organization's identity provider);
    without it the account's own verified address must be the invited one.
    Raises InvitationOver, OtherAddress, AlreadyMember.
    """
    lock(invitation.organization)
    invitation = Invitation.objects.select_related("organization").get(pk=invitation.pk)
    now = timezone.now()
    if invitation.accepted_at or invitation.revoked_at or invitation.expires_at <= now:
        raise InvitationOver
    proven = {address.lower()} if address else set()
    if user.has_verified_email:
        proven.add(user.email.lower())
    if invitation.email.lower() not in proven:
        raise OtherAddress
    # Before the membership is made: that withdraws what invitations are still open.
    invitation.accepted_at = now
    invitation.accepted_by = user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    membership = add_member(
        invitation.organization,
        user,
        role=invitation.role,
        source=Membership.Source.INVITATION,
        actor=actor,
    )
    record_event(
        Event.INVITATION_ACCEPTED,
        organization=invitation.organization,
        actor=actor,
        target=invitation,
        data={"role": invitation.role},
    )
    return membership


@transaction.atomic
def withdraw(invitation: Invitation, *, actor: Actor) -> bool:
    """Withdraw an open invitation. Returns whether anything changed. Raises NotAllowed."""
    organization = invitation.organization
    lock(organization)
    # As it is now: renewed meanwhile, it may give a role above the actor's.
    found = Invitation.objects.filter(pk=invitation.pk).open().first()
    if found is None:
        return False
    judge_permission(organization, actor, Permission.INVITE_MEMBERS, found.role)
    found.revoked_at = timezone.now()
    found.save(update_fields=["revoked_at"])
    record_event(Event.INVITATION_WITHDRAWN, organization=organization, actor=actor, target=found)
    return True
