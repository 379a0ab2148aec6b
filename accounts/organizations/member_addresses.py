"""The address by which an organization knows a member, as its SCIM or SSO gives it (SCIM-5)."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Membership, User


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


def account_may_follow(membership: Membership) -> bool:
    """Whether the account is this organization's alone, and proves itself by nothing else."""
    user = membership.user
    return not (
        user.has_usable_password()
        or user.has_second_factor
        or SocialAccount.objects.filter(user=user).exists()
        or user.memberships.exclude(pk=membership.pk).exists()
    )
