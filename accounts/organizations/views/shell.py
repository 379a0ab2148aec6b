"""The way into organizations: home, a new one, the overview."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import limits
from accounts.actor import Actor, person_of
from accounts.models import Plan
from accounts.organizations import invitations, newcomers
from accounts.organizations.context import (
    OrganizationContext,
    entries_of,
    judge,
    organization_page,
)
from accounts.organizations.forms import OrganizationForm
from accounts.organizations.members import create_organization
from accounts.organizations.overview import score
from accounts.organizations.permissions import Permission
from accounts.organizations.projects import count_projects
from accounts.organizations.views.invitations import accept as accept_invitation
from accounts.signin.evidence import evidence_of
from accounts.signin.flow import redirect_to_sign_in

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

# Each may send its invitations to strangers (A6).
CREATED_A_DAY = 20


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Show the organizations of the person; the only one opens at once."""
    evidence = evidence_of(request)
    entries = entries_of(request)
    invited = invitations.for_user(person_of(request))
    if len(entries) == 1 and not invited and judge(entries[0], evidence) is None:
        return redirect("organizations:overview", entries[0].organization.public_id)
    if not entries and not invited:
        page = newcomers.first_page(person_of(request))
        if page is not None and not request.GET:
            return redirect(page)
    rows = [(entry, judge(entry, evidence) is None) for entry in entries]
    return render(request, "organizations/home.html", {"rows": rows, "invited": invited})


@require_POST
@login_required
def accept(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Accept an invitation found on the home page: the proven address suffices, no link needed."""
    mine = {found.public_id: found for found in invitations.for_user(person_of(request))}
    if invitation_id not in mine:
        raise Http404
    return accept_invitation(request, mine[invitation_id], back=reverse("home"))


@login_required
def create(request: HttpRequest) -> HttpResponse:
    """Create an organization; it takes account-level evidence of a verified address."""
    evidence = evidence_of(request)
    if not evidence.proves_account(person_of(request)):
        return redirect_to_sign_in(request, address=person_of(request).email)
    form = OrganizationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        key = f"organizations:{person_of(request).pk}"
        verdict = limits.hit(key, limit=CREATED_A_DAY, per=datetime.timedelta(days=1))
        if not verdict:
            waiting = {"retry_after": verdict.retry_after}
            return render(request, "errors/429.html", waiting, status=429)
        organization = create_organization(
            form.cleaned_data["name"],
            owner=person_of(request),
            actor=Actor.of(request),
            plan=form.cleaned_data.get("plan", Plan.FREE),
        )
        messages.success(request, _("%(name)s is ready.") % {"name": organization.name})
        return redirect("organizations:overview", organization.public_id)
    return render(request, "organizations/create.html", {"form": form})


@organization_page(Permission.VIEW)
def overview(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Say what is protected and what is the next best step, to those who can take it."""
    return render(
        request,
        "organizations/overview.html",
        {
            "context": context,
            "score": score(context) if context.can(Permission.MANAGE_SECURITY) else None,
            "members": context.people.members,
            "projects": count_projects(context.organization),
        },
    )


@organization_page(Permission.MANAGE_SECURITY)
def security(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Open Access Security at its first page."""
    return redirect("twofactor:settings", context.organization.public_id)
