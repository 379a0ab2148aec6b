"""What allauth's signals write into the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import signals
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.dispatch import receiver

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import queue_mail
from accounts.profile.services import circumstances
from accounts.signin import browsers

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.models import User


# At each sign-in allauth asks three questions for every session that the person ever opened;
# accounts.tasks.forget_ended_sessions clears the list in one statement, and readers skip the dead.
UserSession.objects.purge_and_list = lambda _user: []


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
