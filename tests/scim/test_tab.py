"""The SCIM tab, as an admin uses it."""

import re

import pytest
from django.urls import reverse

from accounts.models import Invitation, Plan
from accounts.policy import change_plan
from scim.models import NeedsAttention
from scim.tokens import live_token
from tests.factories import MembershipFactory, UserFactory
from tests.scim.client import ScimClient
from tests.scim.conftest import SYSTEM

BOB = "bob@corp.example"


@pytest.fixture
def admin(client, sign_in, corp):
    sign_in(client, corp.owner, "password")
    return client


def url(corp, name="settings", *arguments):
    return reverse(f"scim:{name}", args=[corp.public_id, *arguments])


@pytest.mark.requirement("SCIM-1")
def test_a_token_is_generated_and_shown_once(admin, corp):
    assert b"Generate token" in admin.get(url(corp)).content

    page = admin.post(url(corp, "generate")).content.decode()

    secret = re.search(r"scim_[\w-]{43}", page).group()
    assert "http://127.0.0.1:8000/api/app/scim/v2" in page
    assert ScimClient(secret).get("/Users").status_code == 200
    assert secret not in admin.get(url(corp)).content.decode()


@pytest.mark.requirement("SCIM-1")
def test_regenerating_kills_the_old_token_and_revoking_turns_scim_off(admin, corp, scim):
    assert b"stops at once" in admin.get(url(corp, "generate")).content
    page = admin.post(url(corp, "generate")).content.decode()
    second = ScimClient(re.search(r"scim_[\w-]{43}", page).group())
    assert scim.get("/Users").status_code == 401
    assert second.get("/Users").status_code == 200

    assert admin.get(url(corp, "revoke")).status_code == 200
    admin.post(url(corp, "revoke"))

    assert second.get("/Users").status_code == 401
    assert live_token(corp) is None


@pytest.mark.requirement("SCIM-1")
def test_other_plans_see_what_scim_does_and_how_to_upgrade(admin, corp):
    change_plan(corp, Plan.GROWTH, actor=SYSTEM)

    assert b"Enterprise plan" in admin.get(url(corp)).content
    assert admin.post(url(corp, "generate")).status_code == 302
    assert live_token(corp) is None


@pytest.mark.requirement("SCIM-12")
def test_needs_attention_has_the_one_button_that_cures_it(admin, corp, scim):
    UserFactory(email=BOB)
    scim.post("/Users", {"userName": BOB})
    assert BOB in admin.get(url(corp)).content.decode()

    admin.post(url(corp, "invite", NeedsAttention.objects.get().pk))

    assert Invitation.objects.live().get().email == BOB
    assert "attention-title" not in admin.get(url(corp)).content.decode()
    assert scim.post("/Users", {"userName": BOB}).status_code == 201


@pytest.mark.requirement("SCIM-12")
def test_a_row_can_be_left_out(admin, corp, scim):
    UserFactory(email=BOB)
    scim.post("/Users", {"userName": BOB})

    admin.post(url(corp, "dismiss", NeedsAttention.objects.get().pk))

    assert NeedsAttention.objects.get().resolved_at is not None


@pytest.mark.requirement("SCIM-12")
def test_a_batch_is_undone_by_one_button(admin, corp, scim):
    user = scim.create(BOB)
    scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": False})
    page = admin.get(url(corp)).content.decode()
    undo = re.search(r'href="([^"]+/undo/)"', page).group(1)
    assert BOB in admin.get(undo).content.decode()

    admin.post(undo)

    assert scim.get(f"/Users/{user['id']}").json()["active"] is True
    assert admin.get(undo).status_code == 404


@pytest.mark.requirement("SCIM-11")
def test_the_log_is_read_by_outcome(admin, corp, scim):
    scim.create(BOB, displayName="Bob <script>alert(1)</script>")
    scim.post("/Users", {"userName": "x@evil.example"})
    for _ in range(60):
        scim.get("/Users?count=0")

    everything = admin.get(url(corp, "requests")).content.decode()
    refused = admin.get(url(corp, "requests") + "?outcome=refused").content.decode()
    changed = admin.get(url(corp, "requests") + "?outcome=changed").content.decode()

    assert "Older requests" in everything
    assert admin.get(url(corp, "requests") + "?before=5&outcome=x").status_code == 200
    assert "evil.example is not a verified domain" in refused
    assert "became a member" in changed
    assert "<script>alert" not in changed


@pytest.mark.requirement("SCIM-9")
@pytest.mark.parametrize("provider", ["okta", "entra", "onelogin", "jumpcloud", "other"])
def test_each_provider_has_a_page_with_our_values(admin, corp, provider):
    page = admin.get(url(corp, "guide", provider)).content.decode()

    assert "/api/app/scim/v2" in page
    assert "corp.example" in page
    assert admin.get(url(corp, "guide", "nobody")).status_code == 404


@pytest.mark.threat("T1")
def test_members_and_other_tenants_do_not_open_the_tab(client, sign_in, corp, other):
    member = MembershipFactory(organization=corp, user__email=BOB)
    row = NeedsAttention.objects.create(organization=other, address="x@other.example")
    sign_in(client, member.user, "password")
    assert client.get(url(corp)).status_code == 403
    assert client.post(url(corp, "generate")).status_code == 403

    sign_in(client, corp.owner, "password")
    assert client.get(url(other)).status_code == 404
    assert client.post(url(corp, "invite", row.pk)).status_code == 404


def test_an_admin_sees_what_is_missing_before_any_domain(client, sign_in, acme):
    sign_in(client, acme.owner, "password")

    assert "No domain is verified" in client.get(url(acme)).content.decode()
