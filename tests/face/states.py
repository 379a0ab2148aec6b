"""States that a page can be met in: each takes the world and the visitor's client.

One that makes what the page's address names returns the address.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Membership
from accounts.policy import change
from discoverability.models import JoinRequest, WorkDomain
from domains.consequences import of_losing
from domains.moves import mail
from domains.states import State
from scim.batches import recent_batches
from scim.models import NeedsAttention, RequestRecord
from scim.tokens import issue_token
from sso.models import LogEntry
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
from tests.twofactor.support import Phone, set_up_app
from twofactor.models import AuthenticatorDevice, EnrolmentDay, PendingSetUp
from twofactor.services.reset import ask_for_reset

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


def backed_up(world: Any, client: Client) -> str:
    """The same, with a second app as a backup."""
    set_up(world, client)
    page = reverse("twofactor:add_backup")
    client.get(page)
    client.post(page, code_of_the_app(world))
    client.get(reverse("twofactor:profile"))  # which says that it is set up
    backup = AuthenticatorDevice.objects.filter(user=world.ann).latest("pk")
    return f"{reverse('twofactor:remove_backup')}?device={backup.persistent_id}"


def code_of_the_app(world: Any) -> dict[str, str]:
    """What the app says that is being set up."""
    return {"code": Phone(PendingSetUp.objects.get(user=world.ann).seed).code()}


def codes_shown(world: Any, client: Client) -> None:
    """The code of the app was right, the recovery codes were shown, and the tab was closed."""
    page = reverse("twofactor:set_up_app")
    client.get(page)
    client.post(page, code_of_the_app(world))


def texted(world: Any, client: Client) -> None:
    """A code was sent to the phone that is being set up."""
    page = reverse("twofactor:set_up_sms")
    client.post(page, {"country": "DE", "number": "0151 23456742"})


def reset_asked(world: Any, client: Client) -> str:
    """An admin has the second factor reset; the member's mail has a link that stops it."""
    set_up_app(world.member)
    ask_for_reset(
        world.member.memberships.get(),
        by=world.organization.owner_membership,
        reason="The phone was lost.",
        actor=Actor.person(world.ann),
    )
    return link_in(Email.objects.latest("pk").message)


def address_changing(world: Any, client: Client) -> None:
    """A link went to the new address, the page waits for its code."""
    client.post(reverse("profile:email"), {"email": "ann@other.example"})


def link_in(text: str) -> str:
    """Return the first address of ours in a mail, as a path."""
    found = re.search(re.escape(settings.BASE_URL) + r"(/\S+)", text)
    assert found, text
    return found[1]


def counted(world: Any, client: Client) -> None:
    """Enrolment was counted for some weeks."""
    today = timezone.now().date()
    EnrolmentDay.objects.bulk_create(
        EnrolmentDay(
            organization=world.organization,
            day=today - timedelta(weeks=weeks),
            members=9,
            with_method=9 - weeks,
        )
        for weeks in range(1, 9)
    )


def sign_ins(world: Any, client: Client) -> None:
    """People came in by all ways, with and without a second factor."""
    ways = [["password"], ["password", "otp"], ["magic_link"], ["passkey", "otp"], ["saml:conn_1"]]
    with transaction.atomic():
        for number in range(20):
            record_event(
                Event.ORGANIZATION_ENTERED,
                organization=world.organization,
                actor=Actor.person(world.ann),
                data={"evidence": ways[number % len(ways)]},
            )
        record_event(
            Event.TWO_FACTOR_FAILED,
            organization=world.organization,
            actor=Actor.person(world.ann),
            data={"method": "app"},
        )


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


def claim_failing(world: Any, client: Client) -> None:
    """The record of a domain is missing since today: owners and admins are told."""
    claim = ClaimFactory(organization=world.organization, state=State.GRACE)
    with transaction.atomic():
        mail("domain_missing", claim, day=0, consequences=of_losing(claim))


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


def answered(world: Any, client: Client) -> None:
    """The identity provider answered in all ways; since lately its certificate is another one."""
    connected(world, client)
    LogEntry.objects.bulk_create(
        LogEntry(organization=world.organization, outcome=outcome, code=code, address=address)
        for outcome, code, address in [
            ("test", "", "ann@corp.example"),
            *[("accepted", "", "kim@corp.example")] * 30,
            *[("refused", "signature", "")] * 4,
        ]
    )


def deactivated(world: Any, client: Client) -> str:
    """The identity provider took out half the company within the hour."""
    provisioned(world, client)
    world.fill(6)
    Membership.objects.filter(organization=world.organization, role="member").update(
        status="deactivated", deactivated_by="scim", deactivated_at=timezone.now()
    )
    batch = recent_batches(world.organization)[0]
    return reverse("scim:undo", args=[world.organization.public_id, batch.key])


def provisioned(world: Any, client: Client) -> None:
    """SCIM is on, was used, and asks for an admin's help."""
    verify_domain(world.organization)
    issue_token(world.organization, actor=SYSTEM)
    NeedsAttention.objects.create(organization=world.organization, address="kim@corp.example")
    called(world, client)


def called(world: Any, client: Client) -> None:
    """The identity provider's calls were answered in all ways."""
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
