"""What keeps the development pages on the developer's own machine."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    View = Callable[..., HttpResponseBase]


def only_while_debugging(view: View) -> View:
    """Answer 404 unless DEBUG is on, and nobody whom another site's page sent.

    The pages' URLs exist under DEBUG only; this is the second lock. Browsers say with
    Sec-Fetch-Site who asks; programs send no such header and get through.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not settings.DEBUG:
            raise Http404
        changes = request.method not in {"GET", "HEAD"}
        sender = request.headers.get("Sec-Fetch-Site", "none")
        if changes and sender not in {"same-origin", "none"}:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded
