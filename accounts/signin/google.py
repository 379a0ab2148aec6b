"""The way to Google and back, and what its answer may end in besides a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.socialaccount.providers.google import views as google_views
from django.conf import settings
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts.actor import person_of
from accounts.profile.guard import proves_now
from accounts.signin.evidence import evidence_of
from accounts.signin.flow import redirect_to_sign_in

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def google_login(request: HttpRequest) -> HttpResponse:
    """Send the person to Google; not there where Google is not set up."""
    _demand_google()
    if request.GET.get("process") == "connect":
        # Whoever connects a Google account opens this one by it from then on (ACC-7).
        user = person_of(request)
        if not proves_now(evidence_of(request), user):
            path = reverse("profile:google")
            return redirect_to_sign_in(request, address=user.email, path=path)
    answer: HttpResponse = google_views.oauth2_login(request)
    return answer


def google_callback(request: HttpRequest) -> HttpResponse:
    """Take Google's answer; not there where Google is not set up."""
    _demand_google()
    answer: HttpResponse = google_views.oauth2_callback(request)
    return answer


@never_cache
def google_known(request: HttpRequest) -> HttpResponse:
    """Say that the address has an account already, which only its owner connects (S12)."""
    return render(request, "signin/google_known.html")


@never_cache
def google_refused(request: HttpRequest) -> HttpResponse:
    """Say that Google has not verified the address (S12)."""
    return render(request, "signin/google_refused.html")


def _demand_google() -> None:
    # Without its app, allauth knows no way on and answers 500.
    if not settings.GOOGLE_ENABLED:
        raise Http404
