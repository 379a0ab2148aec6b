"""How a crafted message is tried: posted as a browser would, and what it may not have changed."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client

from sso import contract
from sso.models import LogEntry
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.hostile.saml import crafting
from tests.sso import signer
from tests.sso.conftest import connect, follow, me, start, verify_domain

REPLY = "/sso/saml2"
RIVAL_ISSUER = "https://idp.rival.example/metadata"

# What a refused message may not have touched.
_TABLES = (
    "accounts_user",
    "account_emailaddress",
    "accounts_membership",
    "accounts_teammembership",
    "accounts_invitation",
    "accounts_auditevent",
    "django_session",
    "sso_handover",
    "sso_usedassertion",
    "sso_link",
)


@dataclass
class Form:
    """A post other than one field of base64: as it goes over the wire."""

    data: Any
    url: str = REPLY
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "post"


def make_acme() -> Any:
    """What the fixture `corp` makes: corp.example verified, connected, everybody let in."""
    acme = OrganizationFactory(name="Acme")
    owner = UserFactory(email="ann@corp.example")
    MembershipFactory(organization=acme, role="owner", source="founder", user=owner)
    verify_domain(acme)
    acme.connection_row = connect(acme, idp_managed_access=True)
    return acme


@dataclass
class World:
    """Acme, another organization if one is needed, and browsers."""

    organization: Any
    client: Client = field(default_factory=Client)
    stranger: Client = field(default_factory=Client)

    @cached_property
    def rival(self) -> Any:
        """Another customer, with an identity provider and a domain of its own."""
        rival = OrganizationFactory(name="Rival")
        verify_domain(rival, "rival.example")
        rival.connection_row = connect(
            rival, signer.key("rival"), issuer=RIVAL_ISSUER, idp_managed_access=True
        )
        return rival

    @property
    def postback(self) -> str:
        """Acme's Postback URL, as an identity provider knows it."""
        return contract.postback_url(self.organization.public_id)

    @property
    def postback_path(self) -> str:
        parts = urlsplit(self.postback)
        return f"{parts.path}?{parts.query}"

    def asked(self, organization: Any = None, client: Client | None = None) -> str:
        """The ID of a request that a browser has just sent."""
        return start(client or self.client, organization or self.organization).id


Crafted = str | bytes | Form


@dataclass(frozen=True)
class Case:
    """A message, and what is to become of it: refused with `code`, or accepted where it is ""."""

    name: str
    code: str
    craft: Callable[[World], Crafted]


class Table:
    """Cases by name; a name is used once. `craft` is Any: lambdas with defaults have no type."""

    def __init__(self) -> None:
        self.cases: dict[str, Case] = {}

    def refused(self, name: str, code: str, craft: Any) -> None:
        self._add(Case(name, code, craft))

    def accepted(self, name: str, craft: Any) -> None:
        self._add(Case(name, "", craft))

    def _add(self, case: Case) -> None:
        assert case.name not in self.cases, case.name
        self.cases[case.name] = case

    def parameters(self, *, accepted: bool) -> list[Any]:
        return [
            pytest.param(case, id=case.name)
            for case in self.cases.values()
            if (not case.code) == accepted
        ]


def send(crafted: Crafted, *, client: Client | None = None, relay_state: str = "") -> Any:
    """Post a crafted message; the browser has no cookie of ours, for it comes from elsewhere."""
    client = client or Client()
    if isinstance(crafted, Form):
        options: dict[str, Any] = {"headers": dict(crafted.headers)}
        if crafted.content_type:
            options["content_type"] = crafted.content_type
        return getattr(client, crafted.method)(crafted.url, crafted.data, **options)
    fields = {"SAMLResponse": crafting.encode(crafted)}
    return client.post(REPLY, fields | ({"RelayState": relay_state} if relay_state else {}))


def counts() -> dict[str, int]:
    selected = ", ".join(f"(SELECT count(*) FROM {table})" for table in _TABLES)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {selected}")
        return dict(zip(_TABLES, cursor.fetchone(), strict=True))


def last_code() -> str:
    return LogEntry.objects.order_by("-pk").values_list("code", flat=True)[0]


def outcome(response: Any) -> str:
    """ "" for an accepted message, else the code of its refusal."""
    return "" if response.status_code == 303 else last_code()


def assert_refused(case: Case, world: World) -> None:
    crafted = case.craft(world)
    before, logged = counts(), LogEntry.objects.count()

    response = send(crafted)

    assert 400 <= response.status_code < 500, response.status_code
    assert not response.cookies
    assert LogEntry.objects.count() == logged + 1
    entry = LogEntry.objects.latest("pk")
    assert (entry.outcome, entry.code) == ("refused", case.code), entry.values
    assert "could not be judged" not in str(entry.values)  # a reason, not an exception of ours
    assert entry.reference in response.content.decode()
    assert counts() == before


def assert_accepted(case: Case, world: World, *, email: str = crafting.ADDRESS) -> None:
    response = send(case.craft(world))

    assert response.status_code == 303, (last_code(), LogEntry.objects.latest("pk").values)
    follow(world.client, response)
    known = me(world.client)
    assert known["email"] == email
    assert known["evidence"] == [f"saml:{world.organization.connection_row.public_id}"]


def base64_of(xml: str | bytes) -> bytes:
    return base64.b64encode(xml.encode() if isinstance(xml, str) else xml)
