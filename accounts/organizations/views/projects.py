"""Projects: the list, a project's own page, who may open it, and asking for that."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.actor import Actor
from accounts.models import Project, ProjectAccessRequest
from accounts.organizations import projects as service
from accounts.organizations.context import OrganizationContext, enter, organization_page
from accounts.organizations.forms import AddressesForm, ProjectForm
from accounts.organizations.members import AlreadyMember, NotAllowed
from accounts.organizations.permissions import Permission
from accounts.organizations.views.asking import NOT_ALLOWED, ask_once
from accounts.organizations.views.teams import by_address
from accounts.paging import page_by_key
from accounts.signin.flow import want
from accounts.signin.forms import AddressForm
from accounts.signin.rules import Purpose, step_at_address

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

ASKED_A_DAY = 20


@require_safe
@organization_page(Permission.VIEW)
def projects(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """List the projects: all of them to those who manage them, else one's own."""
    may_manage = context.can(Permission.MANAGE_PROJECTS)
    rows = Project.objects.filter(organization=context.organization)
    if not may_manage:
        rows = rows.open_to(context.membership)
    return render(
        request,
        "organizations/projects.html",
        {"context": context, "page": page_by_key(rows, request.GET), "may_manage": may_manage},
    )


@organization_page(Permission.MANAGE_PROJECTS)
def create(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Create a project."""
    form = ProjectForm(request.POST or None, organization=context.organization)
    return ask_once(
        request,
        context,
        lambda: service.create_project(
            context.organization, form.cleaned_data["name"], actor=Actor.of(request)
        ),
        heading=_("New project"),
        lead=[_("Nobody has access until you give it.")],
        submit_label=_("Create project"),
        cancel_url=reverse("organizations:projects", args=[context.organization.public_id]),
        form=form,
        refusals={IntegrityError: {"name": form.taken}},
        then=lambda made: address_of(context, made),
    )


@organization_page(Permission.MANAGE_PROJECTS)
def access(request: HttpRequest, context: OrganizationContext, project_id: str) -> HttpResponse:
    """Show who may open a project; people are added by address."""
    found = project_of(context, project_id)
    form = AddressesForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        read = form.cleaned_data["addresses"]
        people = by_address(context.organization, read.good)
        try:
            for person in people.values():
                service.grant(found, person, actor=Actor.of(request))
        except NotAllowed:
            form.add_error(None, NOT_ALLOWED)
        else:
            strangers = [
                (a, _("is no member of this organization.")) for a in read.good if a not in people
            ]
            refused = [*read.bad, *strangers]
            if not refused:
                messages.success(request, _("They have access now."))
                return redirect(address_of(context, found))
            form.refuse(refused)
    grants = found.grants.select_related("membership__user", "team")
    given = set(grants.exclude(team=None).values_list("team_id", flat=True))
    return render(
        request,
        "organizations/project_access.html",
        {
            "context": context,
            "project": found,
            "form": form,
            "grants": grants.order_by("-team_id", "pk")[:500],
            "teams": context.organization.teams.exclude(pk__in=given).order_by("name")[:200],
            "requests": found.requests.filter(decided_at=None).select_related("user")[:200],
        },
    )


@require_POST
@organization_page(Permission.MANAGE_PROJECTS)
def change_access(
    request: HttpRequest, context: OrganizationContext, project_id: str
) -> HttpResponse:
    """Do one thing: ``all_users`` on or off, give to ``team``, take ``grant`` back."""
    found = project_of(context, project_id)
    actor = Actor.of(request)
    try:
        if "all_users" in request.POST:
            service.set_all_users(found, request.POST["all_users"] == "on", actor=actor)
        elif "team" in request.POST:
            team = context.organization.teams.filter(public_id=request.POST["team"]).first()
            if team is None:
                raise Http404
            service.grant(found, team, actor=actor)
        elif "grant" in request.POST:
            grants = found.grants.select_related("project__organization", "membership", "team")
            row = grants.filter(pk=number(request.POST.get("grant", ""))).first()
            if row is None:
                raise Http404
            service.revoke(row, actor=actor)
    except NotAllowed:
        messages.error(request, NOT_ALLOWED)
    else:
        messages.success(request, _("Access to %(name)s is changed.") % {"name": found.name})
    return redirect(address_of(context, found))


@require_POST
@organization_page(Permission.MANAGE_PROJECTS)
def decide(
    request: HttpRequest, context: OrganizationContext, project_request_id: str
) -> HttpResponse:
    """Answer somebody who asks for access."""
    rows = ProjectAccessRequest.objects.select_related("project__organization")
    asked = rows.filter(
        project__organization=context.organization, public_id=project_request_id
    ).first()
    if asked is None:
        raise Http404
    try:
        granted = request.POST.get("answer") == "approve"
        fresh = service.decide_request(asked, granted, actor=Actor.of(request))
    except NotAllowed:
        messages.error(request, NOT_ALLOWED)
    except AlreadyMember:
        messages.error(
            request,
            _("Another member goes by %(email)s here, so this account can't be invited.")
            % {"email": asked.user.email},
        )
    else:
        done = _("They have been told.") if fresh else _("Somebody answered this before you.")
        messages.success(request, done)
    return redirect(address_of(context, asked.project))


@require_safe
def project(request: HttpRequest, project_id: str) -> HttpResponse:
    """Open a project; a member without access may ask for it, strangers find nothing."""
    found = Project.objects.select_related("organization").filter(public_id=project_id).first()
    context = enter(request, found.organization.public_id if found else "")
    if not isinstance(context, OrganizationContext):
        return context
    opens = Project.objects.open_to(context.membership).filter(public_id=project_id).exists()
    if not opens and not context.can(Permission.MANAGE_PROJECTS):
        return redirect("organizations:project_request", project_id)
    response = render(
        request,
        "organizations/project.html",
        {
            "context": context,
            "project": found,
            "opens": opens,
            "may_manage": context.can(Permission.MANAGE_PROJECTS),
        },
    )
    add_never_cache_headers(response)
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def request_access(request: HttpRequest, project_id: str) -> HttpResponse:
    """Ask for access to a project (IDP-3): the same page whether or not it exists.

    Signed out, the address comes first: its domain decides whether single sign-on is offered.
    """
    if not request.user.is_authenticated:
        return ask_address(request)
    step = step_at_address(request.user.email, Purpose.PROJECT_REQUEST)
    page = {"step": step, "asked": False}
    if request.method == "POST":
        key = f"project-request:{request.user.pk}"
        allowed = limits.hit(key, limit=ASKED_A_DAY, per=datetime.timedelta(days=1))
        if not allowed:
            waiting = {"retry_after": allowed.retry_after}
            return render(request, "errors/429.html", waiting, status=429)
        found = Project.objects.select_related("organization").filter(public_id=project_id).first()
        if found is not None and request.user.has_verified_email:
            service.request_access(found, request.user, actor=Actor.of(request))
        page["asked"] = True
    elif step is not None:
        want(request, reverse("organizations:project", args=[project_id]))
    return render(request, "organizations/project_request.html", page)


def ask_address(request: HttpRequest) -> HttpResponse:
    """Ask who is asking; a managed domain is prompted to use its single sign-on."""
    form = AddressForm(request.POST or None)
    page = {"form": form, "asking": True}
    if request.method == "POST" and form.is_valid():
        address = form.cleaned_data["email"]
        want(request, request.path)
        # The sign-in page knows the address, and shows what it may use.
        request.session["signin_address"] = address
        step = step_at_address(address, Purpose.PROJECT_REQUEST)
        if step is None:
            return redirect("signin:method")
        page.update(step=step, address=address)
    return render(request, "organizations/project_request_signed_out.html", page)


def project_of(context: OrganizationContext, project_id: str) -> Project:
    """Return a project of this organization, or answer 404."""
    rows = Project.objects.select_related("organization")
    found = rows.filter(organization=context.organization, public_id=project_id).first()
    if found is None:
        raise Http404
    return found


def address_of(context: OrganizationContext, found: Project) -> str:
    """Return the page of who may open it."""
    return reverse(
        "organizations:project_access", args=[context.organization.public_id, found.public_id]
    )


def number(text: str) -> int:
    """Return a row's number; -1, which no row has, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else -1
