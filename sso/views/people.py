"""What new members get, identifiers pinned to people, and the break-glass drill."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actor import Actor
from accounts.models import Membership
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.permissions import Permission
from accounts.signin.evidence import Proof
from accounts.signin.password import ConfirmPasswordForm
from accounts.signin.rules import Entry
from sso.access import BREAK_GLASS_ROLES, is_break_glass
from sso.forms import ProvisioningForm
from sso.models import Link, TeamMapping
from sso.services import connections, requirement
from sso.services.connections import connection_of

manages_security = organization_page(Permission.MANAGE_SECURITY)


@manages_security
@require_http_methods(["GET", "POST"])
def provisioning(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Choose the team of newcomers, and which values of an attribute mean which teams."""
    connection = connection_of(context.organization)
    if connection is None:
        return redirect("sso:connection", context.organization.public_id)
    mappings = TeamMapping.objects.filter(connection=connection).select_related("team")
    initial = {
        "default_team": connection.default_team.public_id if connection.default_team else None,
        "groups_attribute": connection.groups_attribute,
        "mappings": "\n".join(f"{m.value} = {m.team.name}" for m in mappings.order_by("id")),
    }
    form = ProvisioningForm(
        request.POST or None, organization=context.organization, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        connections.set_provisioning(connection, actor=Actor.of(request), **form.cleaned_data)
        messages.success(request, _("Saved. It counts from the next sign-in on."))
        return redirect("sso:settings", context.organization.public_id)
    return render(request, "sso/provisioning.html", {"context": context, "form": form})


@manages_security
@require_http_methods(["GET"])
def pins(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Show which identifier of the identity provider belongs to whom."""
    connection = connection_of(context.organization)
    links = Link.objects.filter(connection=connection).select_related("user").order_by("-id")[:500]
    known = {
        membership.user_id: membership
        for membership in Membership.objects.filter(
            organization=context.organization, user__in=[link.user_id for link in links]
        ).select_related("user")
    }
    rows = [(link, known.get(link.user_id)) for link in links]
    return render(request, "sso/pins.html", {"context": context, "rows": rows})


@manages_security
@require_http_methods(["GET", "POST"])
def clear_pin(request: HttpRequest, context: OrganizationContext, pin_id: int) -> HttpResponse:
    """Forget an identifier: the next sign-in of the person pins the new one."""
    link = (
        Link.objects.filter(connection__organization=context.organization, pk=pin_id)
        .select_related("connection__organization", "user")
        .first()
    )
    if link is None:
        raise Http404
    form = ConfirmPasswordForm(request.POST or None, user=context.user)
    if request.method == "POST" and form.is_valid():
        connections.clear_pin(link, actor=Actor.of(request))
        messages.success(request, _("Cleared. The next sign-in pins the identifier it brings."))
        return redirect("sso:pins", context.organization.public_id)
    return render(request, "sso/clear_pin.html", {"context": context, "form": form, "link": link})


@manages_security
@require_http_methods(["GET", "POST"])
def drill(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Answer "would my password let me in today?", by the rule that would decide it (SSO-4)."""
    form = ConfirmPasswordForm(request.POST or None, user=context.user)
    verdict = None
    if request.method == "POST" and form.is_valid():
        entry = Entry(context.user, context.organization, context.membership, context.policy)
        evidence = context.evidence.with_proof(Proof.now("password"))
        if context.user.has_second_factor and not evidence.has_second_factor:
            # The password is right; the own second factor would be asked as at every sign-in.
            evidence = evidence.with_proof(Proof.now("otp"))
        verdict = is_break_glass(entry, evidence)
    admins = (
        Membership.objects.filter(organization=context.organization, role__in=BREAK_GLASS_ROLES)
        .active()
        .select_related("user")
        .order_by("joined_at")
    )
    return render(
        request,
        "sso/drill.html",
        {
            "context": context,
            "form": form,
            "verdict": verdict,
            "admins": admins,
            "owners": requirement.owners_with_password(context.organization).count(),
        },
    )
