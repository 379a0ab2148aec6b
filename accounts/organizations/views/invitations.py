"""Invitations: sending them, and the page at which one arrives."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.actor import Actor, person_of
from accounts.models import Invitation
from accounts.organizations import invitations as service
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.forms import InviteForm
from accounts.organizations.members import AlreadyMember, NotAllowed
from accounts.organizations.permissions import Permission, may_act_on
from accounts.organizations.views.asking import NOT_ALLOWED, ask_once
from accounts.paging import count_in_words, page_by_key
from accounts.signin.evidence import evidence_of
from accounts.signin.flow import redirect_to_sign_in

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

# Mail to strangers is bounded (A6): for an organization and one address of it, and, since anybody
# makes organizations, for the person who invites and for an address at all.
A_DAY = datetime.timedelta(days=1)
PER_ORGANIZATION, PER_PERSON = 1000, 1000
PER_ADDRESS_HERE, PER_ADDRESS = 5, 20


@require_safe
@organization_page(Permission.INVITE_MEMBERS)
def invitations(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """List the invitations that wait, the newest first."""
    rows = context.organization.invitations.open().select_related("invited_by")
    return render(
        request,
        "organizations/invitations.html",
        {
            "context": context,
            "count": count_in_words(rows),
            "page": page_by_key(rows, request.GET, by=("created_at", "pk"), newest_first=True),
            "now": timezone.now(),
        },
    )


@organization_page(Permission.INVITE_MEMBERS)
def invite(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Invite many addresses at once; what is refused stays in the field with its reason."""
    form = InviteForm(request.POST or None, context=context)
    if request.method == "POST" and form.is_valid():
        found = form.cleaned_data["addresses"]
        refused = list(found.bad)
        sent = 0
        for address in found.good:
            problem = send(request, context, address, form.cleaned_data["role"])
            if problem:
                refused.append((address, problem))
            else:
                sent += 1
        if sent:
            words = ngettext(
                "%(count)d invitation is on its way.",
                "%(count)d invitations are on their way.",
                sent,
            )
            messages.success(request, words % {"count": sent})
        if not refused:
            return redirect("organizations:invitations", context.organization.public_id)
        form.refuse(refused)
    return render(request, "organizations/invite.html", {"context": context, "form": form})


def send(request: HttpRequest, context: OrganizationContext, address: str, role: str) -> str:
    """Invite one address. Returns why not, or nothing."""
    organization = context.organization
    # Before the transaction of the invitation, so that no rollback gives the count back.
    if not limits.hit(f"invite:{organization.pk}", limit=PER_ORGANIZATION, per=A_DAY):
        return _("this organization sent many invitations today. Try again tomorrow.")
    if not limits.hit(f"invite-by:{context.user.pk}", limit=PER_PERSON, per=A_DAY):
        return _("you sent many invitations today. Try again tomorrow.")
    for key, limit in (
        (f"invite:{organization.pk}:{address}", PER_ADDRESS_HERE),
        (f"invite-to:{address}", PER_ADDRESS),
    ):
        if not limits.hit(key, limit=limit, per=A_DAY):
            return _("we sent several mails there today. Try again tomorrow.")
    try:
        service.invite(organization, address, role=role, actor=Actor.of(request))
    except AlreadyMember:
        person = organization.memberships.filter(user__email__iexact=address).first()
        if person is not None and not person.is_active:
            return _("is deactivated here. Reactivate them on their page instead.")
        return _("is a member already.")
    except NotAllowed:
        return str(NOT_ALLOWED)
    return ""


@require_POST
@organization_page(Permission.INVITE_MEMBERS)
def resend(request: HttpRequest, context: OrganizationContext, invitation_id: str) -> HttpResponse:
    """Send a new link, good for seven days more; the old one dies."""
    found = open_invitation(context, invitation_id)
    problem = send(request, context, found.email, found.role)
    if problem:
        messages.error(request, f"{found.email}: {problem}")
    else:
        messages.success(
            request,
            _("A new link is on its way to %(email)s. The old one stopped working.")
            % {"email": found.email},
        )
    return redirect("organizations:invitations", context.organization.public_id)


@organization_page(Permission.INVITE_MEMBERS)
def withdraw(
    request: HttpRequest, context: OrganizationContext, invitation_id: str
) -> HttpResponse:
    """Take an invitation back."""
    found = open_invitation(context, invitation_id)
    return ask_once(
        request,
        context,
        lambda: service.withdraw(found, actor=Actor.of(request)),
        heading=_("Withdraw the invitation for %(email)s") % {"email": found.email},
        lead=[_("The link in their mail stops working at once.")],
        submit_label=_("Withdraw invitation"),
        cancel_url=reverse("organizations:invitations", args=[context.organization.public_id]),
        danger=True,
        done=_("The invitation for %(email)s is withdrawn.") % {"email": found.email},
    )


def open_invitation(context: OrganizationContext, invitation_id: str) -> Invitation:
    """Return an invitation that waits, for a role that one may give; or answer 404."""
    rows = context.organization.invitations.open().select_related("organization")
    found = rows.filter(public_id=invitation_id).first()
    if found is None or not may_act_on(context.role, found.role):
        raise Http404
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation to whoever holds its link; its address decides who may accept it.

    Signed out, it leads to sign-in and sign-up and back; nothing happens before the button.
    """
    found = service.by_token(token)
    if found is None:
        raise Http404
    state = state_of(found)
    if state and not (state == "used" and found.accepted_by_id == request.user.pk):
        return render(
            request,
            "organizations/invitation_over.html",
            {"invitation": found, "state": state},
            status=410,
        )
    if state == "used":
        return redirect("organizations:overview", found.organization.public_id)
    page = {"invitation": found, "here": request.path}
    page["query"] = urlencode({"next": request.path, "email": found.email})
    if not request.user.is_authenticated:
        return render(request, "organizations/invitation_signed_out.html", page)
    if found.email.lower() != request.user.email.lower():
        return render(request, "organizations/invitation_other.html", page)
    if request.method == "POST":
        return accept(request, found, back=request.path)
    return render(request, "organizations/invitation.html", page)


def accept(request: HttpRequest, found: Invitation, *, back: str) -> HttpResponse:
    """Accept; another organization's identity provider does not suffice for it (ACC-7).

    Where something is missing first, the person comes to ``back`` afterwards.
    """
    user = person_of(request)
    if not evidence_of(request).proves_account(user):
        return redirect_to_sign_in(request, address=user.email, path=back)
    try:
        membership = service.accept(found, user, actor=Actor.of(request))
    except service.InvitationOver:
        return redirect(back)
    except service.OtherAddress:
        messages.error(request, _("Verify your address first: sign in once by a link by email."))
        return redirect(back)
    except AlreadyMember:
        person = found.organization.memberships.get(user=user)
        if not person.is_active:
            messages.error(
                request,
                _("Your access to %(name)s was turned off. Ask an admin there to reactivate it.")
                % {"name": found.organization.name},
            )
            return redirect("home")
    else:
        messages.success(
            request,
            _("Welcome to %(name)s. You are: %(role)s.")
            % {"name": found.organization.name, "role": membership.get_role_display()},
        )
    return redirect("organizations:overview", found.organization.public_id)


def state_of(found: Invitation) -> str:
    """Return why an invitation can't be accepted: used, withdrawn, expired; or nothing."""
    if found.accepted_at:
        return "used"
    if found.revoked_at:
        return "withdrawn"
    return "expired" if found.expires_at <= timezone.now() else ""
