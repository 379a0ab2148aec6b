"""allauth's adapters: where its flows meet ours."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import queue_mail
from accounts.models.fields import ALPHABET
from accounts.signin.evidence import Evidence, evidence_of, keep

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from accounts.models import User

CODE_LENGTH = 8


def new_code() -> str:
    """Return a code of 40 bits, as XXXX-XXXX: short enough to type, tried three times at most."""
    letters = "".join(secrets.choice(ALPHABET.upper()) for _ in range(CODE_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


class AccountAdapter(DefaultAccountAdapter):
    """Codes, mails, stages and the moment a session opens."""

    def get_login_stages(self) -> list[str]:
        """Return allauth's stages (address verified, code) and ours, last."""
        return [*super().get_login_stages(), "accounts.signin.stage.AccessRulesStage"]

    def login(self, request: HttpRequest, user: User) -> None:
        """Open the session with its evidence; the same person's older evidence stays (ACC-7)."""
        fresh: Evidence = request.fresh_evidence  # type: ignore[attr-defined]  # set by our stage
        same = request.user.is_authenticated and request.user.pk == user.pk
        held = evidence_of(request) if same else Evidence()
        if same:
            request.session.cycle_key()
        super().login(request, user)
        evidence = fresh.merged(held.proofs) if held.proofs else fresh
        keep(request, evidence)
        with transaction.atomic():
            record_event(
                Event.STEPPED_UP if same else Event.SIGNED_IN,
                actor=Actor.of(request, user),
                target=user,
                data={"evidence": fresh.labels()},
            )

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """Show allauth's errors; what went well is said by the page that follows."""
        if level >= messages.WARNING:
            super().add_message(request, level, *args, **kwargs)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that our own middleware found."""
        return str(request.client_address)  # type: ignore[attr-defined]  # set by the middleware

    def generate_login_code(self) -> str:
        """Return the code of a magic link."""
        return new_code()

    def generate_email_verification_code(self) -> str:
        """Return the code that verifies an address."""
        return new_code()

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue allauth's mails as ours: templates/emails/<last part of the prefix>."""
        name = template_prefix.rpartition("/")[2]
        values: dict[str, Any] = {k: v for k, v in context.items() if isinstance(v, str | int)}
        if "code" in values:
            page = {
                "login_code": "account_confirm_login_code",
                "email_confirmation_signup": "account_email_verification_sent",
                "email_confirmation": "account_email_verification_sent",
            }.get(name, "signin:address")
            values["link"] = (
                f"{settings.BASE_URL}{reverse(page)}?{urlencode({'code': values['code']})}"
            )
        if "password_reset_url" in values:
            # The host comes from settings, never from the request (S4).
            path = str(values["password_reset_url"]).partition("//")[2].partition("/")[2]
            values["link"] = f"{settings.BASE_URL}/{path}"
        if "link" in values:
            values["button_url"], values["button_label"] = values["link"], self._button(name)
        queue_mail(name, email, **values)

    def _button(self, name: str) -> str:
        return {
            "login_code": _("Sign in"),
            "password_reset_key": _("Set a new password"),
        }.get(name, _("Verify your address"))

    def is_safe_url(self, url: str | None) -> bool:
        """Allow paths of our own only."""
        from accounts.signin.flow import safe_path  # noqa: PLC0415  # flow imports the stages

        return bool(safe_path(url or ""))

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Tell somebody whose account an operator closed."""
        return redirect("account_inactive")


class GoogleAdapter(DefaultSocialAccountAdapter):
    """Google: linked by its subject, never by the address (S12)."""

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        """Take the name over, unless it could carry a message into other people's mail (V7)."""
        from accounts.profile.forms import NameForm  # noqa: PLC0415  # it needs the apps

        form = NameForm(data)
        form.is_valid()
        names = {name: form.cleaned_data.get(name, "") for name in form.fields}
        user: User = super().populate_user(request, sociallogin, {**data, **names})
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Refuse a Google account whose address belongs to somebody or is not verified.

        A newcomer whose domain is managed signs up through its single sign-on (IDP-2).
        """
        # The adapter is imported before the apps.
        from accounts.models import User  # noqa: PLC0415
        from accounts.signin.rules import Purpose, step_at_address  # noqa: PLC0415
        from accounts.signin.views import ADDRESS  # noqa: PLC0415

        if sociallogin.is_existing:
            return
        addresses = [a for a in sociallogin.email_addresses if a.verified]
        if not addresses:
            raise ImmediateHttpResponse(redirect("signin:google_refused"))
        if sociallogin.state.get("process") == "connect":
            return
        address = addresses[0].email.lower()
        if User.objects.with_address(address):
            raise ImmediateHttpResponse(redirect("signin:google_known"))
        if step_at_address(address, Purpose.SIGN_UP) is not None:
            request.session[ADDRESS] = address
            raise ImmediateHttpResponse(redirect("signin:method"))
