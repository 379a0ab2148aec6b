"""Passkeys and security keys: the two ceremonies of WebAuthn, by django-otp-webauthn.

Options go out with the page, the browser's answer comes back in a form. The challenge lies in the
session, is used once, and belongs to the person it was made for.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django_otp_webauthn.exceptions import OTPWebAuthnApiError
from django_otp_webauthn.helpers import WebAuthnHelper
from django_otp_webauthn.models import WebAuthnCredential
from django_otp_webauthn.utils import rewrite_exceptions
from webauthn.helpers.structs import ResidentKeyRequirement

from accounts.models import User
from twofactor.devices import Device
from twofactor.errors import TwoFactorError

SESSION_KEY = "two_factor_passkey"
LONGEST_ANSWER = 20_000


class PasskeyRefused(TwoFactorError):
    """The browser's answer doesn't hold."""

    @property
    def sentence(self) -> str:
        """Say what to try."""
        return _("That passkey didn’t work. Try again, or use another method.")


class Helper(WebAuthnHelper):
    """The relying party is the host of BASE_URL; keys without memory are welcome, too."""

    def get_relying_party_domain(self) -> str:
        """Return the host that passkeys are bound to."""
        return relying_party()

    def get_allowed_origins(self) -> list[str]:
        """Return where the browser must have been."""
        parts = urlsplit(settings.BASE_URL)
        return [f"{parts.scheme}://{parts.netloc}"]

    def get_discoverable_credentials_preference(self) -> ResidentKeyRequirement:
        """Ask for a passkey, take a security key."""
        return ResidentKeyRequirement.PREFERRED


def relying_party() -> str:
    """Return the host of BASE_URL."""
    return urlsplit(settings.BASE_URL).hostname or ""


def passkeys_work() -> bool:
    """Return whether browsers take passkeys here: a name, never an IP address (WebAuthn, 5.1.2)."""
    try:
        ipaddress.ip_address(relying_party())
    except ValueError:
        return True
    return False


def registration_options(request: HttpRequest, user: User) -> dict[str, Any]:
    """Return what the browser needs to make a passkey, and remember its challenge."""
    options, state = Helper(request).register_begin(user=user)
    _remember(request, user, state)
    return dict(options)


def registration(request: HttpRequest, user: User, answer: str) -> Callable[[], Device]:
    """Spend the challenge; return what verifies the browser's answer and saves the passkey.

    It is called in the transaction of the set-up; the challenge is spent whatever becomes of that.
    """
    state = _take(request, user)
    data = _parsed(answer)

    def register() -> Device:
        try:
            with rewrite_exceptions():
                device: Device = Helper(request).register_complete(
                    user=user, state=state, data=data
                )
        except (OTPWebAuthnApiError, KeyError, TypeError, ValueError) as error:
            raise PasskeyRefused from error
        return device

    return register


def authentication_options(request: HttpRequest, user: User | None) -> dict[str, Any]:
    """Return what the browser needs to prove a passkey.

    Without ``user`` it is a first factor: the person must be verified by the key itself.
    """
    options, state = Helper(request).authenticate_begin(
        user=user, require_user_verification=user is None
    )
    _remember(request, user, state)
    return dict(options)


def authenticate(request: HttpRequest, user: User | None, answer: str) -> WebAuthnCredential:
    """Return the passkey that the browser proved. Raises ``PasskeyRefused``."""
    state = _take(request, user)
    data = _parsed(answer)
    try:
        with rewrite_exceptions():
            device = Helper(request).authenticate_complete(user=user, state=state, data=data)
    except (OTPWebAuthnApiError, KeyError, TypeError, ValueError) as error:
        raise PasskeyRefused from error
    if not (device.confirmed and device.user.is_active):
        raise PasskeyRefused
    return device


def _remember(request: HttpRequest, user: User | None, state: dict[str, Any]) -> None:
    request.session[SESSION_KEY] = {"user": user.pk if user else None, "state": state}


def _take(request: HttpRequest, user: User | None) -> dict[str, Any]:
    """Return the challenge of this person's ceremony, once."""
    kept = request.session.pop(SESSION_KEY, None)
    # Saved now: whatever fails below, the challenge is spent.
    request.session.save()
    if kept is None or kept["user"] != (user.pk if user else None):
        raise PasskeyRefused
    state: dict[str, Any] = kept["state"]
    return state


def _parsed(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise PasskeyRefused
    try:
        data = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise PasskeyRefused from error
    if not isinstance(data, dict):
        raise PasskeyRefused
    return data
