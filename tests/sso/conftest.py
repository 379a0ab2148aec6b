"""An organization that signs in by the test signer's identity provider."""

import base64
import re
import zlib
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from lxml import etree

from accounts.actor import Actor
from accounts.policy import change
from domains.models import DomainClaim
from domains.services import claim, vouch
from sso import contract
from sso.saml.certificates import pin
from sso.services.connections import add_certificates, set_values
from tests.sso import signer

ACTOR = Actor.system("test")


def verify_domain(organization, domain="corp.example"):
    made = claim(organization, domain, actor=ACTOR)
    vouch(made, actor=ACTOR)
    return DomainClaim.objects.get(pk=made.pk)


def connect(organization, *keys, issuer="https://idp.example/metadata", **columns):
    connection = set_values(
        organization, issuer=issuer, sign_in_url="https://idp.example/sso", actor=ACTOR
    )
    pinned = [pin(k.certificate) for k in keys or (signer.key(),)]
    add_certificates(connection, pinned, actor=ACTOR)
    change(organization, actor=ACTOR, sso_enabled=True, **columns)
    organization.policy.refresh_from_db()
    return connection


@pytest.fixture
def corp(acme):
    """Acme with corp.example verified, connected, SSO and IDP Managed Access on."""
    verify_domain(acme)
    acme.connection_row = connect(acme, idp_managed_access=True)
    return acme


def answer(**changes):
    """An answer that Acme's identity provider would give, to the Reply URL of this installation."""
    values = {"entity_id": contract.entity_id(), "acs_url": contract.reply_url(), **changes}
    return signer.Answer(**values)


def post(response, *, client=None, relay_state="", url="/sso/saml2"):
    """Post an answer as the identity provider's page does: without any cookie of ours."""
    encoded = response if isinstance(response, str) else response.encoded()
    data = {"SAMLResponse": encoded} | ({"RelayState": relay_state} if relay_state else {})
    return (client or Client()).post(url, data)


def follow(client, response):
    """Take the hand-over in the browser `client`."""
    parts = urlsplit(response.url)
    assert response.status_code == 303, response.content
    assert f"{parts.scheme}://{parts.netloc}" == settings.BASE_URL
    return client.get(f"{parts.path}?{parts.query}")


def start(client, organization, **query):
    """Start SSO at the Postback URL; returns what the identity provider would see."""
    response = client.get(
        "/security/sso/v2/authorize/", {"org_id": organization.public_id, **query}
    )
    assert response.status_code == 302, response.content
    given = parse_qs(urlsplit(response.url).query)
    root = etree.fromstring(zlib.decompress(base64.b64decode(given["SAMLRequest"][0]), -15))
    return SimpleNamespace(id=root.get("ID"), relay_state=given["RelayState"][0], url=response.url)


def sign_in(client, **changes):
    """An IdP-initiated sign-in, whole."""
    return follow(client, post(answer(**changes)))


def me(client):
    response = client.get("/me")
    return response.json() if response.status_code == 200 else None


def reference(response):
    found = re.search(r"R-[0-9A-Z]{4}-[0-9A-Z]{4}", response.content.decode())
    return found[0] if found else ""


def start_test(client, organization):
    """Begin a test of the connection, as an admin in `client`."""
    path = f"/settings/organization/{organization.public_id}/security/sso/test/"
    response = client.get(path)
    given = parse_qs(urlsplit(response.url).query)
    root = etree.fromstring(zlib.decompress(base64.b64decode(given["SAMLRequest"][0]), -15))
    return SimpleNamespace(id=root.get("ID"), relay_state=given["RelayState"][0])
