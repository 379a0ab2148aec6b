"""A dialog's form is sent by htmx, which follows redirects unseen: the page must follow."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django_htmx.http import HttpResponseClientRedirect

REDIRECTS = frozenset({301, 302, 303, 307, 308})


class DialogMiddleware:
    """Turns the redirect of an htmx request for a dialog into one of the whole page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a dialog's request so that its page goes where the view sends it."""
        response = self.get_response(request)
        if request.headers.get("HX-Target") != "dialog" or response.status_code not in REDIRECTS:
            return response
        answer = HttpResponseClientRedirect(response["Location"])
        answer.cookies = response.cookies
        return answer
