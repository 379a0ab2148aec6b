"""Neither peer knows tokens. The cheapest there is: one, compared with the environment's."""

import hmac
import os
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

HEADER = f"Bearer {os.environ.get('PEER_TOKEN', '')}".encode()


class Provider:
    """Whoever sent the token."""

    is_authenticated = is_superuser = True
    is_anonymous = False


class Nobody:
    """Whoever did not."""

    is_authenticated = is_superuser = False
    is_anonymous = True


class TokenMiddleware:
    """Sets the user by the Authorization header, without a query."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        known = hmac.compare_digest(request.META.get("HTTP_AUTHORIZATION", "").encode(), HEADER)
        request.user = Provider() if known else Nobody()  # type: ignore[assignment]  # a peer's
        return self.get_response(request)
