"""The identity providers that have words of their own, and how one is recognised."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(StrEnum):
    """An identity provider whose field names we know."""

    OKTA = "okta"
    ONELOGIN = "onelogin"
    GOOGLE = "google"
    ENTRA = "entra"
    ADFS = "adfs"
    KEYCLOAK = "keycloak"
    JUMPCLOUD = "jumpcloud"
    OTHER = "other"


NAMES: dict[Kind, str | Promise] = {
    Kind.OKTA: "Okta",
    Kind.ONELOGIN: "OneLogin",
    Kind.GOOGLE: "Google Workspace",
    Kind.ENTRA: "Microsoft Entra ID (Azure)",
    Kind.ADFS: "AD FS",
    Kind.KEYCLOAK: "Keycloak",
    Kind.JUMPCLOUD: "JumpCloud",
    Kind.OTHER: _("Another identity provider"),
}

_HOSTS: tuple[tuple[str, Kind], ...] = (
    ("okta.com", Kind.OKTA),
    ("oktapreview.com", Kind.OKTA),
    ("okta-emea.com", Kind.OKTA),
    ("onelogin.com", Kind.ONELOGIN),
    ("google.com", Kind.GOOGLE),
    ("windows.net", Kind.ENTRA),
    ("microsoftonline.com", Kind.ENTRA),
    ("microsoftonline.us", Kind.ENTRA),
    ("jumpcloud.com", Kind.JUMPCLOUD),
)


def recognise(*urls: str) -> Kind:
    """The kind of identity provider that has these URLs (issuer, sign-in URL), else OTHER."""
    for url in urls:
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower()
        except ValueError:
            continue
        for suffix, kind in _HOSTS:
            if host == suffix or host.endswith("." + suffix):
                return kind
        if "/adfs/" in parts.path:
            return Kind.ADFS
        if "/realms/" in parts.path:
            return Kind.KEYCLOAK
    return Kind.OTHER
