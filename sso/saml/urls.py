"""The two URLs an admin enters: the identity provider's issuer and its sign-in page."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from sso.saml.service_provider import takes_sign_in_url

LONGEST = 1024  # characters: SAML Core 8.3.6 allows no more for an entity ID


class UrlRefused(ValueError):
    """The URL can't be used; `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def check_issuer(raw: str) -> str:
    """The issuer, exactly as it will be compared; only white space around it is removed.

    Usually a URL, but any identifier is allowed (`urn:…`, Google's URL with a query).
    """
    issuer = raw.strip()
    if not issuer:
        raise UrlRefused(_("Enter the Issuer URL that your identity provider shows."))
    if len(issuer.encode()) > LONGEST or not issuer.isprintable() or " " in issuer:
        raise UrlRefused(_("The Issuer has spaces or control characters, or over 1024 characters."))
    if ":" not in issuer and "." not in issuer:
        raise UrlRefused(_("Enter the whole Issuer URL, like https://idp.example/metadata."))
    return issuer


def check_sign_in_url(raw: str, *, allow_loopback: bool = False) -> str:
    """The sign-in URL: https, or http on loopback where that is allowed (development)."""
    url = raw.strip()
    if not url:
        raise UrlRefused(_("Enter the sign-in URL that your identity provider shows."))
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise UrlRefused(_not_a_url()) from None
    if (
        len(url) > LONGEST
        or not url.isascii()
        or not url.isprintable()
        or " " in url
        or "\\" in url
    ):
        raise UrlRefused(_not_a_url())
    if not host or parts.username is not None or parts.fragment or not takes_sign_in_url(url):
        raise UrlRefused(_not_a_url())
    if parts.scheme == "http" and allow_loopback and is_loopback(host):
        return url
    if parts.scheme != "https":
        raise UrlRefused(_("The sign-in URL must begin with https://."))
    return url


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _not_a_url() -> str:
    return _(
        "Enter the sign-in URL as your identity provider shows it, like https://idp.example/sso."
    )
