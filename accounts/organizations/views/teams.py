"""Teams, as pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import IntegrityError
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.actor import Actor
from accounts.models import Membership
from accounts.organizations import teams as service
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.forms import AddressesForm, TeamForm
from accounts.organizations.members import ManagedElsewhere, NotAllowed
from accounts.organizations.permissions import Permission
from accounts.organizations.views.asking import NOT_ALLOWED, ask_once
from accounts.paging import count_in_words, page_by_key

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from accounts.models import Organization, Team

KEPT_ELSEWHERE = gettext_lazy("Your identity provider keeps this team: change it there.")


@require_safe
@organization_page(Permission.VIEW)
def teams(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """List the teams."""
    active = Q(members__status=Membership.Status.ACTIVE)
    rows = context.organization.teams.all()
    page = page_by_key(rows.annotate(size=Count("members", filter=active)), request.GET)
    return render(
        request,
        "organizations/teams.html",
        {
            "context": context,
            "page": page,
            "count": count_in_words(rows),
            "may_manage": context.can(Permission.MANAGE_MEMBERS),
        },
    )


@organization_page(Permission.MANAGE_MEMBERS)
def create(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Create a team."""
    form = TeamForm(request.POST or None, organization=context.organization)
    return ask_once(
        request,
        context,
        lambda: service.create_team(
            context.organization, form.cleaned_data["name"], actor=Actor.of(request)
        ),
        heading=_("New team"),
        lead=[_("Teams share access to projects.")],
        submit_label=_("Create team"),
        cancel_url=reverse("organizations:teams", args=[context.organization.public_id]),
        form=form,
        refusals={IntegrityError: {"name": form.taken}},
        then=lambda made: address_of(context, made),
    )


@organization_page(Permission.VIEW)
def team(request: HttpRequest, context: OrganizationContext, team_id: str) -> HttpResponse:
    """Show a team; admins add people by their addresses."""
    found = team_of(context, team_id)
    kept = service.is_kept_elsewhere(found)
    may_manage = context.can(Permission.MANAGE_MEMBERS) and not kept
    form = AddressesForm(request.POST or None) if may_manage else None
    if request.method == "POST" and form is not None and form.is_valid():
        answer = add(request, context, found, form)
        if answer is not None:
            return answer
    rows = Membership.objects.filter(teams=found).select_related("user")
    return render(
        request,
        "organizations/team.html",
        {
            "context": context,
            "team": found,
            "kept": kept,
            "may_manage": may_manage,
            "details": context.can(Permission.MANAGE_MEMBERS),
            "form": form,
            "count": count_in_words(rows),
            "page": page_by_key(rows, request.GET, by=("joined_at", "pk")),
        },
    )


def add(
    request: HttpRequest, context: OrganizationContext, found: Team, form: AddressesForm
) -> HttpResponse | None:
    """Add those who are members; the others stay in the field with the reason."""
    read = form.cleaned_data["addresses"]
    people = by_address(context.organization, read.good)
    try:
        count = service.add_to_team(found, people.values(), actor=Actor.of(request))
    except NotAllowed:
        form.add_error(None, NOT_ALLOWED)
        return None
    except ManagedElsewhere:
        form.add_error(None, KEPT_ELSEWHERE)
        return None
    words = ngettext(
        "%(count)d person is new in the team.", "%(count)d people are new in the team.", count
    )
    messages.success(request, words % {"count": count})
    strangers = [(a, _("is no member of this organization.")) for a in read.good if a not in people]
    refused = [*read.bad, *strangers]
    if not refused:
        return redirect(address_of(context, found))
    form.refuse(refused)
    return None


def by_address(organization: Organization, addresses: list[str]) -> dict[str, Membership]:
    """Return the members known by these addresses."""
    rows = organization.memberships.filter(Q(user__email__in=addresses) | Q(email__in=addresses))
    found = {}
    for person in rows.select_related("user"):
        for address in (person.user.email.lower(), person.address.lower()):
            if address in addresses:
                found[address] = person
    return found


@require_POST
@organization_page(Permission.MANAGE_MEMBERS)
def take_out(
    request: HttpRequest, context: OrganizationContext, team_id: str, membership_id: str
) -> HttpResponse:
    """Take a person out of a team."""
    found = team_of(context, team_id)
    person = context.organization.memberships.filter(public_id=membership_id).first()
    if person is None:
        raise Http404
    try:
        service.take_from_team(found, person, actor=Actor.of(request))
    except NotAllowed:
        messages.error(request, NOT_ALLOWED)
    except ManagedElsewhere:
        messages.error(request, KEPT_ELSEWHERE)
    else:
        messages.success(
            request,
            _("%(name)s is no longer in %(team)s.") % {"name": person.name, "team": found.name},
        )
    return redirect(address_of(context, found))


@organization_page(Permission.MANAGE_MEMBERS)
def rename(request: HttpRequest, context: OrganizationContext, team_id: str) -> HttpResponse:
    """Give a team another name."""
    found = team_of(context, team_id)
    form = TeamForm(request.POST or None, organization=context.organization, instance=found)
    return ask_once(
        request,
        context,
        lambda: service.rename_team(found, form.cleaned_data["name"], actor=Actor.of(request)),
        heading=_("Rename %(team)s") % {"team": found.name},
        submit_label=_("Rename"),
        cancel_url=address_of(context, found),
        form=form,
        refusals={ManagedElsewhere: KEPT_ELSEWHERE, IntegrityError: {"name": form.taken}},
    )


@organization_page(Permission.MANAGE_MEMBERS)
def delete(request: HttpRequest, context: OrganizationContext, team_id: str) -> HttpResponse:
    """Delete a team."""
    found = team_of(context, team_id)
    return ask_once(
        request,
        context,
        lambda: service.delete_team(found, actor=Actor.of(request)),
        heading=_("Delete %(team)s") % {"team": found.name},
        lead=[
            _("Its members stay in the organization, and lose what the team gave them access to.")
        ],
        submit_label=_("Delete team"),
        cancel_url=address_of(context, found),
        danger=True,
        refusals={ManagedElsewhere: KEPT_ELSEWHERE},
        done=_("%(team)s is deleted.") % {"team": found.name},
        then=reverse("organizations:teams", args=[context.organization.public_id]),
    )


def team_of(context: OrganizationContext, team_id: str) -> Team:
    """Return a team of this organization, or answer 404."""
    rows = context.organization.teams.select_related("organization__policy")
    found: Team | None = rows.filter(public_id=team_id).first()
    if found is None:
        raise Http404
    return found


def address_of(context: OrganizationContext, found: Team) -> str:
    """Return the team's page."""
    return reverse("organizations:team", args=[context.organization.public_id, found.public_id])
