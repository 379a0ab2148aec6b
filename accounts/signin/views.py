"""Signing in: the address first, then what that address may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import views as allauth_views
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.core.exceptions import RateLimited
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.actor import Actor
from accounts.addresses import InvalidAddress, normalize_address
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import queue_mail
from accounts.models import User
from accounts.organizations.context import judge, load_entries
from accounts.signin import flow, guesses, stage
from accounts.signin.accounts import account_at, claim_account
from accounts.signin.adapter import new_code
from accounts.signin.evidence import evidence_of
from accounts.signin.forms import AddressForm, SignInPasswordForm, SignUpForm
from accounts.signin.password import wait_in_words
from accounts.signin.rules import Purpose, step_at_address

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

ADDRESS = "signin_address"


@never_cache
@require_http_methods(["GET", "POST"])
def address(request: HttpRequest) -> HttpResponse:
    """Ask for the address; signed-in people come here to prove more (step-up)."""
    if request.method == "GET":
        flow.want(request, request.GET.get("next", ""))
        if request.user.is_authenticated and not flow.wanted(request):
            return redirect("home")
        given = request.GET.get("email", "")
        if request.user.is_authenticated:
            request.session[ADDRESS] = request.user.email
            return redirect("signin:method")
        return render(
            request, "signin/address.html", {"form": AddressForm(initial={"email": given})}
        )
    form = AddressForm(request.POST)
    if not form.is_valid():
        return render(request, "signin/address.html", {"form": form})
    request.session[ADDRESS] = form.cleaned_data["email"]
    return redirect("signin:method")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def method(request: HttpRequest) -> HttpResponse:
    """Show what the typed address may use: single sign-on by its domain, password, link.

    The answer depends on the domain only, never on whether an account exists (S3, IDP-1).
    """
    typed = request.session.get(ADDRESS)
    if not typed:
        return redirect("signin:address")
    # Somebody signed in is asked for something of their own: single sign-on is a link below it.
    user = request.user if request.user.is_authenticated else None
    stepping_up = user is not None and user.email.lower() == typed
    other_way = "other" in request.GET or request.method == "POST"
    form = SignInPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = _password_given(request, typed, form)
        if answer is not None:
            return answer
    step = step_at_address(typed, Purpose.SIGN_IN)
    show_step = step is not None and not other_way and not stepping_up
    return render(
        request,
        "signin/method.html",
        {
            "address": typed,
            "step": step,
            "show_step": show_step,
            "form": form,
            "password_offered": user is None or not stepping_up or user.has_usable_password(),
            "stepping_up": stepping_up,
            "next": flow.wanted(request),
        },
    )


def _password_given(
    request: HttpRequest, typed: str, form: SignInPasswordForm
) -> HttpResponse | None:
    """Sign in by password, or put the reason on the form."""
    password = form.cleaned_data["password"]
    try:
        guesses.count(request, typed)
    except guesses.TooManyGuesses as problem:
        form.add_error(
            None,
            _("Too many tries. Wait %(wait)s, or use a link by email.")
            % {"wait": wait_in_words(problem.retry_after)},
        )
        return None
    user, is_proven = whose_password(typed, password)
    if user is not None:
        guesses.give_back(request, typed)
    if user is None:
        with transaction.atomic():
            record_event(Event.SIGN_IN_FAILED, actor=Actor.of(request), target=typed)
        form.add_error("password", _("That email and password don't match."))
        return None
    login = Login(
        user=user,
        email=typed,
        redirect_url=flow.wanted(request) or None,
        email_verification="none" if is_proven else None,
    )
    given = {"email": typed, "password": password}
    answer: HttpResponse = perform_password_login(request, given, login)
    return answer


def whose_password(address: str, password: str) -> tuple[User | None, bool]:
    """Return whose password it is at the sign-in address, or None after as much work (S3).

    And whether they verified the address, so that allauth need not ask for it once more.
    allauth asks further addresses, pending ones among them, and more tables for unknown people.
    """
    user, is_proven = account_at(address)
    if user is None:
        make_password(password)
        return None, False
    return (user, is_proven) if user.check_password(password) else (None, False)


@require_POST
def send_link(request: HttpRequest) -> HttpResponse:
    """Mail a magic link to the typed address; the page is the same for unknown ones (S3)."""
    typed = request.session.get(ADDRESS)
    if not typed:
        return redirect("signin:address")
    user = User.objects.with_address(typed)
    try:
        stage.send_magic_link(request, user, typed, flow.wanted(request))
        if user is None:
            code = new_code()
            queue_mail("login_code", typed, code=code, button_url=code, pretend=True)
    except RateLimited:
        form = SignInPasswordForm(None)
        context = {"address": typed, "form": form, "throttled": True, "password_offered": True}
        return render(request, "signin/method.html", context, status=429)
    return redirect("account_confirm_login_code")


class _CodeFromLink:
    """The mailed link opens the code's own page, filled in: one button, scanners follow."""

    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the code of the link."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]  # mixin
        context["code"] = self.request.GET.get("code", "")[:20]
        return context


class MagicLinkView(_CodeFromLink, allauth_views.ConfirmLoginCodeView):
    """Code and link of a sign-in by mail, in the browser that asked."""

    template_name = "signin/link_sent.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find the code that waits in this browser.

        allauth's own dispatch sends signed-in people home; a step-up comes here signed in.
        """
        self._process = stage.magic_link_under_way(request)
        if self._process is None:
            messages.warning(request, _("That link is over. Ask for a new one in this browser."))
            return redirect("signin:address")
        if self._process.user is None:
            User.objects.filter(pk=0).exists()  # what finding somebody costs (S3)
        self.stage = self._process.stage
        answer: HttpResponseBase = super(allauth_views.ConfirmLoginCodeView, self).dispatch(
            request, *args, **kwargs
        )
        add_never_cache_headers(answer)
        return answer

    def get_next_url(self) -> str | None:
        """Return where the person wanted to go when the sign-in began."""
        return flow.wanted(self.request) or None

    def _verify_form_valid(self, form: Any) -> HttpResponse:
        """Sign in; an account that somebody made and never verified changes hands first (S11)."""
        user = self._process.user if self._process else None
        if user is not None and not user.has_verified_email:
            claim_account(user, actor=Actor.of(self.request, user))
        answer: HttpResponse = super()._verify_form_valid(form)
        return answer


class VerifyAddressView(_CodeFromLink, allauth_views.ConfirmEmailVerificationCodeView):
    """Code and link that verify an address."""

    template_name = "signin/verify_address.html"


class SignUpView(allauth_views.SignupView):
    """Sign-up by password; an address whose domain is managed is sent to its SSO (IDP-2)."""

    template_name = "signin/sign_up.html"
    form_class = SignUpForm

    def get_form_class(self) -> type[SignUpForm]:
        """Return our form."""
        return SignUpForm

    def get_initial(self) -> dict[str, Any]:
        """Take over the address typed before."""
        initial: dict[str, Any] = super().get_initial()
        given = self.request.GET.get("email", "")[:254]
        initial.setdefault("email", given or self.request.session.get(ADDRESS, ""))
        return initial

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the form, and remember where the person wanted to go."""
        if "next" in request.GET:
            flow.want(request, request.GET["next"])
        answer: HttpResponse = super().get(request, *args, **kwargs)
        return answer

    def get_success_url(self) -> str:
        """Return where the person wanted to go: an invitation, say."""
        return flow.wanted(self.request) or reverse("home")

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        """Sign up, unless a rule wants another way in first."""
        typed = form.cleaned_data["email"]
        step = step_at_address(typed, Purpose.SIGN_UP)
        if step is not None:
            self.request.session[ADDRESS] = typed
            context = {"address": typed, "step": step, "show_step": True, "signing_up": True}
            return render(self.request, "signin/method.html", context)
        answer: HttpResponse = super().form_valid(form)
        return answer


def next_step(request: HttpRequest) -> HttpResponse:
    """Go on with a sign-in that waits at the rules (also after Back, or in a second tab)."""
    return flow.resume(request)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session, here and now; the identity provider's own stays (no single logout)."""
    if request.user.is_authenticated:
        with transaction.atomic():
            record_event(Event.SIGNED_OUT, actor=Actor.of(request), target=request.user)
    logout(request)
    wanted = flow.safe_path(request.POST.get("next", ""))
    return redirect(wanted or "signin:address")


@require_GET
@never_cache
def me(request: HttpRequest) -> HttpResponse:
    """Say who the session is, as JSON; 401 without one (a contract URL).

    ``organizations`` are the memberships, each with whether this evidence opens it.
    """
    if not request.user.is_authenticated:
        return JsonResponse({"error": "not signed in"}, status=401)
    evidence = evidence_of(request)
    return JsonResponse(
        {
            "email": request.user.email,
            "evidence": evidence.labels(),
            "organizations": [
                {
                    "id": entry.organization.public_id,
                    "name": entry.organization.name,
                    "role": entry.membership.role,
                    "open": judge(entry, evidence) is None,
                }
                for entry in load_entries(request.user)
            ],
        }
    )


def to_address_step(request: HttpRequest) -> HttpResponse:
    """Take allauth's own addresses for sign-in to ours, with `next` and `email` kept."""
    kept = {k: str(v) for k, v in request.GET.items() if k in {"next", "email"}}
    raw = kept.get("email", "")
    try:
        kept["email"] = normalize_address(raw)
    except InvalidAddress:
        kept.pop("email", None)
    return redirect(reverse("signin:address") + (f"?{urlencode(kept)}" if kept else ""))
