"""Users & Teams: the list of people, a person's page, and what can be done there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.actor import Actor
from accounts.models import Membership, Project, Role
from accounts.models.fields import EPOCH
from accounts.organizations import member_addresses
from accounts.organizations import members as service
from accounts.organizations.context import OrganizationContext, organization_page, role_missing
from accounts.organizations.directory import DirectoryForm, people
from accounts.organizations.forms import DescriptionForm, RoleForm
from accounts.organizations.permissions import TABLE, WORDS, Permission, may, may_act_on
from accounts.organizations.views.asking import ask_once
from accounts.paging import count_in_words, page_by_key
from accounts.signin.password import ConfirmPasswordForm

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_safe
@organization_page(Permission.VIEW)
def members(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """List the people, with search and filters."""
    details = context.can(Permission.MANAGE_MEMBERS)
    form = DirectoryForm(request.GET, details=details)
    asked = form.asked()
    if asked.get("status") == "invited":
        return redirect("organizations:invitations", context.organization.public_id)
    rows = people(context.organization, asked)
    return render(
        request,
        "organizations/members.html",
        {
            "context": context,
            "form": form,
            "asked": asked,
            "count": count_in_words(rows),
            "page": page_by_key(rows, request.GET, by=("joined_at", "pk")),
            "details": details,
            "may_invite": context.can(Permission.INVITE_MEMBERS),
            "invited": context.organization.invitations.live().count(),
        },
    )


@require_safe
@organization_page(Permission.VIEW)
def roles(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Show what each role may do, from the table that decides it."""
    lines = [
        (words, [may(role, permission) for role in TABLE]) for permission, words in WORDS.items()
    ]
    return render(
        request,
        "organizations/roles.html",
        {"context": context, "roles": [Role(role).label for role in TABLE], "lines": lines},
    )


@require_safe
@organization_page(Permission.VIEW)
def member(request: HttpRequest, context: OrganizationContext, membership_id: str) -> HttpResponse:
    """Show a person in this organization; one's own page is open to everybody."""
    person = person_of(context, membership_id)
    own = person.pk == context.membership.pk
    if not own and not context.can(Permission.MANAGE_MEMBERS):
        return role_missing(request, context, Permission.MANAGE_MEMBERS)
    acts = not own and may_act_on(context.role, person.role)
    projects = Project.objects.filter(organization=context.organization)
    return render(
        request,
        "organizations/member.html",
        {
            "context": context,
            "person": person,
            "own": own,
            "acts": acts and context.can(Permission.MANAGE_MEMBERS),
            "may_transfer": context.role == Role.OWNER and person.is_active and not own,
            "sessions_ended_at": ended_at(person),
            "teams": person.teams.order_by("name"),
            "projects": projects.open_to(person).order_by("name") if person.is_active else [],
            "reset_url": reset_url(context, person) if acts else "",
            "described_here": person.is_described_here,
        },
    )


def person_of(context: OrganizationContext, membership_id: str) -> Membership:
    """Return the person of an address of this organization, or answer 404."""
    rows = context.organization.memberships.select_related("user", "organization__policy")
    person = rows.filter(public_id=membership_id).first()
    if person is None:
        raise Http404
    return person


def ended_at(person: Membership) -> Any:
    """Return when the person's sessions here were ended last, or None."""
    return person.access_valid_from if person.access_valid_from > EPOCH else None


def reset_url(context: OrganizationContext, person: Membership) -> str:
    """Return the page that resets the second factor; empty where no app has one."""
    if not person.user.has_second_factor:
        return ""
    try:
        return reverse(
            "twofactor:reset_member", args=[context.organization.public_id, person.public_id]
        )
    except NoReverseMatch:
        return ""


# --- One change each: a page that asks once, then the service


@organization_page(Permission.MANAGE_MEMBERS)
def change_role(
    request: HttpRequest, context: OrganizationContext, membership_id: str
) -> HttpResponse:
    """Give a person another role."""
    person = person_of(context, membership_id)
    form = RoleForm(request.POST or None, context=context, initial={"role": person.role})
    return ask_once(
        request,
        context,
        lambda: service.change_role(person, form.cleaned_data["role"], actor=Actor.of(request)),
        heading=_("Change the role of %(name)s") % {"name": person.name},
        lead=[
            _("%(name)s is %(role)s now. A new role counts from the next page they open.")
            % {"name": person.name, "role": person.get_role_display()}
        ],
        submit_label=_("Change role"),
        cancel_url=page_of(context, person),
        roles_link=True,
        form=form,
        refusals=last_owner(person),
        done=_("%(name)s has another role.") % {"name": person.name},
    )


@organization_page(Permission.MANAGE_MEMBERS)
def describe(
    request: HttpRequest, context: OrganizationContext, membership_id: str
) -> HttpResponse:
    """Change the name and address that SCIM gave a person, once it is off."""
    person = another_person(context, membership_id)
    form = DescriptionForm(
        request.POST or None,
        initial={
            "first_name": person.first_name,
            "last_name": person.last_name,
            "email": person.address,
        },
    )
    lead = [_("Only %(organization)s sees it.") % {"organization": context.organization.name}]
    if context.policy.sso_enabled:
        lead.append(_("Their next single sign-on brings back what your identity provider says."))
    return ask_once(
        request,
        context,
        lambda: member_addresses.describe_member(
            person, **form.cleaned_data, actor=Actor.of(request)
        ),
        heading=_("Name and address of %(name)s") % {"name": person.name},
        lead=lead,
        submit_label=_("Save"),
        cancel_url=page_of(context, person),
        form=form,
        refusals={
            service.ManagedElsewhere: _("SCIM is on: change it at your identity provider."),
            member_addresses.DescribedByThemselves: _(
                "People give name and address themselves, in their profile."
            ),
            member_addresses.ForeignDomain: {
                "email": _("Addresses change only within your verified domains.")
            },
            member_addresses.AddressTaken: {"email": _("Somebody else uses this address.")},
        },
        done=_("Name and address are saved."),
    )


@organization_page(Permission.MANAGE_MEMBERS)
def deactivate(
    request: HttpRequest, context: OrganizationContext, membership_id: str
) -> HttpResponse:
    """Take a person's access away, and keep what they had."""
    person = another_person(context, membership_id)
    return ask_once(
        request,
        context,
        lambda: service.deactivate_member(
            person, actor=Actor.of(request), by=Membership.DeactivatedBy.ADMIN
        ),
        heading=_("Deactivate %(name)s") % {"name": person.name},
        lead=[
            _("They are out with their next click, everywhere in %(organization)s.")
            % {"organization": context.organization.name},
            _("Role, teams and projects are kept and give nothing until you reactivate them."),
        ],
        submit_label=_("Deactivate"),
        cancel_url=page_of(context, person),
        danger=True,
        refusals=last_owner(person),
        done=_("%(name)s is deactivated.") % {"name": person.name},
    )


@organization_page(Permission.MANAGE_MEMBERS)
def reactivate(
    request: HttpRequest, context: OrganizationContext, membership_id: str
) -> HttpResponse:
    """Give a person's access back as it was."""
    person = another_person(context, membership_id)
    elsewhere = _("Your identity provider turned this access off. Turn it on there: SCIM is on.")
    return ask_once(
        request,
        context,
        lambda: service.reactivate_member(person, actor=Actor.of(request), by_hand=True),
        heading=_("Reactivate %(name)s") % {"name": person.name},
        lead=[
            _("They get back the role %(role)s, their teams and projects, and sign in anew.")
            % {"role": person.get_role_display()}
        ],
        submit_label=_("Reactivate"),
        cancel_url=page_of(context, person),
        refusals={service.ManagedElsewhere: elsewhere},
        done=_("%(name)s is active again.") % {"name": person.name},
    )


@organization_page(Permission.MANAGE_MEMBERS)
def end_sessions(
    request: HttpRequest, context: OrganizationContext, membership_id: str
) -> HttpResponse:
    """End a person's sessions in this organization; others of theirs are untouched."""
    person = another_person(context, membership_id)
    return ask_once(
        request,
        context,
        lambda: service.end_sessions_of(person, actor=Actor.of(request)),
        heading=_("End the sessions of %(name)s") % {"name": person.name},
        lead=[
            _("With their next click in %(organization)s they must sign in again.")
            % {"organization": context.organization.name},
            _("What they have open in other organizations goes on."),
        ],
        submit_label=_("End sessions"),
        cancel_url=page_of(context, person),
        done=_("The sessions of %(name)s in this organization are ended.") % {"name": person.name},
    )


@organization_page(Permission.MANAGE_MEMBERS)
def remove(request: HttpRequest, context: OrganizationContext, membership_id: str) -> HttpResponse:
    """Remove a person for good."""
    person = another_person(context, membership_id)
    return ask_once(
        request,
        context,
        lambda: service.remove_member(person, actor=Actor.of(request)),
        heading=_("Remove %(name)s") % {"name": person.name},
        lead=[
            _("They are out of %(organization)s with their next click.")
            % {"organization": context.organization.name},
            _("Role, teams and project access are deleted: an invitation brings back none of it."),
        ],
        submit_label=_("Remove"),
        cancel_url=page_of(context, person),
        danger=True,
        refusals=last_owner(person),
        done=_("%(name)s is removed.") % {"name": person.name},
        then=reverse("organizations:members", args=[context.organization.public_id]),
    )


@organization_page(Permission.MANAGE_OWNERS)
def transfer(
    request: HttpRequest, context: OrganizationContext, membership_id: str
) -> HttpResponse:
    """Hand the organization over: the person becomes an owner, oneself an admin."""
    person = another_person(context, membership_id)
    return ask_once(
        request,
        context,
        lambda: service.transfer_ownership(person, actor=Actor.of(request)),
        heading=_("Transfer ownership to %(name)s") % {"name": person.name},
        lead=[
            _("%(name)s becomes an owner, and you become an admin.") % {"name": person.name},
            _("Only an owner can undo this."),
        ],
        submit_label=_("Transfer ownership"),
        cancel_url=page_of(context, person),
        danger=True,
        form=ConfirmPasswordForm(request.POST or None, user=context.user),
        done=_("%(name)s is an owner now, and you are an admin.") % {"name": person.name},
    )


@organization_page(Permission.VIEW)
def leave(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Leave the organization; the last owner can't."""
    person = context.membership
    return ask_once(
        request,
        context,
        lambda: service.remove_member(person, actor=Actor.of(request), leaving=True),
        heading=_("Leave %(organization)s") % {"organization": context.organization.name},
        lead=[
            _("You lose your role, your teams and your projects here at once."),
            _("To come back you need an invitation."),
        ],
        submit_label=_("Leave"),
        cancel_url=page_of(context, person),
        danger=True,
        refusals=last_owner(person),
        done=_("You left %(organization)s.") % {"organization": context.organization.name},
        then=reverse("home"),
    )


def another_person(context: OrganizationContext, membership_id: str) -> Membership:
    """Return a person who is not oneself: one's own access is given up by leaving."""
    person = person_of(context, membership_id)
    if person.pk == context.membership.pk:
        raise Http404
    return person


def page_of(context: OrganizationContext, person: Membership) -> str:
    """Return the person's page."""
    return reverse("organizations:member", args=[context.organization.public_id, person.public_id])


def last_owner(person: Membership) -> dict[type[Exception], str]:
    """Return what to say where the organization would be left without an owner."""
    sentence = _("%(name)s is the last owner. Make somebody else an owner first.")
    return {service.LastOwner: sentence % {"name": person.name}}
