"""Setting a method up, in three steps: choose, confirm, keep the recovery codes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.signin import flow
from twofactor import sms, totp
from twofactor.access import SecondFactorRule, challenge, recovery_codes, set_up
from twofactor.devices import kind_of, label_of, methods_of
from twofactor.errors import SetUpExpired, TwoFactorError
from twofactor.forms import CodeForm, MethodForm, PasskeyForm, PhoneForm, SavedForm
from twofactor.models import Method, PendingSetUp
from twofactor.passkeys import passkeys_work, registration, registration_options
from twofactor.services import enrolment, texts
from twofactor.steps import Person, note_passed, step

STEPS = [
    gettext_lazy("Choose a method"),
    gettext_lazy("Confirm it"),
    gettext_lazy("Save recovery codes"),
]


def next_step_of(person: Person) -> Any:
    """Return what the second factor's rule asks of this person now."""
    return SecondFactorRule().at_sign_in(person.user, person.evidence)


def elsewhere(request: HttpRequest, person: Person) -> HttpResponse | None:
    """Return the answer for somebody who may not set a method up now, or None who may.

    The old method must be passed first. In an open session a fresh first factor is asked, so
    that whoever took a session over can't put a method of their own on the account (F7).
    """
    due = next_step_of(person)
    if due == challenge():
        return flow.resume(request) if not person.is_signed_in else redirect(due.url)
    if due is None or due.url != set_up().url:
        if not person.is_signed_in:
            return flow.resume(request)
        if person.user.has_second_factor:
            return redirect("twofactor:profile")
    if person.is_signed_in and not person.is_fresh:
        return flow.redirect_to_sign_in(request, address=person.user.email)
    return None


@step
def choose(request: HttpRequest, person: Person) -> HttpResponse:
    """Step 1: which method."""
    answer = elsewhere(request, person)
    if answer is not None:
        return answer
    words = {Method.SMS: _("SMS")}
    offered = [
        (m.value, words.get(m, m.label)) for m in Method if m != Method.PASSKEY or passkeys_work()
    ]
    form = MethodForm(request.POST or None, offered=offered)
    if form.is_valid():
        return redirect(f"twofactor:set_up_{form.cleaned_data['method']}")
    return _page(request, person, "twofactor/set_up_choose.html", 1, form=form)


@step
def app(request: HttpRequest, person: Person) -> HttpResponse:
    """Step 2 with an authentication app: scan, then type a code (TFA-5)."""
    answer = elsewhere(request, person)
    if answer is not None:
        return answer
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            codes = enrolment.confirm_authenticator(
                person.user, person.key, form.cleaned_data["code"], actor=person.actor
            )
        except SetUpExpired as error:
            messages.error(request, error.sentence)
            return redirect("twofactor:set_up")
        except TwoFactorError as error:
            form.add_error("code", error.sentence)
        else:
            return _confirmed(request, person, codes)
    pending = enrolment.begin_authenticator(person.user, person.key)
    uri = totp.provisioning_uri(
        pending.seed, account=person.user.email, issuer=settings.PRODUCT_NAME
    )
    return _page(
        request,
        person,
        "twofactor/set_up_app.html",
        2,
        form=form,
        qr=totp.qr_svg(uri, label=_("QR code. The same key is below it, as text.")),
        uri=uri,
        key=totp.grouped(pending.seed),
    )


@step
def phone(request: HttpRequest, person: Person) -> HttpResponse:
    """Step 2 with a phone: its number (TFA-7)."""
    answer = elsewhere(request, person)
    if answer is not None:
        return answer
    form = PhoneForm(request.POST or None)
    if form.is_valid():
        number = form.cleaned_data["number"]
        enrolment.begin_phone(person.user, person.key, number)
        try:
            _send_unless_on_its_way(person, number)
        except TwoFactorError as error:
            form.add_error("number", error.sentence)
        else:
            return redirect("twofactor:set_up_phone_code")
    return _page(request, person, "twofactor/set_up_phone.html", 2, form=form)


@step
def phone_code(request: HttpRequest, person: Person) -> HttpResponse:
    """Step 2 with a phone: the code that arrived (TFA-7)."""
    answer = elsewhere(request, person)
    if answer is not None:
        return answer
    pending = enrolment.pending_set_up(person.user, person.key, Method.SMS)
    if pending is None:
        return redirect("twofactor:set_up_sms")
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            codes = _confirm_phone(person, pending, form.cleaned_data["code"])
        except SetUpExpired as error:
            messages.error(request, error.sentence)
            return redirect("twofactor:set_up")
        except TwoFactorError as error:
            form.add_error("code", error.sentence)
        else:
            return _confirmed(request, person, codes)
    return _page(
        request,
        person,
        "twofactor/set_up_phone_code.html",
        2,
        form=form,
        phone_number=pending.number,
        wait=int(texts.wait_for_next(person.user).total_seconds()),
    )


@require_POST
@step
def phone_send(request: HttpRequest, person: Person) -> HttpResponse:
    """Send another code to the number being set up, by text or call."""
    answer = elsewhere(request, person)
    if answer is not None:
        return answer
    pending = enrolment.pending_set_up(person.user, person.key, Method.SMS)
    if pending is None:
        return redirect("twofactor:set_up_sms")
    call = request.POST.get("channel") == sms.Channel.CALL
    channel = sms.Channel.CALL if call else sms.Channel.SMS
    try:
        texts.send(person.user, person.key, pending.number, channel, actor=person.actor)
    except TwoFactorError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, _("A new code is on its way."))
    return redirect("twofactor:set_up_phone_code")


@step
def passkey(request: HttpRequest, person: Person) -> HttpResponse:
    """Step 2 with a passkey or a security key."""
    answer = elsewhere(request, person)
    if answer is not None:
        return answer
    if not passkeys_work():
        return redirect("twofactor:set_up")
    form = PasskeyForm(request.POST or None)
    if form.is_valid():
        try:
            codes = enrolment.confirm_passkey(
                person.user,
                registration(request, person.user, form.cleaned_data["credential"]),
                actor=person.actor,
            )
        except TwoFactorError as error:
            form.add_error(None, error.sentence)
        else:
            return _confirmed(request, person, codes)
    return _page(
        request,
        person,
        "twofactor/set_up_passkey.html",
        2,
        form=form,
        passkey_options=registration_options(request, person.user),
    )


@step
def codes_page(request: HttpRequest, person: Person) -> HttpResponse:
    """Step 3 after a reload or in a later sign-in: go on, or have new codes made (TFA-6, F15)."""
    if next_step_of(person) != recovery_codes():
        return flow.resume(request)
    form = SavedForm(request.POST or None)
    if form.is_valid():
        enrolment.codes_saved(person.user)
        return flow.resume(request)
    return _page(request, person, "twofactor/codes_unsaved.html", 3, form=form)


@require_POST
@step
def new_codes(request: HttpRequest, person: Person) -> HttpResponse:
    """Make and show new codes to somebody who didn't keep those of the set-up."""
    if next_step_of(person) != recovery_codes():
        return flow.resume(request)
    codes = enrolment.regenerate_codes(person.user, actor=person.actor)
    return show_codes(request, person, codes)


@require_POST
@step
def download_codes(request: HttpRequest, person: Person) -> HttpResponse:
    """Answer with the codes of the page as a file; they come with the request, nothing is kept."""
    if person.must_pass:
        return flow.resume(request)
    text = enrolment.codes_file(person.user, request.POST.getlist("codes"))
    if text is None:
        return redirect("twofactor:recovery_codes")
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return response


@require_POST
@step
def skip(request: HttpRequest, person: Person) -> HttpResponse:
    """Keep the present method, or go without one where nobody demands one."""
    due = next_step_of(person)
    if due is not None and due.skippable:
        enrolment.keep_present_method(person.user)
    return flow.resume(request)


def show_codes(
    request: HttpRequest, person: Person, codes: list[str], template: str = "twofactor/codes.html"
) -> HttpResponse:
    """Show recovery codes: this once, in the answer to the request that made them."""
    return _page(request, person, template, 3, codes=codes, form=SavedForm())


def _confirmed(request: HttpRequest, person: Person, codes: list[str]) -> HttpResponse:
    """Note that the new method was passed by its confirmation, and show the codes."""
    primary = methods_of(person.user).primary
    if primary is not None:
        note_passed(request, person, enrolment.second_factor(primary.persistent_id))
    return show_codes(request, person, codes)


def _confirm_phone(person: Person, pending: PendingSetUp, typed: str) -> list[str]:
    texts.check(
        person.user, person.key, typed, number=pending.number, actor=person.actor, counted=False
    )
    return enrolment.confirm_phone(person.user, pending, actor=person.actor)


def _send_unless_on_its_way(person: Person, number: str) -> None:
    """Send a code; pressing Continue twice for one number sends one."""
    if texts.open_challenge(person.user, person.key, number) is None:
        texts.send(person.user, person.key, number, sms.Channel.SMS, actor=person.actor)


def _page(
    request: HttpRequest, person: Person, template: str, number: int, **values: Any
) -> HttpResponse:
    due = next_step_of(person)
    primary = methods_of(person.user).primary
    return render(
        request,
        template,
        {
            "person": person,
            "steps": STEPS,
            "step_number": number,
            "skippable": bool(due and due.skippable),
            "old_method": label_of(primary) if primary and number < 3 else "",
            "old_kind": kind_of(primary).value if primary else "",
            **values,
        },
    )
