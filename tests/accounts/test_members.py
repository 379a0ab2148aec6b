"""Users & Teams: the list, a person's page, and what is done there."""

import re

import pytest
from django.db import connection
from django.urls import reverse
from post_office.models import Email

from accounts.actor import Actor
from accounts.models import AuditEvent, Membership, Project, ProjectAccess, Role
from accounts.organizations import members as service
from accounts.organizations.directory import people
from domains.states import State
from tests.domains.factories import ClaimFactory
from tests.factories import (
    PASSWORD,
    InvitationFactory,
    MembershipFactory,
    OrganizationFactory,
    ProjectFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def page(name, organization, *rest, **query):
    return reverse(f"organizations:{name}", args=[organization.public_id, *rest], query=query)


def names(response):
    return re.findall(r'class="table__name"[^>]*>([^<]+)<', response.content.decode())


@pytest.fixture
def admin(acme):
    return MembershipFactory(organization=acme, role="admin")


# --- The list


@pytest.mark.requirement("ACC-2")
def test_the_list_shows_everybody_with_role_and_status(client, acme, sign_in):
    MembershipFactory(organization=acme, user__first_name="Bo", user__last_name="Burns")
    MembershipFactory(user__first_name="Zoe", user__last_name="Elsewhere")
    sign_in(client, acme.owner)

    response = client.get(page("members", acme))

    assert names(response) == ["Ann Archer", "Bo Burns"]
    assert "2 people" in response.content.decode()


@pytest.mark.requirement("ACC-2")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "burns"}, ["Bo Burns"]),
        ({"q": "BO@corp"}, ["Bo Burns"]),
        ({"q": "100%_"}, []),
        ({"role": "owner"}, ["Ann Archer"]),
        ({"role": "no such role"}, ["Ann Archer", "Bo Burns"]),
        ({"status": "deactivated"}, []),
        ({"two_factor": "missing"}, ["Ann Archer", "Bo Burns"]),
        ({"source": "invitation", "q": "archer"}, []),
        ({"after": "mem_of_nobody"}, ["Ann Archer", "Bo Burns"]),
    ],
)
def test_search_and_filters_narrow_the_list(client, acme, sign_in, query, found):
    MembershipFactory(
        organization=acme,
        user__email="bo@corp.example",
        user__first_name="Bo",
        user__last_name="Burns",
    )
    sign_in(client, acme.owner)

    assert names(client.get(page("members", acme, **query))) == found


@pytest.mark.requirement("ACC-2")
def test_people_are_found_by_what_they_are_called_now(client, acme, sign_in):
    member = MembershipFactory(organization=acme, user__first_name="Bo", user__last_name="Burns")
    member.user.last_name = "O'Ödegård"
    member.user.save()
    member.email = "bo@other.example"
    member.save(update_fields=["email"])
    Membership.objects.filter(pk=member.pk).update(first_name="Bob", words="no such words")
    sign_in(client, acme.owner)

    found = [
        names(client.get(page("members", acme, q=word)))
        for word in ("burns", "o'öDEGÅRD", "bo@OTHER", "bob", "words")
    ]

    assert found == [[], ["Bob"], ["Bob"], ["Bob"], []]


@pytest.mark.requirement("ACC-2")
def test_a_rare_name_is_found_by_an_index(acme):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_user (public_id, email, first_name, last_name, password,"
            " is_superuser, is_staff, is_active, time_zone, date_joined, sessions_valid_from)"
            " SELECT 'usr_' || n, 'p' || n || '@big.example', '', '', '!', false, false, true, '',"
            " now(), now() FROM generate_series(1, 3000) n"
        )
        cursor.execute(
            "INSERT INTO accounts_membership (public_id, organization_id, user_id, role, status,"
            " source, email, first_name, last_name, joined_at, access_valid_from, deactivated_by)"
            " SELECT 'mem_' || id, %s, id, 'member', 'active', 'scim', '', '', '', now(), now(), ''"
            " FROM accounts_user WHERE email LIKE '%%@big.example'",
            [acme.pk],
        )
        cursor.execute("ANALYZE accounts_user, accounts_membership")
        cursor.execute("SELECT gin_clean_pending_list('membership_by_words')")
        cursor.execute("SET LOCAL enable_seqscan = off")  # so few rows are read as quickly

    plan = people(acme, {"q": "P2999@"}).order_by().explain()

    assert "membership_by_words" in plan
    assert people(acme, {"q": "P2999@"}).get().user.email == "p2999@big.example"


def test_the_list_is_paged_by_key_forth_and_back(client, acme, sign_in):
    for number in range(119):
        MembershipFactory(organization=acme, user__last_name=f"{number:03}")
    sign_in(client, acme.owner)

    pages = [client.get(page("members", acme))]
    for _ in range(2):
        pages.append(client.get(page("members", acme) + link(pages[-1], "next")))
    back = client.get(page("members", acme) + link(pages[-1], "prev"))

    assert [len(names(p)) for p in pages] == [50, 50, 20]
    assert len({name for p in pages for name in names(p)}) == 120
    assert names(back) == names(pages[1])
    assert 'rel="next"' not in pages[-1].content.decode()
    assert 'rel="prev"' not in pages[0].content.decode()


def link(response, direction):
    return re.search(rf'rel="{direction}" href="([^"]+)"', response.content.decode()).group(1)


def test_a_plain_member_sees_names_but_nobodys_second_factor(client, acme, sign_in):
    member = MembershipFactory(organization=acme)
    sign_in(client, member.user)

    text = client.get(page("members", acme)).content.decode()

    assert "Ann Archer" in text
    assert "Second factor" not in text


@pytest.mark.requirement("ACC-2")
def test_what_each_role_may_do_is_shown_from_the_table(client, acme, sign_in):
    sign_in(client, acme.owner)

    text = client.get(page("roles", acme)).content.decode()

    assert "Read and export the audit log" in text
    assert "Billing admin" in text


# --- Changes


@pytest.mark.requirement("ACC-1")
def test_an_admin_gives_a_member_another_role(client, acme, admin, sign_in):
    member = MembershipFactory(organization=acme)
    sign_in(client, admin.user)

    client.post(page("change_role", acme, member.public_id), {"role": "billing_admin"})

    member.refresh_from_db()
    assert member.role == Role.BILLING_ADMIN
    event = AuditEvent.objects.get(event="admin:member:role_changed")
    assert event.data == {"before": "member", "after": "billing_admin"}


@pytest.mark.requirement("ACC-1")
@pytest.mark.threat("V6")
@pytest.mark.parametrize("role", ["owner", "root", ""])
def test_an_admin_gives_nobody_a_role_above_their_own(client, acme, admin, sign_in, role):
    member = MembershipFactory(organization=acme)
    sign_in(client, admin.user)

    response = client.post(page("change_role", acme, member.public_id), {"role": role})

    member.refresh_from_db()
    assert member.role == Role.MEMBER
    assert "There is a problem" in response.content.decode()


@pytest.mark.threat("V6")
@pytest.mark.parametrize("act", ["change_role", "deactivate", "end_sessions", "remove"])
def test_an_admin_changes_nothing_of_an_owner(client, acme, admin, sign_in, act):
    MembershipFactory(organization=acme, role="owner")
    sign_in(client, admin.user)

    client.post(page(act, acme, acme.owner_membership.public_id), {"role": "member"})

    owner = Membership.objects.get(pk=acme.owner_membership.pk)
    assert (owner.role, owner.status) == ("owner", "active")
    assert owner.access_valid_from == acme.owner_membership.access_valid_from


@pytest.mark.threat("T2")
def test_a_role_that_was_lost_while_the_page_stood_open_changes_nothing(acme, admin):
    member = MembershipFactory(organization=acme)
    Membership.objects.filter(pk=admin.pk).update(role="member")

    with pytest.raises(service.NotAllowed):
        service.remove_member(member, actor=Actor.person(admin.user))

    assert Membership.objects.filter(pk=member.pk).exists()


@pytest.mark.requirement("ACC-4")
def test_an_admin_ends_a_members_sessions_here_and_sees_when(client, acme, sign_in):
    member = MembershipFactory(organization=acme)
    elsewhere = MembershipFactory(user=member.user)
    members_browser = sign_in(client.__class__(), member.user)
    sign_in(client, acme.owner)
    home = page("overview", acme)
    assert members_browser.get(home).status_code == 200

    client.post(page("end_sessions", acme, member.public_id))

    assert members_browser.get(home).headers["Location"].startswith("/sign-in/")
    assert members_browser.get(page("overview", elsewhere.organization)).status_code == 200
    assert "Sessions ended" in client.get(page("member", acme, member.public_id)).content.decode()


@pytest.mark.requirement("SCIM-7", "IDP-4")
@pytest.mark.threat("C10")
def test_a_deactivated_persons_teams_and_projects_give_nothing_and_come_back(client, acme, sign_in):
    member = MembershipFactory(organization=acme)
    team = TeamFactory(organization=acme)
    team.members.add(member)
    by_team, by_name, for_all = (ProjectFactory(organization=acme) for _ in range(3))
    ProjectAccess.objects.create(project=by_team, team=team)
    ProjectAccess.objects.create(project=by_name, membership=member)
    Project.objects.filter(pk=for_all.pk).update(all_users=True)
    ProjectFactory(organization=acme)
    sign_in(client, acme.owner)

    client.post(page("deactivate", acme, member.public_id))
    member.refresh_from_db()
    meanwhile = list(Project.objects.open_to(member))
    client.post(page("reactivate", acme, member.public_id))
    member.refresh_from_db()

    assert meanwhile == []
    assert set(Project.objects.open_to(member)) == {by_team, by_name, for_all}


@pytest.mark.requirement("SCIM-12")
def test_what_scim_took_away_no_admin_gives_back_while_it_is_on(client, acme, sign_in):
    acme.policy.scim_enabled = True
    acme.policy.save()
    member = MembershipFactory(organization=acme)
    service.deactivate_member(member, actor=Actor.system("scim"), by="scim")
    sign_in(client, acme.owner)

    refused = client.post(page("reactivate", acme, member.public_id))
    acme.policy.scim_enabled = False
    acme.policy.save()
    allowed = client.post(page("reactivate", acme, member.public_id))

    assert "Your identity provider turned this access off" in refused.content.decode()
    assert allowed.status_code == 302


# --- Name and address, once SCIM is off


@pytest.fixture
def provisioned(acme):
    """Somebody whom SCIM made a member, at a verified domain; SCIM is off by now."""
    ClaimFactory(organization=acme, domain="corp.example", state=State.VERIFIED)
    return MembershipFactory(
        organization=acme,
        source="scim",
        email="bo@corp.example",
        first_name="Bo",
        last_name="Burns",
        user__email="bo@corp.example",
        user__password=None,
    )


def described(**changes):
    return {"first_name": "Bo", "last_name": "Burns", "email": "bo@corp.example"} | changes


@pytest.mark.requirement("SCIM-12")
def test_with_scim_off_an_admin_edits_name_and_address(client, acme, admin, provisioned, sign_in):
    sign_in(client, admin.user)
    shown = client.get(page("member", acme, provisioned.public_id)).content.decode()

    response = client.post(
        page("describe", acme, provisioned.public_id),
        described(last_name="Lee", email="Bo.Lee@corp.example"),
    )

    provisioned.refresh_from_db()
    assert page("describe", acme, provisioned.public_id) in shown
    assert response.url == page("member", acme, provisioned.public_id)
    assert (provisioned.name, provisioned.address) == ("Bo Lee", "bo.lee@corp.example")
    assert set(AuditEvent.objects.values_list("event", flat=True)) >= {
        "admin:member:name_changed",
        "system:member:address_changed",
    }
    told = {row.to[0]: row.message for row in Email.objects.all()}
    assert set(told) == {"bo@corp.example", "bo.lee@corp.example"}
    assert "From now on you sign in with bo.lee@corp.example." in told["bo@corp.example"]


@pytest.mark.requirement("SCIM-12")
def test_while_scim_is_on_nobody_edits_what_it_says(client, acme, provisioned, sign_in):
    acme.policy.scim_enabled = True
    acme.policy.save()
    sign_in(client, acme.owner)

    shown = client.get(page("member", acme, provisioned.public_id)).content.decode()
    response = client.post(
        page("describe", acme, provisioned.public_id), described(first_name="Joe")
    )

    provisioned.refresh_from_db()
    assert page("describe", acme, provisioned.public_id) not in shown
    assert "Your identity provider keeps this person" in shown
    assert "SCIM is on: change it at your identity provider." in response.content.decode()
    assert provisioned.name == "Bo Burns"


@pytest.mark.requirement("SCIM-12")
@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("bo@elsewhere.example", "only within your verified domains"),
        ("ANN@corp.example", "Somebody else uses this address."),
        ("kim@corp.example", "Somebody else uses this address."),
        ("b\N{CYRILLIC SMALL LETTER O}@corp.example", "Use plain letters"),
        ("", "Enter an email address"),
    ],
)
def test_an_address_that_scim_could_not_give_no_admin_gives(
    client, provisioned, sign_in, email, sentence
):
    acme = provisioned.organization
    UserFactory(email="kim@corp.example")
    sign_in(client, acme.memberships.get(role="owner").user)

    response = client.post(
        page("describe", acme, provisioned.public_id), described(last_name="Lee", email=email)
    )

    provisioned.refresh_from_db()
    assert sentence in response.content.decode()
    assert 'value="Lee"' in response.content.decode()
    assert (provisioned.name, provisioned.address) == ("Bo Burns", "bo@corp.example")
    assert not Email.objects.exists()


@pytest.mark.requirement("SCIM-12")
@pytest.mark.threat("S11")
def test_an_account_with_a_password_keeps_its_sign_in_address(client, acme, provisioned, sign_in):
    provisioned.user.set_password(PASSWORD)
    provisioned.user.save()
    sign_in(client, acme.owner)

    client.post(
        page("describe", acme, provisioned.public_id), described(email="bo.lee@corp.example")
    )

    provisioned.refresh_from_db()
    assert provisioned.address == "bo.lee@corp.example"
    assert provisioned.user.email == "bo@corp.example"


@pytest.mark.threat("S11")
def test_a_persons_own_name_and_address_are_no_admins_to_edit(client, acme, sign_in):
    member = MembershipFactory(organization=acme, user__email="di@corp.example")
    ClaimFactory(organization=acme, domain="corp.example", state=State.VERIFIED)
    sign_in(client, acme.owner)

    shown = client.get(page("member", acme, member.public_id)).content.decode()
    response = client.post(
        page("describe", acme, member.public_id), described(email="di.lee@corp.example")
    )

    member.refresh_from_db()
    assert page("describe", acme, member.public_id) not in shown
    assert "give name and address themselves" in response.content.decode()
    assert member.address == "di@corp.example"


@pytest.mark.threat("V6")
def test_an_admin_edits_no_owners_address(client, acme, admin, provisioned, sign_in):
    Membership.objects.filter(pk=provisioned.pk).update(role="owner")
    sign_in(client, admin.user)

    response = client.post(
        page("describe", acme, provisioned.public_id), described(email="me@corp.example")
    )

    provisioned.refresh_from_db()
    assert "doesn&#x27;t allow this" in response.content.decode()
    assert provisioned.address == "bo@corp.example"


@pytest.mark.requirement("SCIM-7")
def test_a_removed_person_leaves_nothing_behind(client, acme, sign_in):
    member = MembershipFactory(organization=acme)
    TeamFactory(organization=acme).members.add(member)
    InvitationFactory(organization=acme, email=member.user.email)
    sign_in(client, acme.owner)

    client.post(page("remove", acme, member.public_id))

    assert not Membership.objects.filter(pk=member.pk).exists()
    assert not acme.invitations.live().exists()
    assert AuditEvent.objects.filter(event="admin:member:removed").count() == 1


# --- Owners


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize("act", ["leave", "change_role"])
def test_the_last_owner_can_neither_leave_nor_step_down(client, acme, sign_in, act):
    sign_in(client, acme.owner)
    rest = [] if act == "leave" else [acme.owner_membership.public_id]

    response = client.post(page(act, acme, *rest), {"role": "admin"})

    assert "is the last owner" in response.content.decode()
    assert acme.memberships.owners().count() == 1


@pytest.mark.requirement("ACC-1")
def test_an_owner_leaves_where_another_stays(client, acme, sign_in):
    MembershipFactory(organization=acme, role="owner")
    sign_in(client, acme.owner)

    response = client.post(page("leave", acme))

    assert response.headers["Location"] == reverse("home")
    assert not acme.memberships.filter(user=acme.owner).exists()
    assert AuditEvent.objects.filter(event="user:member:left").count() == 1


@pytest.mark.requirement("ACC-1")
def test_ownership_is_transferred_with_the_password(client, acme, sign_in):
    heir = MembershipFactory(organization=acme)
    sign_in(client, acme.owner)
    url = page("transfer", acme, heir.public_id)

    wrong = client.post(url, {"password": "not it"})
    still = Membership.objects.get(pk=heir.pk).role
    client.post(url, {"password": PASSWORD})

    assert "Nothing was changed" in wrong.content.decode()
    assert still == "member"
    roles = dict(acme.memberships.values_list("user_id", "role"))
    assert roles == {acme.owner.pk: "admin", heir.user_id: "owner"}
    event = AuditEvent.objects.get(event="admin:member:ownership_transferred")
    assert event.data == {"before": "member", "after": "owner"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.requirement("ACC-1")
@pytest.mark.threat("T3")
def test_of_two_owners_who_leave_at_once_one_stays(acme, run_threads):
    both = [acme.owner_membership, MembershipFactory(organization=acme, role="owner")]

    results = run_threads(
        2,
        lambda n: service.remove_member(both[n], actor=Actor.person(both[n].user), leaving=True),
    )

    assert sorted(type(result).__name__ for result in results) == ["LastOwner", "NoneType"]
    assert acme.memberships.owners().count() == 1


@pytest.mark.threat("T1")
def test_a_person_of_another_organization_is_not_found(client, acme, sign_in):
    stranger = MembershipFactory(organization=OrganizationFactory())
    sign_in(client, acme.owner)

    assert client.get(page("member", acme, stranger.public_id)).status_code == 404
    assert client.post(page("remove", acme, stranger.public_id)).status_code == 404
    assert Membership.objects.filter(pk=stranger.pk).exists()
