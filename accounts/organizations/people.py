"""Members, invitations, projects, the audit log and the plan, as pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import AuditEvent
from accounts.organizations import invitations
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.members import AlreadyMember
from accounts.organizations.permissions import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

PAGE = 50


@login_required
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation to whom it is addressed; one button accepts it."""
    found = invitations.by_token(token)
    if found is None:
        raise Http404
    if request.method == "POST":
        try:
            invitations.accept(found, request.user, actor=Actor.of(request))
        except invitations.InvitationOver:
            raise Http404 from None
        except invitations.OtherAddress:
            messages.error(
                request,
                _("This invitation is for %(email)s. Sign in with that address.")
                % {"email": found.email},
            )
        except AlreadyMember:
            return redirect("organizations:overview", found.organization.public_id)
        else:
            return redirect("organizations:overview", found.organization.public_id)
    return render(request, "organizations/invitation.html", {"invitation": found})


@organization_page(Permission.VIEW)
def members(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """List the members."""
    rows = context.organization.memberships.select_related("user").order_by("joined_at", "pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "organizations/members.html", {"context": context, "page": page})


@organization_page(Permission.VIEW)
def projects(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """List the projects."""
    rows = context.organization.projects.order_by("name")
    return render(request, "organizations/projects.html", {"context": context, "projects": rows})


@organization_page(Permission.VIEW_AUDIT)
def audit(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Show the newest events."""
    events = AuditEvent.objects.filter(organization_id=context.organization.public_id)
    return render(
        request,
        "organizations/audit.html",
        {"context": context, "events": events.order_by("-id")[:PAGE]},
    )


@organization_page(Permission.MANAGE_BILLING)
def plan(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Show the plan."""
    return render(request, "organizations/plan.html", {"context": context})
