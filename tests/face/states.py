"""States that a page can be met in: each takes the world and the visitor's client."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.policy import change
from discoverability.models import JoinRequest, WorkDomain
from domains.states import State
from scim.models import NeedsAttention, RequestRecord
from scim.tokens import issue_token
from tests.domains.factories import ClaimFactory
from tests.factories import (
    PASSWORD,
    InvitationFactory,
    ProjectFactory,
    TeamFactory,
    UserFactory,
)
from tests.sso.conftest import connect, verify_domain
from tests.support.signing_in import sign_in
from tests.twofactor.support import set_up_app

SYSTEM = Actor.system("tests")


def typed_address(world: Any, client: Client) -> None:
    client.post("/sign-in/", {"email": "ann@corp.example"})


def typed_managed_address(world: Any, client: Client) -> None:
    connected(world, client)
    client.post("/sign-in/", {"email": "somebody@corp.example"})


def link_asked(world: Any, client: Client) -> None:
    typed_address(world, client)
    client.post("/sign-in/link/")


def signed_up(world: Any, client: Client) -> None:
    client.post("/sign-up/", {"email": "new@other.example", "password1": "a phrase of its own"})


def challenged(world: Any, client: Client) -> None:
    """The password is given, the second factor is asked."""
    set_up_app(world.ann)
    client.post("/sign-in/", {"email": world.ann.email})
    client.post("/sign-in/method/", {"password": PASSWORD})


def set_up(world: Any, client: Client) -> None:
    """The visitor has an app, and showed its code."""
    set_up_app(world.ann)
    world.ann.refresh_from_db()
    sign_in(client, world.ann)


def many_members(world: Any, client: Client) -> None:
    world.fill(200)


def invitations(world: Any, client: Client) -> None:
    for role in ("member", "admin"):
        InvitationFactory(organization=world.organization, role=role)


def teams(world: Any, client: Client) -> None:
    for name in ("Engineering", "Landscape, Infrastructure And Donaudampfschifffahrt"):
        TeamFactory(organization=world.organization, name=name)


def projects(world: Any, client: Client) -> None:
    for name in ("Website", "Landscape, Infrastructure And Donaudampfschifffahrt"):
        ProjectFactory(organization=world.organization, name=name)


def claims(world: Any, client: Client) -> None:
    for state in (State.PENDING, State.VERIFIED, State.GRACE, State.UNVERIFIED):
        ClaimFactory(organization=world.organization, domain=f"{state}.example", state=state)


def required(world: Any, client: Client) -> None:
    change(world.organization, actor=SYSTEM, two_factor_required=True)


def password_given(world: Any, client: Client) -> None:
    """The password was verified, the domain is asked."""
    path = reverse("domains:add", args=[world.organization.public_id])
    client.post(path, {"password": PASSWORD})


def connected(world: Any, client: Client) -> None:
    """Single sign-on and IDP Managed Access are on for corp.example."""
    verify_domain(world.organization)
    connect(world.organization, idp_managed_access=True)


def provisioned(world: Any, client: Client) -> None:
    """SCIM is on, was used, and asks for an admin's help."""
    verify_domain(world.organization)
    issue_token(world.organization, actor=SYSTEM)
    NeedsAttention.objects.create(organization=world.organization, address="kim@corp.example")
    for outcome in RequestRecord.Outcome.values:
        RequestRecord.objects.create(
            organization=world.organization,
            method="PATCH",
            path="/Users/mem_1",
            provider="Okta",
            status=200,
            outcome=outcome,
            meaning="Okta deactivated Ann Lee",
            effect="2 sessions ended",
        )


def discoverable(world: Any, client: Client) -> None:
    """The organization may be found by people of its work domain, and somebody asks to join."""
    policy = world.organization.policy
    policy.plan, policy.discoverability = "growth", "approval"
    policy.save()
    WorkDomain.objects.create(
        organization=world.organization, domain="corp.example", named_by=world.ann
    )
    JoinRequest.objects.create(
        organization=world.organization,
        user=UserFactory(email="kim@corp.example"),
        email="kim@corp.example",
        expires_at=timezone.now() + timedelta(days=7),
    )
