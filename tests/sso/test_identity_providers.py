"""Answers of a real identity provider (pysaml2): every flavour, both ways in, over HTTP."""

import html
import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership
from accounts.policy import change
from sso import contract
from sso.models import Connection, LogEntry
from sso.saml.metadata import read_metadata
from sso.services.connections import add_certificates, set_values
from tests.loopback.clients import call
from tests.sso.conftest import ACTOR, follow, me, post, reference, verify_domain

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("SSO-6", "SSO-7")]
FLAVOURS = ("okta", "entra", "onelogin", "google")


@pytest.fixture
def connected(acme, identity_provider, settings):
    """Acme connected to the running identity provider by its metadata."""
    settings.DEBUG = True  # its sign-in URL is http on loopback
    verify_domain(acme)
    call(
        "POST",
        f"{identity_provider.url}/service-providers",
        {"entity_id": contract.entity_id(), "acs": contract.reply_url()},
    )
    metadata = call("GET", identity_provider["metadata_url"]).body
    [provider] = read_metadata(metadata, at=timezone.now(), allow_loopback=True)
    connection = set_values(
        acme, issuer=provider.issuer, sign_in_url=provider.sign_in_url, actor=ACTOR
    )
    add_certificates(connection, provider.certificates, actor=ACTOR)
    change(acme, actor=ACTOR, sso_enabled=True, idp_managed_access=True)
    yield identity_provider
    call("POST", f"{identity_provider.url}/settings", {"sign": None, "sha1": False, "skew": 0})


def fields_of(page):
    """The form that the identity provider's page posts to us."""
    found = re.findall(r'name="(SAMLResponse|RelayState)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def started_there(idp, user="bob@corp.example"):
    sp = contract.entity_id()
    answer = call("GET", f"{idp.url}/start?user={user}&sp={sp}")
    return fields_of(answer.text)


def arrive(client, fields):
    response = post(fields["SAMLResponse"], relay_state=fields.get("RelayState", ""))
    return follow(client, response)


@pytest.mark.parametrize("sign", ["response", "assertion", "both"])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_what_the_provider_sends_is_understood(connected, client, flavour, sign):
    call("POST", f"{connected.url}/settings", {"flavour": flavour, "sign": sign})

    arrive(client, started_there(connected))

    assert me(client)["email"] == "bob@corp.example"
    membership = Membership.objects.get(user__email="bob@corp.example")
    assert membership.first_name
    assert membership.last_name


def test_request_is_answered_by_the_provider(connected, client, acme):
    start = client.get("/security/sso/v2/authorize/", {"org_id": acme.public_id})
    page = call("GET", start.url).text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    action = re.search(r'action="([^"]+)"', page)[1]

    answered = call(
        "POST",
        f"{connected.url}{action}" if action.startswith("/") else action,
        form={**{k: html.unescape(v) for k, v in hidden.items()}, "user": "bob@corp.example"},
    )

    fields = fields_of(answered.text)
    arrive(client, fields)
    assert me(client)["email"] == "bob@corp.example"
    assert LogEntry.objects.get().flow == "sp"


@pytest.mark.parametrize(
    ("change_there", "code"),
    [
        ({"sha1": True}, "algorithm"),
        ({"sign": "none"}, "malformed"),
        ({"skew": 3600}, "not_yet_valid"),
    ],
)
def test_misconfigured_provider_is_refused_with_its_reason(connected, change_there, code):
    call("POST", f"{connected.url}/settings", {"flavour": "okta", **change_there})

    response = post(started_there(connected)["SAMLResponse"])

    assert LogEntry.objects.get(reference=reference(response)).code == code


@pytest.mark.requirement("SSO-8")
def test_certificate_is_rolled_without_down_time(connected, client):
    call("POST", f"{connected.url}/settings", {"flavour": "okta", "sign": "both"})
    call("POST", f"{connected.url}/roll?stage=1")
    metadata = call("GET", connected["metadata_url"]).body
    [provider] = read_metadata(metadata, at=timezone.now(), allow_loopback=True)
    known = {c.fingerprint for c in Connection.objects.get().pinned}
    new = [c for c in provider.certificates if c.fingerprint not in known]
    add_certificates(Connection.objects.get(), new, actor=ACTOR)

    arrive(Client(), started_there(connected))
    call("POST", f"{connected.url}/roll")
    arrive(client, started_there(connected))

    assert me(client)["email"] == "bob@corp.example"
