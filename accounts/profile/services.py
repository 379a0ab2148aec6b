"""What people change of their own account; each one transaction, with its event and mails."""

from __future__ import annotations

import datetime
import secrets
from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import queue_mail
from accounts.models import User
from accounts.signin.adapter import new_code

if TYPE_CHECKING:
    from django.http import HttpRequest

EMAIL_CHANGE = "email_change"
CODE_LASTS = datetime.timedelta(minutes=15)
TRIES = 3


class ChangeOver(Exception):
    """There is no change of address under way, or it was tried too often, or it took too long."""


class WrongCode(Exception):
    """The code is not the one that was sent."""


class AddressTaken(Exception):
    """Somebody else has the address meanwhile."""


@transaction.atomic
def change_name(user: User, first_name: str, last_name: str, *, actor: Actor) -> bool:
    """Change the name. Returns whether anything changed."""
    before = {"first_name": user.first_name, "last_name": user.last_name}
    after = {"first_name": first_name, "last_name": last_name}
    if before == after:
        return False
    user.first_name, user.last_name = first_name, last_name
    user.save(update_fields=["first_name", "last_name"])
    record_event(
        Event.NAME_CHANGED, actor=actor, target=user, data={"before": before, "after": after}
    )
    return True


@transaction.atomic
def set_password(request: HttpRequest, user: User, password: str) -> None:
    """Set or change the password; every other session of the account is over (S16).

    Sessions hold a hash of the password's hash: the others stop to fit it.
    """
    had_one = user.has_usable_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    update_session_auth_hash(request, user)
    actor = Actor.of(request, user)
    record_event(
        Event.PASSWORD_CHANGED if had_one else Event.PASSWORD_SET, actor=actor, target=user
    )
    queue_mail("password_changed", user, changed=had_one, **circumstances(actor))


def start_email_change(request: HttpRequest, user: User, address: str) -> None:
    """Send a code and a link to the new address, and a notice to the present one (S14).

    The change lives in this session: a newer one replaces it, and a link opened elsewhere finds
    nothing. An address that is taken gets a mail that says so, and the page looks the same (T4).
    """
    code = new_code()
    taken = User.objects.with_address(address) is not None
    request.session[EMAIL_CHANGE] = {
        "address": address,
        # A code that nobody was sent fits nothing.
        "code": hash_of(secrets.token_hex() if taken else code),
        "at": timezone.now().timestamp(),
        "tries": 0,
    }
    with transaction.atomic():
        record_event(
            Event.EMAIL_CHANGE_STARTED,
            actor=Actor.of(request, user),
            target=user,
            data={"to": address},
        )
        queue_mail("email_change_asked", user, new=address, **circumstances(Actor.of(request)))
        if taken:
            queue_mail("account_already_exists", address)
        else:
            page = reverse("profile:email_confirm")
            queue_mail(
                "email_change_code",
                address,
                code=code,
                button_url=f"{settings.BASE_URL}{page}?{urlencode({'code': code})}",
                button_label=_("Use this address"),
            )


def hash_of(code: str) -> str:
    """Return what of a code the session keeps."""
    return salted_hmac("change of address", code, algorithm="sha256").hexdigest()


def pending_email(request: HttpRequest) -> str:
    """Return the new address that waits for its code in this session, or nothing."""
    pending = request.session.get(EMAIL_CHANGE)
    if not pending:
        return ""
    age = timezone.now().timestamp() - pending["at"]
    return str(pending["address"]) if age <= CODE_LASTS.total_seconds() else ""


def finish_email_change(request: HttpRequest, user: User, code: str) -> str:
    """Put the new address in place of the old; both are told. Returns the new address.

    Raises ChangeOver, WrongCode, AddressTaken.
    """
    pending = request.session.get(EMAIL_CHANGE)
    address = pending_email(request)
    if pending is None or not address or pending["tries"] >= TRIES:
        request.session.pop(EMAIL_CHANGE, None)
        raise ChangeOver
    # Counted before it is compared: a second request at the same moment finds it counted.
    request.session[EMAIL_CHANGE] = {**pending, "tries": pending["tries"] + 1}
    request.session.save()
    if not constant_time_compare(hash_of(code.strip().upper()), pending["code"]):
        raise WrongCode
    del request.session[EMAIL_CHANGE]
    actor = Actor.of(request, user)
    try:
        change_address(user, address, actor=actor)
    except IntegrityError:
        raise AddressTaken from None
    return address


@transaction.atomic
def change_address(user: User, address: str, *, actor: Actor) -> None:
    """Make ``address``, proven to be theirs, the account's only one. Raises IntegrityError."""
    before = user.email
    user.email = address
    user.save(update_fields=["email"])
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=address, primary=True, verified=True)
    record_event(
        Event.EMAIL_CHANGED,
        actor=actor,
        target=user,
        data={"before": {"email": before}, "after": {"email": address}},
    )
    for recipient in (before, address):
        queue_mail("email_changed", recipient, old=before, new=address, **circumstances(actor))


@transaction.atomic
def disconnect_google(user: User, *, actor: Actor) -> bool:
    """Forget the Google account. Returns whether there was one."""
    gone, _by_model = SocialAccount.objects.filter(user=user, provider="google").delete()
    if gone:
        record_event(Event.GOOGLE_DISCONNECTED, actor=actor, target=user)
        queue_mail("google_changed", user, connected=False, **circumstances(actor))
    return bool(gone)


def circumstances(actor: Actor) -> dict[str, Any]:
    """Return when, from where and with what, as mails about the account say it."""
    from accounts.profile.sessions import device_in_words  # noqa: PLC0415  # sessions is a view's

    return {
        "at": timezone.now(),
        "ip": actor.ip or "",
        "device": device_in_words(actor.user_agent) if actor.user_agent else "",
        "profile_url": settings.BASE_URL + reverse("profile:home"),
    }
