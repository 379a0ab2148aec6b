"""What Google's answer may end in, besides a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.cache import never_cache

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@never_cache
def google_known(request: HttpRequest) -> HttpResponse:
    """Say that the address has an account already, which only its owner connects (S12)."""
    return render(request, "signin/google_known.html")


@never_cache
def google_refused(request: HttpRequest) -> HttpResponse:
    """Say that Google has not verified the address (S12)."""
    return render(request, "signin/google_refused.html")
