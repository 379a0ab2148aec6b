"""What every request gets first: an id, the address it came from, and a line in the log."""

from __future__ import annotations

import ipaddress
import re
import time
import uuid
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.middleware.common import CommonMiddleware

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

log = structlog.get_logger("orgsecurity.request")
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,40}")
QUIET = ("/healthz", "/readyz", "/static/")


def client_address(request: HttpRequest) -> str:
    """Return the client's address: the peer's, or what the outermost proxy of ours saw (S5).

    Whatever a client wrote into X-Forwarded-For stands left of what our proxies appended.
    """
    peer = str(request.META.get("REMOTE_ADDR") or "")
    count = settings.TRUSTED_PROXY_COUNT
    if not count:
        return readable_address(peer)
    seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    return readable_address(seen[-count] if len(seen) >= count else peer)


def readable_address(text: str) -> str:
    """Return ``text`` as an IP address; one fixed address for all that is none, so limits hold."""
    try:
        return str(ipaddress.ip_address(text.strip("[]").split("%")[0]))
    except ValueError:
        return "0.0.0.0"  # noqa: S104  # a value, nothing listens on it


class RequestContextMiddleware:
    """Gives the request ``id`` and ``client_address``; logs one line when it is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with its id in a header and in every log line."""
        offered = request.headers.get("X-Request-Id", "")
        trusted = settings.TRUSTED_PROXY_COUNT and REQUEST_ID.fullmatch(offered)
        request.id = offered if trusted else uuid.uuid4().hex  # type: ignore[attr-defined]  # ours
        request.client_address = client_address(request)  # type: ignore[attr-defined]  # ours
        began = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.id)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers["X-Request-Id"] = request.id  # type: ignore[attr-defined]
        if not request.path.startswith(QUIET):
            # The path without its query: queries carry tokens.
            log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ip=request.client_address,  # type: ignore[attr-defined]
                ms=round((time.perf_counter() - began) * 1000, 1),
            )
        return response


class SlashMiddleware(CommonMiddleware):
    """Redirects to the address with its slash where nothing is lost by it.

    A form that was posted to the address without one is not found: redirected it would be empty,
    and while DEBUG Django answers it with a fault.
    """

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        """Return whether the address lacks a slash, and the request has no body to lose."""
        return request.method in {"GET", "HEAD"} and super().should_redirect_with_slash(request)
