"""Times are shown in the reader's zone: the profile's choice, else what the browser said."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "time_zone"


class TimeZoneMiddleware:
    """Activates the reader's zone for one request; reads no session where there is none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the reader's zone active."""
        zone = readers_zone(request)
        if zone is None:
            return self.get_response(request)
        with timezone.override(zone):
            return self.get_response(request)


def readers_zone(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """Return the zone of the signed-in user, else of the cookie, else nothing."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        zone = _zone(request.user.time_zone)
        if zone:
            return zone
    return _zone(unquote(request.COOKIES.get(COOKIE, "")))


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    """Return the zone of this IANA name; nothing for what is none, for anybody writes cookies."""
    if not name or len(name) > 64:
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
