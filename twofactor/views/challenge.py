"""The challenge: the second factor of a sign-in, whatever the first one was."""

from __future__ import annotations

import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import limits
from accounts.actor import Actor
from accounts.signin import flow
from accounts.signin.evidence import Proof
from twofactor import sms
from twofactor.access import REMEMBERED, SecondFactorRule, challenge
from twofactor.devices import Options, methods_of, options_of
from twofactor.errors import TooManyGuesses, TwoFactorError
from twofactor.forms import CodeForm, PasskeyForm, RecoveryCodeForm
from twofactor.models import Method, PhoneDevice
from twofactor.passkeys import authenticate, authentication_options, passkeys_work
from twofactor.services import browsers, texts
from twofactor.services.challenge import pass_authenticator, pass_passkey, pass_recovery_code
from twofactor.services.enrolment import second_factor
from twofactor.services.reset import carry_out_due
from twofactor.steps import Person, note_passed, step

PASSKEYS_PER_ADDRESS, PASSKEY_WINDOW = 60, datetime.timedelta(minutes=15)


def is_open(person: Person) -> bool:
    """Whether the challenge is what this person must do next."""
    return SecondFactorRule().at_sign_in(person.user, person.evidence) == challenge()


@step
def show(request: HttpRequest, person: Person, method: str = "") -> HttpResponse:
    """Ask for the primary method, or for the one that was chosen."""
    if not is_open(person):
        return flow.resume(request)
    options = options_of(person.user)
    if options.reset_is_due:
        carry_out_due(person.user)
        return flow.resume(request)
    if request.method == "GET" and not method and _browser_is_known(request, person):
        return flow.resume(request)
    ask = {Method.APP: _app, Method.SMS: _phone, Method.PASSKEY: _passkey}
    chosen = method or options.first
    if chosen in options.kinds:
        return ask[Method(chosen)](request, person, options)
    return redirect("twofactor:challenge" if method else "twofactor:recovery_code")


@step
def choose(request: HttpRequest, person: Person) -> HttpResponse:
    """List every way to pass."""
    if not is_open(person):
        return flow.resume(request)
    methods = methods_of(person.user)
    options = options_of(person.user)
    return _page(request, person, options, "twofactor/challenge_choose.html", methods=methods)


@require_POST
@step
def send_code(request: HttpRequest, person: Person) -> HttpResponse:
    """Send another code to the phone, by text or by call (TFA-7, TFA-11)."""
    if not is_open(person):
        return flow.resume(request)
    device = _phone_of(person, options_of(person.user))
    if device is None:
        return redirect("twofactor:challenge")
    call = request.POST.get("channel") == sms.Channel.CALL
    try:
        texts.send(
            person.user,
            person.key,
            device.number,
            sms.Channel.CALL if call else sms.Channel.SMS,
            actor=person.actor,
            device=device,
        )
    except TwoFactorError as error:
        messages.error(request, error.sentence)
    else:
        said = _("We are calling you. Pick up and press a key to hear the code.")
        messages.success(request, said if call else _("A new code is on its way."))
    return redirect("twofactor:challenge_with", Method.SMS.value)


@step
def recovery_code(request: HttpRequest, person: Person) -> HttpResponse:
    """Take a recovery code in place of the method (TFA-10)."""
    if not is_open(person):
        return flow.resume(request)
    form = RecoveryCodeForm(request.POST or None)
    if form.is_valid():
        try:
            proof = pass_recovery_code(person.user, form.cleaned_data["code"], actor=person.actor)
        except TwoFactorError as error:
            form.add_error("code", error.sentence)
        else:
            return _passed(request, person, proof)
    options = options_of(person.user)
    return _page(request, person, options, "twofactor/challenge_recovery.html", form=form)


def _app(request: HttpRequest, person: Person, options: Options) -> HttpResponse:
    form = CodeForm(request.POST or None, may_remember=options.may_be_remembered)
    if form.is_valid():
        try:
            proof = pass_authenticator(person.user, form.cleaned_data["code"], actor=person.actor)
        except TwoFactorError as error:
            form.add_error("code", error.sentence)
        else:
            return _passed(request, person, proof, remember=form.cleaned_data.get("remember"))
    return _page(request, person, options, "twofactor/challenge_app.html", form=form)


def _phone(request: HttpRequest, person: Person, options: Options) -> HttpResponse:
    device = _phone_of(person, options)
    if device is None:
        return redirect("twofactor:challenge")
    form = CodeForm(request.POST or None, may_remember=options.may_be_remembered)
    if form.is_valid():
        try:
            proof = texts.pass_phone(
                person.user,
                person.key,
                form.cleaned_data["code"],
                device=device,
                actor=person.actor,
            )
        except TwoFactorError as error:
            form.add_error("code", error.sentence)
        else:
            return _passed(request, person, proof, remember=form.cleaned_data.get("remember"))
    elif request.method == "GET":
        _send_the_first(request, person, device)
    return _page(
        request,
        person,
        options,
        "twofactor/challenge_phone.html",
        form=form,
        device=device,
        sent=texts.open_challenge(person.user, person.key, device.number),
        wait=int(texts.wait_for_next(person.user).total_seconds()),
    )


def _passkey(request: HttpRequest, person: Person, options: Options) -> HttpResponse:
    form = PasskeyForm(request.POST or None)
    if form.is_valid():
        answer = form.cleaned_data["credential"]
        try:
            proof = pass_passkey(
                person.user,
                lambda: authenticate(request, person.user, answer),
                actor=person.actor,
            )
        except TwoFactorError as error:
            form.add_error(None, error.sentence)
        else:
            return _passed(request, person, proof)
    return _page(
        request,
        person,
        options,
        "twofactor/challenge_passkey.html",
        form=form,
        passkey_options=authentication_options(request, person.user),
    )


def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by a passkey alone: the key verified the person, so it counts for both factors."""
    if not passkeys_work():
        return redirect("signin:address")
    form = PasskeyForm(request.POST or None)
    if form.is_valid():
        verdict = limits.hit(
            f"passkey:{Actor.of(request).ip}", limit=PASSKEYS_PER_ADDRESS, per=PASSKEY_WINDOW
        )
        try:
            if not verdict:
                raise TooManyGuesses(verdict.retry_after)
            device = authenticate(request, None, form.cleaned_data["credential"])
        except TwoFactorError as error:
            form.add_error(None, error.sentence)
        else:
            response = flow.begin(request, device.user, Proof.now("passkey"))
            if flow.pending(request) is not None:
                flow.add_proof(request, second_factor(device.persistent_id))
                response = flow.resume(request)
            return response
    response = render(
        request,
        "twofactor/passkey_sign_in.html",
        {"form": form, "passkey_options": authentication_options(request, None)},
    )
    add_never_cache_headers(response)
    return response


def _send_the_first(request: HttpRequest, person: Person, device: PhoneDevice) -> None:
    """Send a code when the page is reached; a reload finds it on its way."""
    if texts.open_challenge(person.user, person.key, device.number) is not None:
        return
    try:
        texts.send(
            person.user,
            person.key,
            device.number,
            sms.Channel.SMS,
            actor=person.actor,
            device=device,
        )
    except TwoFactorError as error:
        messages.error(request, error.sentence)


def _phone_of(person: Person, options: Options) -> PhoneDevice | None:
    """Return the phone meant: the primary one, else the first."""
    phones = PhoneDevice.objects.filter(user=person.user, confirmed=True).order_by("id")
    return min(phones, key=lambda phone: phone.persistent_id != options.primary, default=None)


def _browser_is_known(request: HttpRequest, person: Person) -> bool:
    """Pass somebody whose browser is remembered, unless a method is to be changed."""
    if person.evidence.has_second_factor or person.is_signed_in:
        return False
    browser = browsers.recognise(request, person.user)
    if browser is None:
        return False
    proof = second_factor(f"{REMEMBERED}{browser.pk}")
    if SecondFactorRule().at_sign_in(person.user, person.evidence.with_proof(proof)) == challenge():
        return False
    flow.add_proof(request, proof)
    return True


def _passed(
    request: HttpRequest, person: Person, proof: Proof, *, remember: bool | None = False
) -> HttpResponse:
    note_passed(request, person, proof)
    response = flow.resume(request)
    if remember:
        browsers.remember(person.user, response, actor=person.actor)
    return response


def _page(
    request: HttpRequest, person: Person, options: Options, template: str, **values: Any
) -> HttpResponse:
    return render(
        request,
        template,
        {
            "person": person,
            "has_app": Method.APP in options.kinds,
            "has_phone": Method.SMS in options.kinds,
            "has_passkey": Method.PASSKEY in options.kinds and passkeys_work(),
            "support_email": settings.SUPPORT_EMAIL,
            **values,
        },
    )
