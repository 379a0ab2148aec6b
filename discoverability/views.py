"""The organization's page and requests; the newcomer's page."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actor import Actor, person_of
from accounts.models import Discoverability, Membership, Organization, Plan
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.members import AlreadyMember, NotAllowed
from accounts.organizations.permissions import Permission, offered_roles
from accounts.policy import PolicyRefused
from accounts.signin.evidence import evidence_of
from accounts.signin.flow import redirect_to_sign_in
from discoverability import services
from discoverability.errors import AlreadyDecided, Gone, Refused
from discoverability.forms import ApproveForm, DeclineForm, DomainForm, LevelForm
from discoverability.matching import initials_of, matches, proven_address, visible
from discoverability.models import JoinRequest, WorkDomain

# --- The organization's side


def why_off(context: OrganizationContext) -> str:
    """Return why discoverability can't be used here, or nothing (DISC-1)."""
    if context.policy.sso_enabled:
        return _(
            "Off, because people sign in through your identity provider: it decides who gets in."
        )
    if context.policy.plan == Plan.ENTERPRISE:
        return _("Off: organizations on the Enterprise plan let people in by invitation or IdP.")
    return ""


@organization_page(Permission.MANAGE_DISCOVERABILITY)
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Choose the level; list the work domains; show what a newcomer sees (DISC-2)."""
    form = LevelForm(request.POST or None, initial={"level": context.policy.discoverability})
    if request.method == "POST" and form.is_valid():
        level = form.cleaned_data["level"]
        try:
            services.set_level(context.organization, level, actor=Actor.of(request))
        except PolicyRefused as refused:
            form.add_error("level", refused.sentence)
        else:
            messages.success(
                request, _("Saved: %(level)s.") % {"level": Discoverability(level).label}
            )
            return redirect("discoverability:settings", context.organization.public_id)
    return _settings_page(request, context, form, DomainForm())


def _settings_page(
    request: HttpRequest, context: OrganizationContext, form: LevelForm, domain_form: DomainForm
) -> HttpResponse:
    domains = WorkDomain.objects.filter(organization=context.organization)
    return render(
        request,
        "discoverability/settings.html",
        {
            "context": context,
            "form": form,
            "domain_form": domain_form,
            "why_off": why_off(context),
            "domains": domains.select_related("named_by").order_by("domain"),
            "members": Membership.objects.filter(organization=context.organization)
            .active()
            .count(),
            "initials": initials_of(context.organization),
            "levels": Discoverability,
        },
    )


@organization_page(Permission.MANAGE_DISCOVERABILITY)
@require_POST
def add_domain(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Name a work domain."""
    form = DomainForm(request.POST)
    if form.is_valid():
        try:
            added = services.name_domain(
                context.organization,
                form.cleaned_data["domain"],
                actor=Actor.of(request),
                user=context.user,
            )
        except Refused as refused:
            form.add_error("domain", refused.sentence)
        else:
            messages.success(request, _("%(d)s is listed.") % {"d": added.domain})
            return redirect("discoverability:settings", context.organization.public_id)
    level = LevelForm(initial={"level": context.policy.discoverability})
    return _settings_page(request, context, level, form)


@organization_page(Permission.MANAGE_DISCOVERABILITY)
@require_POST
def drop_domain(request: HttpRequest, context: OrganizationContext, domain: str) -> HttpResponse:
    """Take a work domain off the list."""
    listed = WorkDomain.objects.filter(organization=context.organization, domain=domain).first()
    if listed is None:
        raise Http404
    services.drop_domain(listed, actor=Actor.of(request))
    messages.success(request, _("%(d)s is no longer listed.") % {"d": domain})
    return redirect("discoverability:settings", context.organization.public_id)


@organization_page(Permission.DECIDE_REQUESTS)
def requests(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """List the requests that wait, and the latest answers."""
    everything = JoinRequest.objects.filter(organization=context.organization).select_related(
        "user", "decided_by"
    )
    return render(
        request,
        "discoverability/requests.html",
        {
            "context": context,
            "waiting": everything.open().order_by("created_at")[:200],
            "decided": everything.exclude(state=JoinRequest.State.OPEN).order_by("-decided_at")[
                :50
            ],
        },
    )


@organization_page(Permission.DECIDE_REQUESTS)
@require_http_methods(["GET", "POST"])
def approve(request: HttpRequest, context: OrganizationContext, request_id: str) -> HttpResponse:
    """Let somebody in, with a role."""
    asked = _request_of(context, request_id)
    form = ApproveForm(request.POST or None, roles=offered_roles(context.role))
    if request.method == "POST" and form.is_valid():
        try:
            services.approve(asked, role=form.cleaned_data["role"], actor=Actor.of(request))
        except AlreadyDecided:
            messages.info(request, _("Somebody answered this request already."))
        except Gone:
            messages.error(
                request, _("This request can't be approved any more: the level or address changed.")
            )
        except NotAllowed:
            form.add_error("role", _("Your role doesn't let you give this one."))
        else:
            messages.success(request, _("%(email)s is a member now.") % {"email": asked.email})
        if not form.errors:
            return redirect("discoverability:requests", context.organization.public_id)
    return render(
        request, "discoverability/approve.html", {"context": context, "asked": asked, "form": form}
    )


@organization_page(Permission.DECIDE_REQUESTS)
@require_http_methods(["GET", "POST"])
def decline(request: HttpRequest, context: OrganizationContext, request_id: str) -> HttpResponse:
    """Say no, with an optional word."""
    asked = _request_of(context, request_id)
    form = DeclineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.decline(asked, word=form.cleaned_data["word"], actor=Actor.of(request))
        except AlreadyDecided:
            messages.info(request, _("Somebody answered this request already."))
        else:
            messages.success(request, _("Declined; %(email)s is told.") % {"email": asked.email})
        return redirect("discoverability:requests", context.organization.public_id)
    return render(
        request, "discoverability/decline.html", {"context": context, "asked": asked, "form": form}
    )


def _request_of(context: OrganizationContext, request_id: str) -> JoinRequest:
    found = (
        JoinRequest.objects.filter(organization=context.organization, public_id=request_id)
        .select_related("user", "organization")
        .first()
    )
    if found is None:
        raise Http404
    return found


# --- The newcomer's side


@login_required
def join(request: HttpRequest) -> HttpResponse:
    """Show the organizations that the person's verified address finds (DISC-3, DISC-4)."""
    if not evidence_of(request).proves_account(person_of(request)):
        return redirect_to_sign_in(request, address=person_of(request).email)
    return render(
        request,
        "discoverability/join.html",
        {"matches": matches(person_of(request)), "address": proven_address(person_of(request))},
    )


@login_required
@require_POST
def join_one(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Join, or ask to join. What can't be found answers as if it did not exist."""
    if not evidence_of(request).proves_account(person_of(request)):
        return redirect_to_sign_in(request, address=person_of(request).email)
    organization = _visible_one(request, organization_id)
    actor = Actor.of(request)
    asks = "ask" in request.POST
    try:
        if asks:
            services.ask(person_of(request), organization, actor=actor)
        else:
            services.join(person_of(request), organization, actor=actor)
    except Gone:
        messages.error(request, _("This organization can't be joined this way any more."))
    except AlreadyMember:
        return redirect("home")
    except Refused as refused:
        messages.error(request, refused.sentence)
    else:
        if not asks:
            messages.success(request, _("Welcome to %(name)s.") % {"name": organization.name})
            return redirect("organizations:overview", organization.public_id)
        messages.success(
            request, _("%(name)s's admins were told. You get a mail.") % {"name": organization.name}
        )
    return redirect("discoverability:join")


@login_required
@require_POST
def withdraw(request: HttpRequest, request_id: str) -> HttpResponse:
    """Take one's own request back."""
    mine = JoinRequest.objects.filter(user=person_of(request), public_id=request_id).first()
    if mine is None:
        raise Http404
    services.withdraw(mine, actor=Actor.of(request))
    messages.success(request, _("Your request is withdrawn."))
    return redirect("discoverability:join")


def _visible_one(request: HttpRequest, organization_id: str) -> Organization:
    found = next((o for o in visible(person_of(request)) if o.public_id == organization_id), None)
    if found is None:
        raise Http404
    return found
