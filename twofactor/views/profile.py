"""Personal settings: one's own methods, recovery codes and remembered browsers (TFA-8)."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.actor import person_of
from accounts.models import Membership
from accounts.organizations.context import entries_of
from accounts.signin.flow import add_proof, redirect_to_sign_in
from accounts.signin.password import ConfirmPasswordForm
from accounts.signin.rules import Entry
from twofactor import totp
from twofactor.devices import Methods, methods_of, summary_of
from twofactor.errors import TwoFactorError
from twofactor.forms import BackupNameForm, PasswordAndCodeForm
from twofactor.services import browsers, enrolment
from twofactor.services.challenge import pass_authenticator, pass_recovery_code
from twofactor.steps import Person, session_of
from twofactor.views.set_up import show_codes

# Those without one come last.
NO_DEADLINE = datetime.datetime.max.replace(tzinfo=datetime.UTC)
View = Callable[[HttpRequest, Person], HttpResponse]


def own_settings(view: View) -> Callable[[HttpRequest], HttpResponse]:
    """Guard a page of one's own factor: account-level evidence in full (ACC-7)."""

    @login_required
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        person = session_of(request)
        if not person.evidence.proves_account(person.user):
            return redirect_to_sign_in(request, address=person.user.email)
        return view(request, person)

    return guarded


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Show the methods, the recovery codes and the browsers, on a page of their own."""
    return render(request, "twofactor/profile.html", {"card": card(request)})


def card(request: HttpRequest) -> dict[str, Any]:
    """Return what the card of the profile shows."""
    summary = summary_of(person_of(request))
    return {
        "methods": summary.methods,
        "demanded_by": demanding(entries_of(request)),
        "browsers": summary.browsers,
        "reset": summary.reset,
    }


def demanding(entries: list[Entry]) -> list[Membership]:
    """Return the memberships whose organization demands a second factor, soonest deadline first."""
    demands = [entry for entry in entries if entry.policy.two_factor_required]
    demands.sort(key=lambda entry: entry.policy.two_factor_deadline_at or NO_DEADLINE)
    return [entry.membership for entry in demands]


@own_settings
def change(request: HttpRequest, person: Person) -> HttpResponse:
    """Set Up Method, Change Method: confirmed, then signed out (TFA-8)."""
    if request.method == "POST":
        enrolment.ask_for_set_up(person.user, actor=person.actor)
        logout(request)
        messages.success(request, _("You’re signed out. Sign in to set up your method."))
        return redirect("signin:address")
    return render(
        request,
        "twofactor/change.html",
        {"has_method": person.user.has_second_factor, "cancel_url": reverse("twofactor:profile")},
    )


@own_settings
def regenerate(request: HttpRequest, person: Person) -> HttpResponse:
    """Make new recovery codes, after password and code; the old ones die (TFA-6)."""
    if not person.user.has_second_factor:
        return redirect("twofactor:profile")
    form = PasswordAndCodeForm(request.POST or None, user=person.user)
    if form.is_valid():
        try:
            _pass_with(person, methods_of(person.user), form.cleaned_data["code"])
        except TwoFactorError as error:
            form.add_error("code", error.sentence)
        else:
            codes = enrolment.regenerate_codes(person.user, actor=person.actor)
            enrolment.codes_saved(person.user)
            return show_codes(request, person, codes, "twofactor/profile_codes.html")
    return render(
        request,
        "twofactor/regenerate.html",
        {"form": form, "cancel_url": reverse("twofactor:profile")},
    )


@own_settings
def add_backup(request: HttpRequest, person: Person) -> HttpResponse:
    """Add a second authenticator, for the day the phone is gone (TFA-11)."""
    if not person.user.has_second_factor:
        return redirect("twofactor:profile")
    if not person.is_fresh:
        return redirect_to_sign_in(request, address=person.user.email)
    form = BackupNameForm(request.POST or None)
    if form.is_valid():
        try:
            enrolment.confirm_authenticator(
                person.user,
                person.key,
                form.cleaned_data["code"],
                actor=person.actor,
                backup=True,
                name=form.cleaned_data["name"],
            )
        except TwoFactorError as error:
            form.add_error("code", error.sentence)
        else:
            _keep_passed(request, person)
            messages.success(request, _("The backup method is set up."))
            return redirect("twofactor:profile")
    pending = enrolment.begin_authenticator(person.user, person.key)
    uri = totp.provisioning_uri(
        pending.seed, account=person.user.email, issuer=settings.PRODUCT_NAME
    )
    return render(
        request,
        "twofactor/backup_app.html",
        {
            "form": form,
            "qr": totp.qr_svg(uri, label=_("QR code. The same key is below it, as text.")),
            "uri": uri,
            "key": totp.grouped(pending.seed),
        },
    )


@own_settings
def remove_backup(request: HttpRequest, person: Person) -> HttpResponse:
    """Remove a backup method, with the password."""
    device_id = request.POST.get("device") or request.GET.get("device") or ""
    device = methods_of(person.user).find(device_id)
    if device is None:
        return redirect("twofactor:profile")
    form = ConfirmPasswordForm(request.POST or None, user=person.user)
    if form.is_valid():
        try:
            enrolment.remove_backup(person.user, device_id, actor=person.actor)
        except TwoFactorError as error:
            messages.error(request, error.sentence)
        else:
            _keep_passed(request, person)
            messages.success(request, _("The backup method is removed."))
        return redirect("twofactor:profile")
    return render(
        request,
        "twofactor/remove_backup.html",
        {"form": form, "device": device, "cancel_url": reverse("twofactor:profile")},
    )


@require_POST
@login_required
def forget_browsers(request: HttpRequest) -> HttpResponse:
    """Forget every remembered browser; they will be asked again."""
    person = session_of(request)
    browsers.forget_all(person.user, actor=person.actor)
    messages.success(request, _("No browser is remembered any more."))
    return redirect("twofactor:profile")


def _pass_with(person: Person, methods: Methods, typed: str) -> None:
    """Judge a code by the app, or a recovery code where there is no app."""
    if methods.authenticators:
        pass_authenticator(person.user, typed, actor=person.actor)
    else:
        pass_recovery_code(person.user, typed, actor=person.actor)


def _keep_passed(request: HttpRequest, person: Person) -> None:
    """Keep this session's second factor: methods beside the passed one changed, not that one."""
    passed = person.evidence.second_factor
    if passed is not None:
        add_proof(request, enrolment.second_factor(passed.detail))
