"""How far single sign-on is: the one statement says what the services say one by one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from domains.services import verified_domains
from domains.states import State
from sso.models import Certificate, LogEntry, Proposal, SetUpLink, SsoRequest
from sso.services.readiness import readiness_of
from sso.services.requirement import owners_with_password
from tests.domains.factories import ClaimFactory
from tests.factories import MembershipFactory, OrganizationFactory
from tests.sso import objects

pytestmark = pytest.mark.django_db


def certificate(organization, name, *, starts, ends):
    now = timezone.now()
    return Certificate.objects.create(
        connection=objects.connection(organization),
        fingerprint=name,
        not_before=now + timedelta(days=starts),
        not_after=now + timedelta(days=ends),
    )


def propose(organization, *decisions):
    link = SetUpLink.objects.create(
        organization=organization,
        name="Jon in IT",
        token_hash=f"{organization.pk}-{len(decisions)}",
        expires_at=timezone.now() + timedelta(days=1),
    )
    for decision in decisions:
        Proposal.objects.create(link=link, domain="corp.example", decision=decision)


def send_request(organization, *, age, **columns):
    SsoRequest.objects.create(
        organization=organization,
        saml_id="_1",
        relay_state="1",
        nonce_hash="1",
        created_at=timezone.now() - age,
        **columns,
    )


def test_nothing_is_ready_where_nothing_was_entered(acme):
    User.objects.update(password="")

    ready = readiness_of(acme)

    assert ready.connection is None
    assert (ready.certificates, ready.domains, ready.valid_until) == ((), [], None)
    assert ready.owner_has_password is owners_with_password(acme).exists() is False
    assert not ready.test_awaited
    assert ready.open_proposals == 0


def test_connection_without_certificates_is_there(acme):
    entered = objects.connection(acme)

    ready = readiness_of(acme)

    assert (ready.connection, ready.connection.organization) == (entered, acme)
    assert ready.certificates == ()


@pytest.mark.requirement("SSO-8")
def test_certificates_come_by_their_end_and_the_last_usable_one_counts(acme):
    coming = certificate(acme, "coming", starts=2, ends=800)
    new = certificate(acme, "new", starts=-1, ends=400)
    old = certificate(acme, "old", starts=-300, ends=10)
    over = certificate(acme, "over", starts=-400, ends=-2)
    certificate(OrganizationFactory(), "other", starts=-1, ends=500)

    ready = readiness_of(acme)

    assert ready.certificates == (over, old, new, coming)
    assert ready.certificates == tuple(ready.connection.certificates.all())
    assert ready.valid_until == new.not_after


@pytest.mark.requirement("DOM-6")
def test_domains_are_those_that_the_organization_may_act_on(acme):
    for state in State:
        ClaimFactory(organization=acme, domain=f"{state}.example", state=state)
    ClaimFactory(domain="other.example", state=State.VERIFIED)

    ready = readiness_of(acme)

    assert ready.domains == sorted(verified_domains(acme)) == ["grace.example", "verified.example"]


@pytest.mark.requirement("SSO-4")
@pytest.mark.parametrize(
    ("changes", "can"),
    [
        ({}, True),
        ({"user__password": None}, False),
        ({"user__is_active": False}, False),
        ({"role": "admin"}, False),
        ({"status": "deactivated", "deactivated_at": timezone.now()}, False),
    ],
)
def test_owner_who_gets_in_is_one_that_requiring_it_asks_for(changes, can):
    MembershipFactory(role="owner")
    organization = MembershipFactory(**{"role": "owner", **changes}).organization

    assert readiness_of(organization).owner_has_password is can
    assert owners_with_password(organization).exists() is can


@pytest.mark.requirement("SSO-10")
@pytest.mark.parametrize(
    ("age", "columns", "awaited"),
    [
        (timedelta(0), {"test": True}, True),
        (timedelta(minutes=9, seconds=50), {"test": True}, True),
        (SsoRequest.LIFETIME, {"test": True}, False),
        (timedelta(0), {"test": True, "used_at": timezone.now()}, False),
        (timedelta(0), {"test": False}, False),
    ],
)
def test_test_is_awaited_until_it_is_answered_or_over(acme, age, columns, awaited):
    send_request(acme, age=age, **columns)

    assert readiness_of(acme).test_awaited is awaited
    assert not readiness_of(OrganizationFactory()).test_awaited


@pytest.mark.requirement("SSO-13")
def test_open_proposals_of_all_links_are_counted(acme):
    propose(acme, "", "", "accepted")
    propose(acme, "", "declined")
    propose(OrganizationFactory(), "")

    assert readiness_of(acme).open_proposals == 3


def test_page_asks_no_more_often_where_more_is_there(
    client, acme, sign_in, django_assert_num_queries
):
    for n in range(5):
        certificate(acme, f"c{n}", starts=-1, ends=n)
    for _ in range(7):
        LogEntry.objects.create(organization=acme, outcome="refused", code="audience", xml="<x/>")
    propose(acme, "", "")
    propose(acme, "")
    page = f"/settings/organization/{acme.public_id}/security/sso/"
    sign_in(client, acme.owner).get(page)

    # The session, the person, the organization, what is ready, the end of the log, the menu.
    with django_assert_num_queries(6):
        shown = client.get(page).content.decode()

    assert shown.count("Has not signed yet") == shown.count("· audience") == 5
    assert "Values are waiting for your yes" in shown
