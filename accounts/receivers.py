"""What allauth's signals write into the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import signals
from django.db import transaction
from django.dispatch import receiver

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.models import User


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
