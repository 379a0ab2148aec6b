"""Browsers that pass for a second factor for 30 days, where the organizations allow it."""

from __future__ import annotations

import datetime
import hashlib
import secrets

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import User
from twofactor.devices import forbidding_memberships
from twofactor.models import RememberedBrowser

REMEMBERED_FOR = datetime.timedelta(days=30)
COOKIE = "remembered_browser"


def may_be_remembered(user: User) -> bool:
    """Return whether no organization that demands a second factor forbids it."""
    return not forbidding_memberships().filter(user=user).exists()


def remember(user: User, response: HttpResponse, *, actor: Actor) -> None:
    """Remember this browser: a random cookie, kept as its digest."""
    if not may_be_remembered(user):
        return
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        RememberedBrowser.objects.create(
            user=user,
            token_hash=digest(token),
            bound_to=bound_to(user),
            user_agent=actor.user_agent,
            ip=actor.ip,
            expires_at=timezone.now() + REMEMBERED_FOR,
        )
        record_event(Event.BROWSER_REMEMBERED, actor=actor, target=user)
    response.set_cookie(
        cookie_name(),
        token,
        max_age=REMEMBERED_FOR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def recognise(request: HttpRequest, user: User) -> RememberedBrowser | None:
    """Return the remembered browser of this request, if password and methods are as they were."""
    token = request.COOKIES.get(cookie_name(), "")
    if not token or not may_be_remembered(user):
        return None
    return RememberedBrowser.objects.filter(
        user=user,
        token_hash=digest(token),
        bound_to=bound_to(user),
        expires_at__gt=timezone.now(),
    ).first()


def forget_all(user: User, *, actor: Actor) -> int:
    """Forget every browser of this person; return how many there were."""
    with transaction.atomic():
        forgotten = RememberedBrowser.objects.filter(user=user).delete()[0]
        if forgotten:
            record_event(
                Event.BROWSERS_FORGOTTEN, actor=actor, target=user, data={"browsers": forgotten}
            )
    return forgotten


def bound_to(user: User) -> str:
    """Return a digest that any change of password or methods changes."""
    since = user.two_factor_set_at.isoformat() if user.two_factor_set_at else ""
    value = f"{user.pk}:{user.password}:{since}"
    return salted_hmac("twofactor.browsers", value, algorithm="sha256").hexdigest()


def digest(token: str) -> str:
    """Return what is kept of a cookie: it is random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def cookie_name() -> str:
    """Return the cookie's name, bound to this host where it is served by https."""
    return f"__Host-{COOKIE}" if settings.SESSION_COOKIE_SECURE else COOKIE
