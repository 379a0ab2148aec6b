"""Refusals and faults in the product's face: what happened, and what to do now."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

log = structlog.get_logger("orgsecurity.errors")

# Never shown again, whatever form they were typed into.
SECRET_FIELDS = ("password", "code", "token", "secret", "key")
LONGEST_KEPT = 20_000


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what no browser of ours would have sent."""
    return render(request, "errors/400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say what is missing, and who can help; both may come with the exception."""
    page = {
        "sentence": str(exception or ""),
        "helpers": getattr(exception, "helpers", ()),
        "context": None,
    }
    return render(request, "errors/403.html", page, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say the same of what does not exist and of what this person may not see."""
    return render(request, "errors/404.html", status=404)


def too_many(request: HttpRequest, retry_after: timedelta) -> HttpResponse:
    """Say when the next try is welcome, in words and in Retry-After."""
    seconds = max(1, math.ceil(retry_after.total_seconds()))
    response = render(request, "errors/429.html", {"retry_after": retry_after}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Our fault: with the number under which the log has it, and without asking the database."""
    request_id = str(getattr(request, "id", ""))
    reference = f"E-{request_id[:8].upper()}" if request_id else ""
    log.error("server_error", reference=reference, path=request.path)
    page: str
    try:
        page = render_to_string("errors/500.html", {"reference": reference})
    except Exception:  # noqa: BLE001  # whatever is broken, the number must be shown
        page = f"<!doctype html><title>Error</title><h1>Our fault.</h1><p>Reference {reference}"
    return HttpResponse(page, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """An expired form: say so, and give back what was typed into it.

    Nothing is offered for sending again from here: on a forged form that would be the one click
    that the forger lacks. What a foreign page sent is not shown at all.
    """
    typed = [
        (name.replace("_", " ").capitalize(), value)
        for name, values in request.POST.lists()
        for value in values
        if value.strip() and not _is_secret(name)
    ]
    page = {
        "typed": typed if _came_from_us(request) and _length(typed) < LONGEST_KEPT else [],
        "path": request.get_full_path(),
    }
    log.warning("csrf_failure", reason=reason, path=request.path)
    return render(request, "errors/csrf.html", page, status=403)


def _is_secret(name: str) -> bool:
    return name == "csrfmiddlewaretoken" or any(part in name.lower() for part in SECRET_FIELDS)


def _came_from_us(request: HttpRequest) -> bool:
    sender = request.headers.get("Origin") or request.headers.get("Referer", "")
    return urlsplit(sender).netloc == request.get_host()


def _length(typed: list[tuple[str, str]]) -> int:
    return sum(len(value) for _name, value in typed)


class FaceWhileDebugging:
    """Shows the product's own 404 under DEBUG too, for the demo runs with DEBUG on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer unknown addresses as production would."""
        response = self.get_response(request)
        if settings.DEBUG and response.status_code == 404 and request.resolver_match is None:
            return not_found(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a view's Http404 as production would."""
        if settings.DEBUG and isinstance(exception, Http404):
            return not_found(request, exception)
        return None
