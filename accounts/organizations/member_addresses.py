"""Name and address by which an organization knows a member: from SCIM, SSO, or an admin's hand."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.domain_proof import is_proven_for
from accounts.mail import queue_mail
from accounts.models import Membership, User
from accounts.organizations.invitations import is_member
from accounts.organizations.members import ManagedElsewhere, judge_rank, locked


class AddressTaken(Exception):
    """Another member goes by the address, or another account signs in with it."""


class DescribedByThemselves(Exception):
    """Name and address are the person's own word, given in their profile."""


class ForeignDomain(Exception):
    """The address, the present or the new one, is of no verified domain of the organization."""


@transaction.atomic
def give_address(
    membership: Membership, address: str, *, actor: Actor, proven: bool = True
) -> bool:
    """Keep ``address`` on the membership; the account follows only where nobody is harmed.

    It follows if it belongs to no other organization and has neither password, Google nor second
    factor. Else the address waits in the person's profile for evidence of their own. Returns
    whether the account follows. ``proven`` is false where the person has shown nothing yet: SCIM
    names an address, a sign-in proves it.

    Raises IntegrityError where another member here has the address.
    """
    earlier = membership.address
    user = membership.user
    follows = account_may_follow(membership) and User.objects.with_address(address) is None
    if follows:
        user.email = address
        user.save(update_fields=["email"])
        EmailAddress.objects.filter(user=user).delete()
        EmailAddress.objects.create(user=user, email=address, primary=True, verified=proven)
    elif user.email != address:
        EmailAddress.objects.get_or_create(
            user=user, email=address, defaults={"verified": False, "primary": False}
        )
    membership.email = "" if user.email == address else address
    membership.save(update_fields=["email"])
    record_event(
        Event.MEMBER_ADDRESS_CHANGED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"before": {"email": earlier}, "after": {"email": address}, "account": follows},
    )
    return follows


@transaction.atomic
def move_member(membership: Membership, address: str, *, actor: Actor) -> None:
    """Give a member an address by SCIM or by hand, unproven, and tell both addresses."""
    earlier = membership.address
    follows = give_address(membership, address, actor=actor, proven=False)
    # Kept here in any case: the account's owner may move it elsewhere.
    membership.email = address
    membership.save(update_fields=["email"])
    queue_mail(
        "member_address_changed",
        [earlier, address],
        organization=membership.organization,
        earlier=earlier,
        later=address,
        account=follows or membership.user.email == address,
    )


def account_may_follow(membership: Membership) -> bool:
    """Whether the account is this organization's alone, and proves itself by nothing else."""
    user = membership.user
    return not (
        user.has_usable_password()
        or user.has_second_factor
        or SocialAccount.objects.filter(user=user).exists()
        or user.memberships.exclude(pk=membership.pk).exists()
    )


@transaction.atomic
def describe_member(
    membership: Membership, *, email: str, first_name: str, last_name: str, actor: Actor
) -> bool:
    """Change by hand what SCIM said of a member, once it is off (SCIM-12). Returns whether it did.

    An admin may what SCIM might: move addresses within the verified domains, of people whom the
    organization describes. Empty names show the account's own.
    Raises ManagedElsewhere while SCIM is on, DescribedByThemselves, ForeignDomain, AddressTaken,
    NotAllowed.
    """
    membership = locked(membership)
    judge_rank(membership.organization, actor, membership.role)
    if membership.organization.policy.scim_enabled:
        raise ManagedElsewhere
    if not membership.is_described_here:
        raise DescribedByThemselves
    renamed = _rename(membership, first_name, last_name, actor)
    return _move(membership, email, actor) or renamed


def _rename(membership: Membership, first_name: str, last_name: str, actor: Actor) -> bool:
    before = {"first_name": membership.first_name, "last_name": membership.last_name}
    after = {"first_name": first_name, "last_name": last_name}
    if before == after:
        return False
    membership.first_name, membership.last_name = first_name, last_name
    membership.save(update_fields=["first_name", "last_name"])
    record_event(
        Event.MEMBER_NAME_CHANGED,
        organization=membership.organization,
        actor=actor,
        target=membership,
        data={"before": before, "after": after},
    )
    return True


def _move(membership: Membership, address: str, actor: Actor) -> bool:
    earlier, organization = membership.address, membership.organization
    if address == earlier.lower():
        return False
    if not all(is_proven_for(organization, each) for each in (earlier, address)):
        raise ForeignDomain
    own = address == membership.user.email.lower()
    if not own and (is_member(organization, address) or User.objects.with_address(address)):
        raise AddressTaken
    move_member(membership, address, actor=actor)
    return True
