"""Passkeys and security keys, by django-otp-webauthn."""

from __future__ import annotations

import ipaddress

from django.conf import settings


def passkeys_work() -> bool:
    """Return whether browsers take passkeys here: a name, never an IP address (WebAuthn, 5.1.2)."""
    try:
        ipaddress.ip_address(settings.OTP_WEBAUTHN_RP_ID or "0.0.0.0")  # noqa: S104  # none: as an IP
    except ValueError:
        return True
    return False
