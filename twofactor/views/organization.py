"""Organization settings: Access Security, Two Factor Authentication."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.actor import Actor
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.permissions import Permission
from accounts.policy import PolicyRefused, rehearse
from accounts.signin.password import ConfirmPasswordForm
from twofactor.errors import TooManyTexts, in_words
from twofactor.forms import RequireForm
from twofactor.services import organization as service
from twofactor.services import progress

PAGE = 50


@organization_page(Permission.MANAGE_SECURITY)
def settings(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Show the switch, the progress, and who has no method yet."""
    missing = Paginator(service.without_method(context.organization), PAGE)
    missing.count = context.people.missing  # known: one query less
    return render(
        request,
        "twofactor/settings.html",
        {
            "context": context,
            "people": context.people,
            "curve": progress.curve(context.organization, context.people),
            "page": missing.get_page(request.GET.get("page")),
            "locked": _locked(context),
        },
    )


@organization_page(Permission.MANAGE_SECURITY)
def require(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Confirm turning the requirement on, with the password (TFA-1)."""
    if context.policy.two_factor_required and request.method == "GET":
        # The switch leads here by its state; a second tab may have been faster.
        return redirect("twofactor:stop", context.organization.public_id)
    form = RequireForm(request.POST or None, user=context.user)
    if form.is_valid():
        try:
            service.require(
                context.organization,
                actor=Actor.of(request),
                deadline_days=form.cleaned_data["deadline_days"],
            )
        except PolicyRefused as refused:
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, _("Two-factor is now required."))
            return redirect("twofactor:settings", context.organization.public_id)
    return render(
        request,
        "twofactor/require.html",
        {
            "context": context,
            "form": form,
            "rehearsal": rehearse(context.organization, two_factor_required=True),
            "cancel_url": _home(context),
            "locked": _locked(context),
        },
    )


@organization_page(Permission.MANAGE_SECURITY)
def stop(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Confirm turning the requirement off, with the password."""
    if not context.policy.two_factor_required:
        return redirect("twofactor:settings", context.organization.public_id)
    form = ConfirmPasswordForm(request.POST or None, user=context.user)
    if form.is_valid():
        service.stop_requiring(context.organization, actor=Actor.of(request))
        messages.success(
            request, _("Two-factor is no longer required. Members keep their methods.")
        )
        return redirect("twofactor:settings", context.organization.public_id)
    return render(
        request,
        "twofactor/stop.html",
        {
            "context": context,
            "form": form,
            "rehearsal": rehearse(context.organization, two_factor_required=False),
            "cancel_url": _home(context),
        },
    )


@organization_page(Permission.MANAGE_SECURITY)
def remember(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Confirm allowing or forbidding remembered browsers."""
    allow = not context.policy.two_factor_remember_allowed
    form = ConfirmPasswordForm(request.POST or None, user=context.user)
    if form.is_valid():
        service.allow_remembering(context.organization, allow, actor=Actor.of(request))
        said = _("Members may have a browser remembered for 30 days.")
        unsaid = _("No browser is remembered any more.")
        messages.success(request, said if allow else unsaid)
        return redirect("twofactor:settings", context.organization.public_id)
    return render(
        request,
        "twofactor/remember.html",
        {"context": context, "form": form, "allow": allow, "cancel_url": _home(context)},
    )


@require_POST
@organization_page(Permission.MANAGE_SECURITY)
def remind(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Mail those without a method, once a day."""
    try:
        count = service.remind(context.organization, actor=Actor.of(request))
    except TooManyTexts as error:
        said = _("A reminder went out already. The next one is possible in %(wait)s.")
        messages.error(request, said % {"wait": in_words(error.wait)})
    else:
        messages.success(request, _("A reminder is on its way to %(n)d people.") % {"n": count})
    return redirect("twofactor:settings", context.organization.public_id)


def _home(context: OrganizationContext) -> str:
    return reverse("twofactor:settings", args=[context.organization.public_id])


def _locked(context: OrganizationContext) -> str:
    """Return why the switch can't be turned on, or nothing (TFA-3)."""
    if not context.policy.sso_enabled:
        return ""
    return _(
        "Off. People sign in through your identity provider, which asks for its own second factor."
    )
