"""Personal settings: Your profile."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import limits
from accounts.actor import Actor, person_of
from accounts.audit.events import Event
from accounts.organizations.context import entries_of
from accounts.profile import cards, services
from accounts.profile.account import given_addresses, google_account
from accounts.profile.forms import (
    ChangePasswordForm,
    CodeForm,
    EmailForm,
    NameForm,
    NewPasswordForm,
    TimeZoneForm,
)
from accounts.profile.guard import own, own_and_fresh
from accounts.profile.sessions import end_sessions, open_sessions
from accounts.signin.flow import safe_path
from accounts.signin.password import stash_input, stashed_path

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpRequest, HttpResponse

    from accounts.models import User

MAILS, PER = 5, datetime.timedelta(hours=1)


@never_cache
@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Show the profile: one card a topic."""
    user = person_of(request)
    return render(
        request,
        "profile/home.html",
        {
            "cards": cards.shown(request),
            "pending_email": services.pending_email(request),
            "given_addresses": given_addresses(user),
            "google": google_account(user),
            "sessions": open_sessions(request),
            "memberships": [entry.membership for entry in entries_of(request)[:50]],
        },
    )


@login_required
def name(request: HttpRequest) -> HttpResponse:
    """Change the name."""
    user = person_of(request)
    initial = {"first_name": user.first_name, "last_name": user.last_name}
    form = NameForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.change_name(user, **form.cleaned_data, actor=Actor.of(request))
        messages.success(request, _("Your name is saved."))
        return redirect("profile:home")
    return ask(request, form, _("Your name"), _("Save"))


@login_required
def time_zone(request: HttpRequest) -> HttpResponse:
    """Choose the zone in which times are shown."""
    user = person_of(request)
    form = TimeZoneForm(
        request.POST if request.method == "POST" else None, initial={"time_zone": user.time_zone}
    )
    if request.method == "POST" and form.is_valid():
        user.time_zone = form.cleaned_data["time_zone"]
        user.save(update_fields=["time_zone"])
        messages.success(request, _("Times are shown in your zone."))
        return redirect("profile:home")
    return ask(request, form, _("Your time zone"), _("Save"))


# --- The address


@own_and_fresh
def email(request: HttpRequest) -> HttpResponse:
    """Ask for a new address and send it a code."""
    user = person_of(request)
    form = EmailForm(
        request.POST if request.method == "POST" else None,
        user=user,
        initial={"email": request.GET.get("email", "")[:254]},
    )
    if request.method == "POST" and form.is_valid():
        verdict = limits.hit(f"email-change:{user.pk}", limit=MAILS, per=PER)
        if not verdict:
            page = {"retry_after": verdict.retry_after}
            return render(request, "errors/429.html", page, status=429)
        services.start_email_change(request, user, form.cleaned_data["email"])
        return redirect("profile:email_confirm")
    lead = [_("You sign in with %(email)s. Both addresses are told.") % {"email": user.email}]
    return ask(request, form, _("Change your email address"), _("Send the link"), lead)


@own
def email_confirm(request: HttpRequest) -> HttpResponse:
    """Take the code; the mailed link opens this page with the code filled in, for one button."""
    user = person_of(request)
    address = services.pending_email(request)
    if not address:
        messages.warning(
            request,
            _("There is no change of address to confirm here. Start it again in this browser."),
        )
        return redirect("profile:home")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.finish_email_change(request, user, form.cleaned_data["code"])
        except services.WrongCode:
            form.add_error("code", _("That is not the code we sent. Nothing was changed."))
        except (services.ChangeOver, services.AddressTaken):
            messages.error(request, _("That didn't work. Nothing was changed; start again."))
            return redirect("profile:home")
        else:
            messages.success(request, _("You sign in with %(email)s now.") % {"email": address})
            return redirect("profile:home")
    page = {"form": form, "address": address, "code": request.GET.get("code", "")[:20]}
    return render(request, "profile/email_confirm.html", page)


# --- The password


@sensitive_post_parameters("password", "new_password")
@own
def password(request: HttpRequest) -> HttpResponse:
    """Change the password, or set the first; that one asks for fresh evidence: a magic link."""
    user = person_of(request)
    if user.has_usable_password():
        return change_password(request, user)
    return set_first_password(request)


def change_password(request: HttpRequest, user: User) -> HttpResponse:
    """Change the password by the present one."""
    form = ChangePasswordForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        services.set_password(request, user, form.cleaned_data["new_password"])
        messages.success(
            request, _("Your password is changed. Your other sessions are signed out.")
        )
        return redirect("profile:home")
    lead = [_("Everywhere else you are signed out.")]
    return ask(request, form, _("Change your password"), _("Change password"), lead)


@own_and_fresh
def set_first_password(request: HttpRequest) -> HttpResponse:
    """Set a password, then go back to the confirmation that asked for one (SET-2, TFA-2)."""
    user = person_of(request)
    form = NewPasswordForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        services.set_password(request, user, form.cleaned_data["new_password"])
        messages.success(request, _("Your password is set."))
        return redirect(stashed_path(request) or "profile:home")
    lead = [
        _("Some changes ask for it, so that nobody makes them at a screen you left open."),
        _("You can still sign in as before."),
    ]
    return ask(request, form, _("Set a password"), _("Set password"), lead)


@require_POST
@login_required
def password_first(request: HttpRequest) -> HttpResponse:
    """Keep what was typed into a confirmation, and set a password first."""
    path = safe_path(request.GET.get("next", ""))
    if path:
        stash_input(request, path)
    return redirect("profile:password")


# --- Google


@own_and_fresh
def google(request: HttpRequest) -> HttpResponse:
    """Connect a Google account, or disconnect it."""
    user = person_of(request)
    connected = SocialAccount.objects.filter(user=user, provider="google").exists()
    if request.method == "POST" and connected:
        services.disconnect_google(user, actor=Actor.of(request))
        messages.success(request, _("Google is disconnected."))
        return redirect("profile:home")
    if not connected:
        query = {"process": "connect", "next": reverse("profile:home")}
        return redirect(reverse("google_login", query=query))
    return render(
        request,
        "profile/confirm.html",
        {
            "form": CodeForm(),
            "fieldless": True,
            "heading": _("Disconnect Google"),
            "lead": [_("You sign in by a link by email, or by your password, from then on.")],
            "submit_label": _("Disconnect"),
            "danger": True,
        },
    )


# --- Sessions


@require_POST
@login_required
def end_session(request: HttpRequest) -> HttpResponse:
    """End one session, or with ``others`` all but this one."""
    user = person_of(request)
    rows = UserSession.objects.filter(user=user)
    this = request.session.session_key
    if "others" in request.POST:
        count = end_sessions(
            user,
            rows.exclude(session_key=this),
            actor=Actor.of(request),
            event=Event.SESSIONS_ENDED,
        )
        words = ngettext(
            "%(count)d other session is ended.", "%(count)d other sessions are ended.", count
        )
        messages.success(request, words % {"count": count})
        return redirect("profile:home")
    number = request.POST.get("session", "")
    row = rows.filter(pk=int(number)).first() if number.isascii() and number.isdigit() else None
    if row is not None and row.session_key == this:
        return redirect("profile:home")
    if row is not None:
        end_sessions(user, [row], actor=Actor.of(request), event=Event.SESSION_ENDED)
        messages.success(request, _("That session is ended."))
    return redirect("profile:home")


def ask(
    request: HttpRequest,
    form: forms.Form,
    heading: str,
    submit_label: str,
    lead: list[str] | None = None,
    **page: Any,
) -> HttpResponse:
    """Show a form of the profile, on its own or in a dialog."""
    values = {"form": form, "heading": heading, "submit_label": submit_label, "lead": lead, **page}
    return render(request, "profile/confirm.html", values)
