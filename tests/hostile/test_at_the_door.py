"""Forged addresses, names that carry a message, restored backups, a crowd next door."""

import datetime

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Organization, User
from accounts.organizations.forms import OrganizationForm
from orgsecurity.middleware import client_address
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory

pytestmark = pytest.mark.django_db


# --- S5: who asks


@pytest.mark.threat("S5")
@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (0, "", "10.0.0.1"),
        (1, "6.6.6.6", "6.6.6.6"),
        (1, "1.1.1.1, 6.6.6.6", "6.6.6.6"),
        (2, "1.1.1.1, 6.6.6.6, 10.9.9.9", "6.6.6.6"),
        (2, "6.6.6.6", "10.0.0.1"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_client_is_whom_our_own_proxies_saw(settings, proxies, forwarded, found):
    settings.TRUSTED_PROXY_COUNT = proxies
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.1")

    assert client_address(request) == found


@pytest.mark.threat("S5")
@pytest.mark.parametrize("rubbish", ["", "unknown", "6.6.6.6; DROP", "999.1.1.1", "a" * 500])
def test_an_unreadable_address_still_counts_as_one(settings, rubbish):
    settings.TRUSTED_PROXY_COUNT = 1
    request = RequestFactory().get(
        "/", headers={"x-forwarded-for": rubbish}, REMOTE_ADDR="also rubbish"
    )

    assert client_address(request) == "0.0.0.0"


# --- V7: names that carry a message


@pytest.mark.threat("V7")
@pytest.mark.parametrize(
    "name",
    [
        "Win a prize at https://evil.example",
        "www.evil.example calls",
        "evil.example/login",
        "Acme\nBcc: everybody@corp.example",
        "Acme\u202eelpmaxe",
        "Acme\u2028Injected",
        "Ac\u200bme",
        "",
        "A" * 81,
    ],
)
def test_an_organization_can_not_be_named_like_a_message(name):
    form = OrganizationForm({"name": name, "plan": "free"})

    assert "name" in form.errors


@pytest.mark.threat("V7")
@pytest.mark.parametrize("name", ["Acme", "Roth & Söhne GmbH", "Yahoo! Inc.", "3M", "株式会社"])
def test_ordinary_names_are_fine(name):
    assert OrganizationForm({"name": name, "plan": "free"}).is_valid()


# --- A10: an old backup comes back


@pytest.mark.threat("A10")
def test_after_a_restored_backup_no_session_of_then_opens_anything(sign_in):
    user, client = UserFactory(), Client()
    sign_in(client, user, at=timezone.now() - datetime.timedelta(minutes=1))
    kept = list(Session.objects.values("session_key", "session_data", "expire_date"))
    before = client.get("/me").status_code

    call_command("end_all_sessions", "--json")
    Session.objects.bulk_create(Session(**row) for row in kept)

    assert before == 200
    assert client.get("/me").status_code == 401
    sign_in(client, User.objects.get(pk=user.pk))
    assert client.get("/me").status_code == 200


# --- T5: a crowd next door


@pytest.mark.threat("T5")
def test_a_crowd_in_one_organization_costs_another_nothing(client, sign_in):
    small = MembershipFactory(role="owner")
    sign_in(client, small.user)
    pages = [
        reverse(name, args=[small.organization.public_id])
        for name in ("organizations:overview", "organizations:members", "organizations:audit")
    ]
    alone = [(client.get(page).status_code, queries_of(client, page)) for page in pages]

    crowd_into(OrganizationFactory(), 3000)

    assert [(client.get(page).status_code, queries_of(client, page)) for page in pages] == alone
    assert {status for status, _count in alone} == {200}


def queries_of(client: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(page)
    return len(captured)


def crowd_into(organization: Organization, count: int) -> None:
    people = User.objects.bulk_create(
        User(email=f"crowd{n}@crowd.example", password="!") for n in range(count)
    )
    Membership.objects.bulk_create(
        Membership(organization=organization, user=user, role="member", source="invitation")
        for user in people
    )


# --- SET-1: the way to the settings


@pytest.mark.requirement("SET-1")
def test_the_settings_are_reached_from_ones_name_and_have_their_tabs(client, sign_in):
    owner = MembershipFactory(role="owner")
    sign_in(client, owner.user)

    page = client.get(reverse("organizations:overview", args=[owner.organization.public_id]))

    words = page.content.decode()
    tabs = ["Overview", "Users &amp; Teams", "Projects", "Access Security", "Audit Log"]
    positions = [words.index(f">{tab}<") for tab in [*tabs, "Plan &amp; Billing"]]
    assert positions == sorted(positions)
    assert "Organization Settings" in words
    assert owner.user.display_name in words
