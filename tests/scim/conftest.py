"""An organization with a verified domain, a token, and a client that uses it."""

from typing import Any

import pytest

from accounts.actor import Actor
from domains import services as domains
from scim.tokens import issue_token
from tests.scim.client import ScimClient

SYSTEM = Actor.system("tests")


def verify(organization: Any, domain: str) -> None:
    domains.vouch(domains.claim(organization, domain, actor=SYSTEM), actor=SYSTEM)


@pytest.fixture
def corp(acme: Any) -> Any:
    """Acme with corp.example verified."""
    verify(acme, "corp.example")
    return acme


@pytest.fixture
def token(corp: Any) -> str:
    return issue_token(corp, actor=SYSTEM)[1]


@pytest.fixture
def scim(token: str) -> ScimClient:
    return ScimClient(token)


@pytest.fixture
def other(db: None) -> Any:
    """Another tenant with a domain, a member and a client of its own."""
    from tests.factories import MembershipFactory, OrganizationFactory  # noqa: PLC0415  needs the apps

    organization = OrganizationFactory(name="Other")
    organization.owner_membership = MembershipFactory(
        organization=organization, role="owner", user__email="owner@other.example"
    )
    verify(organization, "other.example")
    organization.scim = ScimClient(issue_token(organization, actor=SYSTEM)[1])
    return organization


@pytest.fixture
def mail_queue():
    """mail_queue() gives the addresses that mails are queued for."""
    from post_office.models import Email  # noqa: PLC0415  needs the apps

    return lambda: {address for mail in Email.objects.all() for address in mail.to}
