"""Browsers that an account was opened in before: strangers' wrong guesses don't lock them out (S8).

A signed cookie remembers a random key and a hash of each address opened here. It opens nothing:
it only gives this browser a counter of its own for guesses, and spares its owner a mail.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import signing

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

COOKIE = "browser" if settings.DEBUG else "__Host-browser"
SALT = "known browser"
LASTS = datetime.timedelta(days=365)
# More people than a family computer has; the oldest is forgotten first.
MOST = 8


def known_key(request: HttpRequest, address: str) -> str:
    """Return the key of this browser where ``address`` was opened in it before, else nothing."""
    kept = _read(request)
    return str(kept["key"]) if _hash(address) in kept["opened"] else ""


def remember(request: HttpRequest, address: str) -> None:
    """Remember that ``address`` was opened here; the middleware writes the cookie."""
    kept = _read(request)
    opened = [*(known for known in kept["opened"] if known != _hash(address)), _hash(address)]
    request.known_browser = {"key": kept["key"], "opened": opened[-MOST:]}  # type: ignore[attr-defined]  # ours


class KnownBrowserMiddleware:
    """Writes the cookie after a sign-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the cookie where a session was opened."""
        response = self.get_response(request)
        kept = getattr(request, "known_browser", None)
        if kept is not None:
            response.set_cookie(
                COOKIE,
                signing.dumps(kept, salt=SALT),
                max_age=LASTS,
                secure=not settings.DEBUG,
                httponly=True,
                samesite="Lax",
            )
        return response


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        kept = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=LASTS)
        return {"key": str(kept["key"]), "opened": [str(known) for known in kept["opened"]]}
    except (signing.BadSignature, KeyError, TypeError):
        return {"key": secrets.token_urlsafe(12), "opened": []}


def _hash(address: str) -> str:
    return hashlib.sha256(address.lower().encode()).hexdigest()[:16]
