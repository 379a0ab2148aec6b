"""An admin's reset of a member's second factor, and the member's way to stop it (TFA-12)."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts.actor import Actor
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.permissions import Permission
from twofactor.errors import ResetNotAllowed
from twofactor.forms import ResetForm
from twofactor.services import reset as service


@organization_page(Permission.MANAGE_MEMBERS)
def ask(request: HttpRequest, context: OrganizationContext, membership_id: str) -> HttpResponse:
    """Confirm a reset, with reason and password."""
    membership = (
        context.organization.memberships.select_related("user", "organization")
        .filter(public_id=membership_id)
        .first()
    )
    if membership is None:
        raise Http404
    form = ResetForm(request.POST or None, user=context.user)
    refusal = ""
    try:
        service.refuse_unless_resettable(membership, context.membership)
    except ResetNotAllowed as error:
        refusal = error.sentence
    if not refusal and form.is_valid():
        try:
            service.ask_for_reset(
                membership,
                by=context.membership,
                reason=form.cleaned_data["reason"],
                actor=Actor.of(request),
            )
        except ResetNotAllowed as error:
            refusal = error.sentence
        else:
            said = _("%(name)s’s two-factor will be reset in one hour. They were told by email.")
            messages.success(request, said % {"name": membership.name})
            return redirect("organizations:members", context.organization.public_id)
    return render(
        request,
        "twofactor/reset_member.html",
        {
            "context": context,
            "membership": membership,
            "form": form,
            "refusal": refusal,
            "cancel_url": reverse("organizations:members", args=[context.organization.public_id]),
        },
    )


@never_cache
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Stop a reset by the mailed link: a page with a button, for scanners follow links."""
    found = service.reset_by_token(token)
    if found is None:
        raise Http404
    if request.method == "POST":
        service.stop_reset(found, actor=Actor.of(request, found.user))
        return redirect("twofactor:stop_reset", token)
    return render(request, "twofactor/stop_reset.html", {"reset": found})
