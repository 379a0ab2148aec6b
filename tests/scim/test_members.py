"""What provisioning does to members, and what it must never do."""

import time

import pytest
import time_machine

from accounts.actor import Actor
from accounts.models import (
    AuditEvent,
    Invitation,
    Membership,
    Project,
    ProjectAccess,
    TeamMembership,
    User,
)
from accounts.organizations import members as services
from accounts.organizations.invitations import invite
from scim import attention, batches
from scim.models import Departure, NeedsAttention, RequestRecord, UserResource
from scim.tokens import issue_token, revoke_token
from tests.factories import MembershipFactory, TeamFactory, UserFactory
from tests.scim.client import ScimClient, error_of
from tests.scim.conftest import SYSTEM, verify

BOB = "bob@corp.example"
OUT = {"op": "replace", "path": "active", "value": False}
IN = {"op": "replace", "path": "active", "value": True}


def membership_of(user):
    return Membership.objects.get(public_id=user["id"])


# ── Who is seen (SCIM-3)


@pytest.mark.requirement("SCIM-3")
def test_members_outside_the_verified_domains_do_not_exist_for_scim(scim, corp):
    outsider = MembershipFactory(organization=corp, user__email="eve@private.example")
    path = f"/Users/{outsider.public_id}"

    assert scim.get("/Users").json()["totalResults"] == 1
    assert scim.lookup('userName eq "eve@private.example"')["totalResults"] == 0
    for response in (scim.get(path), scim.patch(path, OUT), scim.put(path, {"userName": BOB}),
                     scim.delete(path)):  # fmt: skip
        assert error_of(response)[0] == 404
    team = TeamFactory(organization=corp, name="Mixed")
    TeamMembership.objects.create(team=team, membership=outsider)
    group = f"/Groups/{team.public_id}"
    scim.patch(group, {"op": "add", "path": "members", "value": [{"value": outsider.public_id}]})
    assert "members" not in scim.get(group).json()
    scim.patch(group, {"op": "replace", "path": "members", "value": []})
    assert TeamMembership.objects.filter(membership=outsider).exists()


@pytest.mark.requirement("SCIM-3")
def test_the_domain_rule_holds_for_every_new_user_name(scim):
    user = scim.create(BOB)
    path = f"/Users/{user['id']}"

    for response in (
        scim.put(path, {"userName": "bob@evil.example"}),
        scim.patch(path, {"op": "replace", "path": "userName", "value": "bob@evil.example"}),
        scim.patch(path, {"op": "replace", "value": {"userName": "bob@corp.example.evil.example"}}),
        scim.patch(path, {"op": "add", "path": "title", "value": "x"},
                   {"op": "Replace", "path": "userName", "value": '"a@corp.example"@evil.example'}),
    ):  # fmt: skip
        assert response.status_code in (400, 403)
    assert scim.get(path).json() == user


@pytest.mark.requirement("SCIM-3")
def test_a_second_domain_is_seen_once_it_is_verified(scim, corp):
    MembershipFactory(organization=corp, user__email="zoe@second.example")
    assert scim.get("/Users").json()["totalResults"] == 1

    verify(corp, "second.example")

    assert scim.get("/Users").json()["totalResults"] == 2
    assert scim.get("/Users?count=0").json()["totalResults"] == 2


@pytest.mark.requirement("SCIM-3")
def test_who_moves_to_another_domain_is_counted_there(scim, corp):
    member = MembershipFactory(organization=corp, user__email="zoe@second.example")
    assert scim.get("/Users?count=0").json()["totalResults"] == 1

    member.user.email = "zoe@corp.example"
    member.user.save()

    assert scim.get("/Users?count=0").json()["totalResults"] == 2
    services.remove_member(member, actor=SYSTEM)
    assert scim.get("/Users?count=0").json()["totalResults"] == 1


# ── Who may be created (SCIM-4)


@pytest.mark.requirement("SCIM-4")
def test_an_account_of_nobodys_is_not_taken_in_without_an_invitation(scim, corp):
    UserFactory(email=BOB)

    assert error_of(scim.post("/Users", {"userName": BOB})) == (409, "uniqueness")
    assert "nvite" in scim.last.json()["detail"]
    assert [one.address for one in attention.waiting(corp)] == [BOB]
    scim.post("/Users", {"userName": BOB})
    assert NeedsAttention.objects.get().times == 2


@pytest.mark.requirement("SCIM-4")
def test_a_pending_invitation_lets_the_creation_through_as_plain_member(scim, corp):
    user = UserFactory(email=BOB)
    invite(corp, BOB, role="admin", actor=SYSTEM)

    created = scim.create(BOB)

    assert membership_of(created).user == user
    assert membership_of(created).role == "member"
    assert not Invitation.objects.live().exists()


@pytest.mark.requirement("SCIM-4")
def test_who_was_deleted_by_scim_may_come_back_with_a_new_id(scim):
    first = scim.create(BOB)
    scim.delete(f"/Users/{first['id']}")

    second = scim.create(BOB)

    assert second["id"] != first["id"]
    assert not Departure.objects.exists()


@pytest.mark.requirement("SCIM-4")
def test_who_was_removed_by_an_admin_does_not_come_back_by_itself(scim):
    first = scim.create(BOB)
    services.remove_member(membership_of(first), actor=SYSTEM)

    assert error_of(scim.post("/Users", {"userName": BOB})) == (409, "uniqueness")


@pytest.mark.requirement("SCIM-4")
@pytest.mark.threat("C5")
def test_provisioning_gives_the_role_member_and_nothing_more(scim, corp):
    user = scim.create(
        BOB,
        role="owner",
        roles=[{"value": "owner", "primary": True}],
        is_staff=True,
        isStaff=True,
        organization="org_other",
        id="mem_mine",
        entitlements=[{"value": "admin"}],
    )

    membership = membership_of(user)
    assert user["id"] != "mem_mine"
    assert (membership.role, membership.organization) == ("member", corp)
    assert not membership.user.is_staff
    assert not membership.user.has_usable_password()
    assert not membership.user.has_verified_email


def test_a_user_created_inactive_has_no_access(scim):
    user = scim.create(BOB, active=False)

    assert user["active"] is False
    assert not membership_of(user).is_active


@pytest.mark.requirement("SCIM-8")
def test_a_role_given_here_is_never_lowered(scim):
    user = scim.create(BOB)
    Membership.objects.filter(public_id=user["id"]).update(role="admin")

    scim.put(f"/Users/{user['id']}", {"userName": BOB, "displayName": "x"})
    scim.patch(f"/Users/{user['id']}", OUT)
    scim.patch(f"/Users/{user['id']}", IN)

    assert membership_of(user).role == "admin"


# ── Addresses (SCIM-5)


@pytest.mark.requirement("SCIM-5")
def test_an_account_that_is_this_organizations_alone_follows_its_new_address(scim, mail_queue):
    user = scim.create(BOB)

    moved = scim.patch(
        f"/Users/{user['id']}", {"op": "Replace", "path": "userName", "value": "Bob.M@corp.example"}
    ).json()

    membership = membership_of(user)
    assert moved["userName"] == "Bob.M@corp.example"
    assert moved["id"] == user["id"]
    assert membership.address == membership.user.email == "bob.m@corp.example"
    assert {BOB, "bob.m@corp.example"} <= mail_queue()


@pytest.mark.requirement("SCIM-5")
@pytest.mark.threat("C4")
def test_an_account_with_a_life_of_its_own_keeps_its_address(scim, corp):
    member = MembershipFactory(organization=corp, user__email=BOB, user__password="own secret 123")

    scim.patch(
        f"/Users/{member.public_id}", {"op": "replace", "value": {"userName": "b@corp.example"}}
    )

    member.refresh_from_db()
    member.user.refresh_from_db()
    assert (member.email, member.user.email) == ("b@corp.example", BOB)
    assert member.user.check_password("own secret 123")
    assert member.user.emailaddress_set.filter(email="b@corp.example", verified=False).exists()
    assert scim.lookup('userName eq "b@corp.example"')["totalResults"] == 1
    assert scim.lookup(f'userName eq "{BOB}"')["totalResults"] == 0


@pytest.mark.threat("C4")
def test_nobody_is_moved_onto_another_persons_address(scim, corp, other):
    user = scim.create(BOB)
    MembershipFactory(organization=other, user__email="victim@corp.example")

    for address in ("ann@corp.example", "victim@corp.example"):
        moved = scim.patch(
            f"/Users/{user['id']}", {"op": "replace", "path": "userName", "value": address}
        )
        assert error_of(moved) == (409, "uniqueness")
    assert membership_of(user).address == BOB


@pytest.mark.threat("C3")
def test_an_external_id_is_bookkeeping(scim, corp, other):
    ours = scim.create(BOB, externalId="1")
    theirs = other.scim.create("x@other.example", externalId=ours["id"])

    assert scim.get("/Users/1").status_code == 404
    assert other.scim.get(f"/Users/{ours['id']}").status_code == 404
    assert other.scim.lookup(f'externalId eq "{ours["id"]}"')["Resources"][0]["id"] == theirs["id"]


# ── Tenants (C2)


@pytest.mark.threat("C2", "T1")
def test_another_tenants_ids_are_unknown_everywhere(scim, other):
    theirs = other.scim.create("x@other.example")
    group = other.scim.post(
        "/Groups", {"displayName": "G", "members": [{"value": theirs["id"]}]}
    ).json()
    user, team = f"/Users/{theirs['id']}", f"/Groups/{group['id']}"

    for response in (
        scim.get(user), scim.put(user, {"userName": BOB}), scim.patch(user, OUT), scim.delete(user),
        scim.get(team), scim.put(team, {"displayName": "x"}), scim.delete(team),
        scim.patch(team, {"op": "replace", "path": "displayName", "value": "x"}),
    ):  # fmt: skip
        assert error_of(response)[0] == 404
    assert scim.lookup(f'id eq "{theirs["id"]}"')["totalResults"] == 0
    mine = scim.post("/Groups", {"displayName": "G", "members": [{"value": theirs["id"]}]}).json()
    assert "members" not in mine
    assert scim.lookup(f'members eq "{theirs["id"]}"', "Groups")["totalResults"] == 0
    assert other.scim.get(user).json() == {
        **theirs,
        "groups": other.scim.get(user).json()["groups"],
    }


def test_a_manager_is_a_word_and_is_never_looked_up(scim, other):
    theirs = other.scim.create("x@other.example")

    user = scim.create(
        BOB,
        **{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": theirs["id"]}},
    )

    extension = user["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]
    assert extension["manager"] == {"value": theirs["id"]}


# ── Out and in again (SCIM-6, SCIM-7)


@pytest.mark.requirement("SCIM-6", "ACC-4")
def test_deactivation_ends_access_with_the_next_request(scim, corp, client, sign_in):
    member = MembershipFactory(organization=corp, user__email=BOB)
    sign_in(client, member.user, "password")
    page = f"/settings/organization/{corp.public_id}/"
    assert client.get(page).status_code == 200

    began = time.perf_counter()
    scim.patch(f"/Users/{member.public_id}", OUT)
    answered = time.perf_counter()

    assert client.get(page).status_code in (302, 403, 404)
    assert time.perf_counter() - answered < 2
    assert answered - began < 2
    event = AuditEvent.objects.filter(event="admin:member:deactivated").get()
    assert (event.actor_kind, event.actor_name) == ("scim", "Okta")


@pytest.mark.requirement("SCIM-6", "SCIM-7")
@pytest.mark.threat("C10")
def test_what_a_membership_held_comes_back_with_it(scim, corp):
    member = MembershipFactory(organization=corp, user__email=BOB, role="admin")
    team = TeamFactory(organization=corp)
    TeamMembership.objects.create(team=team, membership=member)
    project = Project.objects.create(organization=corp, name="P")
    ProjectAccess.objects.create(project=project, membership=member)
    invite(corp, "bob@corp.example".replace("bob", "carl"), role="member", actor=SYSTEM)

    scim.patch(f"/Users/{member.public_id}", OUT)
    member.refresh_from_db()
    assert (member.is_active, member.deactivated_by) == (False, "scim")
    scim.patch(f"/Users/{member.public_id}", IN)

    member.refresh_from_db()
    assert (member.is_active, member.role) == (True, "admin")
    assert TeamMembership.objects.filter(membership=member).exists()
    assert ProjectAccess.objects.filter(membership=member).exists()


@pytest.mark.requirement("SCIM-7")
@pytest.mark.threat("C10")
def test_after_a_delete_nothing_returns(scim, corp):
    member = MembershipFactory(organization=corp, user__email=BOB, role="admin")
    team = TeamFactory(organization=corp)
    TeamMembership.objects.create(team=team, membership=member)

    scim.delete(f"/Users/{member.public_id}")
    again = scim.create(BOB)

    assert membership_of(again).role == "member"
    assert not TeamMembership.objects.exists()
    assert User.objects.filter(email=BOB).count() == 1


@pytest.mark.requirement("SCIM-6")
def test_other_organizations_of_the_person_are_untouched(scim, corp, other):
    member = MembershipFactory(organization=corp, user__email=BOB)
    elsewhere = MembershipFactory(organization=other, user=member.user)

    scim.patch(f"/Users/{member.public_id}", OUT)
    scim.delete(f"/Users/{member.public_id}")

    elsewhere.refresh_from_db()
    assert elsewhere.is_active


@pytest.mark.requirement("SCIM-12")
def test_the_last_owner_stays(scim, corp):
    owner = corp.owner_membership
    path = f"/Users/{owner.public_id}"

    assert error_of(scim.patch(path, OUT)) == (409, None)
    assert error_of(scim.put(path, {"userName": "ann@corp.example", "active": "False"})) == (
        409,
        None,
    )
    assert error_of(scim.delete(path)) == (409, None)
    owner.refresh_from_db()
    assert owner.is_active
    MembershipFactory(organization=corp, role="owner", user__email="o2@corp.example")
    assert scim.patch(path, OUT).status_code == 200


@pytest.mark.requirement("SCIM-12")
def test_what_an_admin_closed_scim_does_not_open(scim):
    user = scim.create(BOB)
    services.deactivate_member(membership_of(user), actor=SYSTEM, by="admin")

    answer = scim.put(f"/Users/{user['id']}", {"userName": BOB, "active": True}).json()

    assert answer["active"] is False
    assert "admin" in RequestRecord.objects.latest("pk").effect


@pytest.mark.requirement("SCIM-6")
def test_deactivation_withdraws_pending_invitations(scim, corp):
    user = scim.create(BOB)
    Invitation.objects.create(
        organization=corp,
        email=BOB,
        token_hash="x",
        expires_at=corp.created_at.replace(year=2099),
    )

    scim.patch(f"/Users/{user['id']}", OUT)

    assert not Invitation.objects.live().exists()


# ── Documents follow members, whichever way they change


def test_members_that_join_by_any_way_are_listed_at_once(scim, corp):
    member = MembershipFactory(organization=corp, user__email="new@corp.example")

    assert scim.lookup('userName eq "new@corp.example"')["totalResults"] == 1
    services.deactivate_member(member, actor=SYSTEM, by="admin")
    before = scim.get(f"/Users/{member.public_id}").json()
    assert before["active"] is False
    member.user.email = "newer@corp.example"
    member.user.save()
    after = scim.get(f"/Users/{member.public_id}").json()
    assert after["userName"] == "newer@corp.example"
    assert after["meta"]["version"] != before["meta"]["version"]
    services.remove_member(member, actor=SYSTEM)
    assert scim.get(f"/Users/{member.public_id}").status_code == 404
    assert not UserResource.objects.filter(membership_id=member.pk).exists()


def test_members_from_before_the_first_token_are_described_with_it(acme):
    verify(acme, "corp.example")
    MembershipFactory(organization=acme, user__email=BOB)
    assert not UserResource.objects.exists()

    scim = ScimClient(issue_token(acme, actor=SYSTEM)[1])

    assert scim.get("/Users").json()["totalResults"] == 2


# ── Tokens, batches, log


@pytest.mark.requirement("SCIM-1")
def test_a_new_token_kills_the_old_and_revoking_needs_none(scim, corp):
    _, second = issue_token(corp, actor=SYSTEM)

    assert scim.get("/Users").status_code == 401
    assert ScimClient(second).get("/Users").status_code == 200
    revoke_token(corp, actor=SYSTEM)
    assert ScimClient(second).get("/Users").status_code == 401
    assert set(AuditEvent.objects.values_list("event", flat=True)) >= {
        "admin:scim:turned_on", "admin:scim:token_created", "admin:scim:token_revoked",
        "admin:scim:turned_off",
    }  # fmt: skip


@pytest.mark.requirement("SCIM-12")
@pytest.mark.threat("C11")
def test_many_deactivations_are_told_and_undone_at_once(scim, corp, mail_queue):
    users = [scim.create(f"user{number}@corp.example") for number in range(8)]
    for user in users[:6]:
        scim.patch(f"/Users/{user['id']}", OUT)
    scim.delete(f"/Users/{users[7]['id']}")

    batch = batches.recent_batches(corp)[0]
    assert len(batch.memberships) == 6
    assert "ann@corp.example" in mail_queue()
    assert batches.undo_batch(corp, batch.key, actor=SYSTEM) == 6
    assert batches.recent_batches(corp) == []
    assert scim.lookup("active eq true")["totalResults"] == 8


@pytest.mark.requirement("SCIM-12")
def test_a_batch_can_be_undone_for_a_day(scim, corp):
    user = scim.create(BOB)
    scim.patch(f"/Users/{user['id']}", OUT)
    key = batches.recent_batches(corp)[0].key

    with time_machine.travel(membership_of(user).deactivated_at.replace(year=2099)):
        assert batches.undo_batch(corp, key, actor=SYSTEM) == 0


@pytest.mark.requirement("SCIM-11")
def test_the_log_tells_request_meaning_and_effect_and_no_secret(scim, corp, token):
    user = scim.create(BOB, password="hunter2hunter2", displayName="Bob Meyer")
    scim.patch(f"/Users/{user['id']}", OUT)
    scim.post("/Users", {"userName": "x@evil.example"})
    scim.get("/Users")

    lines = list(RequestRecord.objects.order_by("pk"))
    assert [(line.outcome, line.status) for line in lines] == [
        ("changed", 201), ("changed", 200), ("refused", 403), ("read", 200),
    ]  # fmt: skip
    assert lines[0].provider == "Okta"
    assert "became a member" in lines[0].effect
    assert lines[1].effect == "Bob Meyer was deactivated; 0 sessions ended"
    assert "evil.example" in lines[2].effect
    everything = str([vars(line) for line in lines]) + str(list(AuditEvent.objects.values()))
    assert "hunter2" not in everything
    assert token not in everything


def test_unauthenticated_requests_leave_no_line(scim):
    ScimClient("wrong").get("/Users")

    assert not RequestRecord.objects.exists()


def test_the_actor_is_the_provider_with_its_token(scim, corp):
    scim.create(BOB)

    event = AuditEvent.objects.filter(event="system:member:added").latest("pk")
    assert event.actor_kind == "scim"
    assert event.actor_id.startswith("tok_")
    assert isinstance(SYSTEM, Actor)
