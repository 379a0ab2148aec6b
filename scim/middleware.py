"""Answers providers before sessions, languages and cookies are looked at: they have none."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from scim.api import endpoint
from scim.rendering import BASE_PATH


class ProviderMiddleware:
    """Takes what is under the base path out of the pages' middleware.

    Half the time of a look-up went there; and whatever one of them refuses in HTML (a strange
    Host, too many parameters) a provider could not read. Stands after SecurityMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a provider's request, and pass on any other."""
        path = request.path_info
        if path == BASE_PATH or path.startswith(f"{BASE_PATH}/"):
            return endpoint(request, path[len(BASE_PATH) + 1 :])
        return self.get_response(request)
