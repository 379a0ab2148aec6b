"""The first page: the demo explains itself; in production it leads to sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import redirect, render

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def start(request: HttpRequest) -> HttpResponse:
    """Explain the demo in six lines while DEBUG; otherwise go where work goes on."""
    if settings.DEBUG:
        from orgsecurity.development import demo  # noqa: PLC0415  # absent in production

        return render(request, "home/demo.html", demo.explanation())
    return redirect("home" if request.user.is_authenticated else "signin:address")
