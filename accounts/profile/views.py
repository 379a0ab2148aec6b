"""Personal settings: Your profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_required
from django.shortcuts import render

from accounts.signin.evidence import evidence_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Show the profile."""
    return render(request, "profile/home.html", {"evidence": evidence_of(request)})
