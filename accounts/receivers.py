"""What allauth's signals write into the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import signals
from allauth.socialaccount.signals import social_account_added
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.dispatch import receiver

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import queue_mail
from accounts.prepared import Insertion
from accounts.profile.services import circumstances
from accounts.signin import browsers

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.models import User


# The longest that allauth's column takes.
LONGEST_USER_AGENT = 200
_SESSIONS = Insertion(UserSession)


@receiver(user_logged_in)
def note_session(request: HttpRequest, user: User, **_: Any) -> None:
    """Put the session on the list of open ones, in allauth's place (ACC-4, accounts.apps)."""
    if request.session.session_key is None:
        request.session.cycle_key()
    actor = Actor.of(request, user)
    _SESSIONS.save(
        UserSession(
            user=user,
            session_key=request.session.session_key,
            ip=actor.ip or "::",  # outside our middleware nobody knows from where
            user_agent=actor.user_agent[:LONGEST_USER_AGENT],
        )
    )


@receiver(signals.user_signed_up)
def note_sign_up(request: HttpRequest, user: User, **_: Any) -> None:
    """Somebody made an account."""
    with transaction.atomic():
        record_event(Event.SIGNED_UP, actor=Actor.of(request, user), target=user)


@receiver(signals.email_confirmed)
def note_verified(request: HttpRequest, email_address: Any, **_: Any) -> None:
    """Somebody proved to read mail at an address."""
    with transaction.atomic():
        record_event(
            Event.EMAIL_VERIFIED,
            actor=Actor.of(request, email_address.user),
            target=email_address.email,
        )


@receiver(user_logged_in)
def note_browser(request: HttpRequest, user: User, **_: Any) -> None:
    """Remember the browser; tell the person where their own proof opened a new one."""
    evidence = getattr(request, "fresh_evidence", None)
    if evidence is None or not hasattr(request, "COOKIES"):
        return
    known = browsers.known_key(request, user.email)
    browsers.remember(request, user.email)
    if evidence.is_account_level and not known and evidence.first_session_until is None:
        with transaction.atomic():
            queue_mail("new_sign_in", user, **circumstances(Actor.of(request, user)))


@receiver(social_account_added)
def note_google(request: HttpRequest, sociallogin: Any, **_: Any) -> None:
    """A Google account opens this one from now on: its owner is told."""
    actor, user = Actor.of(request), sociallogin.user
    with transaction.atomic():
        record_event(Event.GOOGLE_CONNECTED, actor=actor, target=user)
        queue_mail("google_changed", user, connected=True, **circumstances(actor))
