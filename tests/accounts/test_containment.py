"""What one organization's identity provider says opens that organization, and nothing else."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from accounts.actor import Actor
from accounts.organizations.members import (
    deactivate_member,
    end_sessions_of,
    reactivate_member,
    remove_member,
)
from tests.factories import PASSWORD, MembershipFactory, OrganizationFactory, UserFactory

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def member():
    """Bob, in Acme (single sign-on) and in Bright (without)."""
    long_ago = timezone.now() - 9 * HOUR
    policy = {"sso_enabled": True, "sso_valid_from": long_ago}
    acme = OrganizationFactory(name="Acme", policy=policy)
    membership = MembershipFactory(organization=acme, user__email="bob@corp.example")
    bright = OrganizationFactory(name="Bright")
    membership.elsewhere = MembershipFactory(organization=bright, user=membership.user)
    return membership


def overview(membership):
    return reverse("organizations:overview", args=[membership.organization.public_id])


@pytest.fixture
def by_acmes_idp(client, sign_in, member):
    """A session that Acme's identity provider vouched for."""
    return sign_in(
        client, member.user, "saml", connection="conn_a", organization=member.organization.public_id
    )


@pytest.mark.requirement("ACC-7")
@pytest.mark.threat("O7")
def test_single_sign_on_opens_its_own_organization_only(by_acmes_idp, member):
    own = by_acmes_idp.get(overview(member))
    other = by_acmes_idp.get(overview(member.elsewhere))

    assert own.status_code == 200
    assert other.status_code == 302
    assert other.headers["Location"].startswith("/sign-in/")
    opens = {o["name"]: o["open"] for o in by_acmes_idp.get("/me").json()["organizations"]}
    assert opens == {"Acme": True, "Bright": False}


@pytest.mark.requirement("ACC-7")
def test_another_organizations_identity_provider_opens_nothing_here(client, sign_in, member):
    sign_in(client, member.user, "saml", connection="conn_b", organization="org_elsewhere")

    assert client.get(overview(member)).status_code == 302


@pytest.mark.requirement("ACC-7", "IDP-6")
def test_the_same_person_reaches_the_other_organization_by_something_of_their_own(
    by_acmes_idp, member, sign_in
):
    by_acmes_idp.get(overview(member.elsewhere), follow=True)
    answer = by_acmes_idp.post("/sign-in/method/", {"password": PASSWORD})

    assert answer.headers["Location"] == overview(member.elsewhere)
    assert by_acmes_idp.get(overview(member.elsewhere)).status_code == 200
    assert by_acmes_idp.get(overview(member)).status_code == 200


@pytest.mark.requirement("ACC-7")
def test_single_sign_on_founds_no_organization(by_acmes_idp):
    response = by_acmes_idp.post("/organizations/new/", {"name": "Mine", "plan": "free"})

    assert response.headers["Location"].startswith("/sign-in/")


@pytest.mark.requirement("ACC-7")
def test_account_level_evidence_needs_the_second_factor_where_one_is_set(client, sign_in, member):
    member.elsewhere.user.two_factor_set_at = timezone.now() - HOUR
    member.elsewhere.user.save()
    sign_in(client, member.user, "password")

    assert client.get(overview(member.elsewhere)).status_code == 302
    sign_in(client, member.user, "password", "otp")
    assert client.get(overview(member.elsewhere)).status_code == 200


@pytest.mark.requirement("SCIM-6")
@pytest.mark.parametrize("end", [deactivate_member, remove_member])
def test_who_lost_access_is_refused_with_the_next_request(client, sign_in, end):
    membership = MembershipFactory()
    MembershipFactory(organization=membership.organization, role="owner")
    sign_in(client, membership.user)
    before = client.get(overview(membership))

    if end is deactivate_member:
        end(membership, actor=SYSTEM, by="admin")
    else:
        end(membership, actor=SYSTEM)

    assert before.status_code == 200
    assert client.get(overview(membership)).status_code == 404


@pytest.mark.requirement("SCIM-7")
def test_who_got_access_back_signs_in_anew(client, sign_in):
    membership = MembershipFactory()
    sign_in(client, membership.user, at=timezone.now() - HOUR)
    deactivate_member(membership, actor=SYSTEM, by="scim")
    reactivate_member(membership, actor=SYSTEM)

    assert client.get(overview(membership)).status_code == 302
    sign_in(client, membership.user)
    assert client.get(overview(membership)).status_code == 200


@pytest.mark.requirement("ACC-4")
def test_an_admin_ends_a_members_sessions_in_one_organization_only(client, sign_in, member):
    sign_in(client, member.user, at=timezone.now() - HOUR)

    end_sessions_of(member.elsewhere, actor=SYSTEM)

    assert client.get(overview(member.elsewhere)).status_code == 302
    assert client.get("/me").status_code == 200


@pytest.mark.requirement("ACC-4")
@pytest.mark.threat("S16")
def test_a_session_ends_after_24_idle_hours(client, sign_in):
    sign_in(client, UserFactory())
    alive = client.get("/me").status_code
    with travel(timezone.now() + 25 * HOUR):
        idle = client.get("/me").status_code

    assert (alive, idle) == (200, 401)


@pytest.mark.requirement("ACC-4")
@pytest.mark.threat("S16")
def test_a_session_ends_after_14_days_however_busy(client, sign_in):
    now = timezone.now()
    sign_in(client, UserFactory(), at=now)
    seen = []
    for hours in range(0, 15 * 24, 12):
        with travel(now + hours * HOUR):
            seen.append(client.get("/me").status_code)

    assert seen.index(401) == 28
    assert set(seen[:28]) == {200}


@pytest.mark.threat("T1")
def test_a_foreign_organization_and_one_that_does_not_exist_look_the_same(client, sign_in):
    sign_in(client, UserFactory())
    foreign = client.get(overview(MembershipFactory()))
    made_up = client.get("/settings/organization/org_00000000000000000000/")

    assert foreign.status_code == made_up.status_code == 404


@pytest.mark.requirement("SET-2")
def test_a_role_that_does_not_suffice_reads_who_can_help(client, sign_in):
    owner = MembershipFactory(role="owner", user__first_name="Mia", user__last_name="Roth")
    membership = MembershipFactory(organization=owner.organization)
    sign_in(client, membership.user)

    page = client.get(reverse("organizations:security", args=[membership.organization.public_id]))

    assert page.status_code == 403
    assert "Mia Roth" in page.content.decode()


@pytest.mark.requirement("ACC-7", "TFA-13")
@pytest.mark.parametrize("over", ["connection changed", "single sign-on off"])
def test_what_an_identity_provider_once_said_does_not_stand_in_for_a_second_factor(
    client, sign_in, member, over
):
    member.user.two_factor_set_at = timezone.now() - 3 * HOUR
    member.user.save()
    organization = member.organization
    said = {"connection": "conn_a", "organization": organization.public_id}
    sign_in(client, member.user, "saml", "password", at=timezone.now() - HOUR, **said)
    while_it_holds = client.get(overview(member)).status_code

    if over == "connection changed":
        organization.policy.sso_valid_from = timezone.now()
    else:
        organization.policy.sso_enabled = False
    organization.policy.save()

    assert while_it_holds == 200
    assert client.get(overview(member)).status_code == 302
