"""How long a session lasts (ACC-4)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import logout

from accounts.signin.evidence import evidence_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

SEEN = "seen_at"
# The time of the last request is written this seldom: each writing saves the session.
NOTE_EVERY = 300


class SessionLifetimeMiddleware:
    """Ends sessions after 24 idle hours, and those that can prove nothing any more.

    Evidence itself ends after 14 days, at ``sessions_valid_from``, or with the identity
    provider's own limit; a session left with none is over.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Judge the session before anything else does."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            now = time.time()
            seen = request.session.get(SEEN, now)
            idle = now - seen > settings.SESSION_IDLE_TIME.total_seconds()
            if idle or not evidence_of(request).labels():
                logout(request)
            elif SEEN not in request.session or now - seen > NOTE_EVERY:
                request.session[SEEN] = now
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            # Back after sign-out shows nothing (S16).
            response.headers["Cache-Control"] = "no-store"
        return response
