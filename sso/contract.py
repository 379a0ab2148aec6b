"""The URLs that identity providers know us by. They come from settings, never from a request."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from sso.saml.service_provider import ServiceProvider

POSTBACK_PATH = "/security/sso/v2/authorize/"
REPLY_PATH = "/sso/saml2"
METADATA_PATH = "/sso/metadata"
HAND_OVER_PATH = "/sso/hand-over/"


def entity_id() -> str:
    return f"{settings.BASE_URL}{POSTBACK_PATH}"


def reply_url() -> str:
    """The Reply, Recipient and Destination URL of all organizations."""
    return f"{settings.SSO_BASE_URL}{REPLY_PATH}"


def metadata_url() -> str:
    return f"{settings.BASE_URL}{METADATA_PATH}"


def postback_url(organization_id: str) -> str:
    """Where an organization's sign-in starts, and where its assertions are taken, too."""
    return f"{settings.BASE_URL}{POSTBACK_PATH}?{urlencode({'org_id': organization_id})}"


def start_path(organization_id: str, *, next_path: str = "") -> str:
    """The Postback URL as a link of our own pages, with where to land."""
    query = {"org_id": organization_id} | ({"next": next_path} if next_path else {})
    return f"{POSTBACK_PATH}?{urlencode(query)}"


def hand_over_url(code: str) -> str:
    return f"{settings.BASE_URL}{HAND_OVER_PATH}?{urlencode({'code': code})}"


def test_report_url(organization_id: str, reference: str) -> str:
    path = reverse("sso:report", args=[organization_id, reference])
    return f"{settings.BASE_URL}{path}"


def service_provider(acs_url: str = "") -> ServiceProvider:
    """Us, taking answers at `acs_url` (the Reply URL, or an organization's Postback URL)."""
    return ServiceProvider(entity_id=entity_id(), acs_url=acs_url or reply_url())
