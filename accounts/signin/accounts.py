"""Accounts made or taken over outside a sign-up form."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone

from accounts.addresses import normalize_address
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import User
from accounts.prepared import Prepared
from accounts.rows import columns, instances

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor

# What other apps hold of an account that a stranger may have made: second factors, pending changes.
_on_claimed: list[Callable[[User], None]] = []


def on_claimed(hook: Callable[[User], None]) -> None:
    """Register what forgets a stranger's traces, in the transaction (S11)."""
    _on_claimed.append(hook)


# Asked at every sign-in.
_ACCOUNT_AT = Prepared(
    "account_at",
    f"""
    SELECT {columns(User)}, EXISTS (SELECT FROM account_emailaddress given
        WHERE given.user_id = accounts_user.id AND given.verified
        AND upper(given.email) = upper(accounts_user.email))
    FROM accounts_user WHERE lower(email) = %s
    """,  # noqa: S608  # names of our own table, no input
)


def account_at(address: str) -> tuple[User | None, bool]:
    """Return whose sign-in address this is, and whether they ever verified it."""
    found = _ACCOUNT_AT.rows([address.lower()])
    if not found:
        return None, False
    [user] = instances(found[0], User)
    return user, found[0][-1]


def new_account(
    address: str, *, first_name: str = "", last_name: str = "", verified: bool = False
) -> User:
    """Create an account without a password. Call it in the transaction of what needs it."""
    address = normalize_address(address)
    user = User.objects.create_user(address, first_name=first_name, last_name=last_name)
    EmailAddress.objects.create(user=user, email=address, primary=True, verified=verified)
    return user


@transaction.atomic
def claim_account(user: User, *, actor: Actor) -> bool:
    """Hand an account whose address was never verified to whoever proved the address now (S11).

    A stranger may have made it: password, sessions, second factors, linked accounts and pending
    changes die. A verified account is never altered. Returns whether anything was taken over.
    """
    User.objects.select_for_update().get(pk=user.pk)
    # The caller's own object goes on into a session, whose hash is made of the password.
    user.refresh_from_db()
    if user.has_verified_email:
        return False
    user.set_unusable_password()
    user.sessions_valid_from = timezone.now()
    user.first_name = user.last_name = ""
    user.save(update_fields=["password", "sessions_valid_from", "first_name", "last_name"])
    EmailAddress.objects.filter(user=user).exclude(email__iexact=user.email).delete()
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    SocialAccount.objects.filter(user=user).delete()
    for hook in _on_claimed:
        hook(user)
    record_event(Event.ACCOUNT_CLAIMED, actor=actor, target=user)
    return True


def verified_account(address: str, actor: Actor, *, password_stdin: bool) -> User:
    """Return the account of an address for an operator, made and verified where there is none.

    ``password_stdin`` sets the password to the first line of standard input, validated.
    """
    address = normalize_address(address)
    user = User.objects.with_address(address)
    if user is None:
        user = new_account(address, verified=True)
        record_event(Event.SIGNED_UP, actor=actor, target=user)
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        validate_password(password, user)
        user.set_password(password)
        user.save(update_fields=["password"])
        record_event(Event.PASSWORD_SET, actor=actor, target=user)
    return user
