"""What hostile or hurried providers do: the same instant, random JSON, any sequence of calls."""

import json
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.actor import Actor
from accounts.models import Membership, Team, TeamMembership, User
from accounts.organizations import members as services
from accounts.organizations.invitations import accept, invite
from scim.models import UserResource
from scim.tokens import issue_token
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.scim.client import ScimClient
from tests.scim.conftest import SYSTEM, verify

BOB = "bob@corp.example"
OUT = {"op": "replace", "path": "active", "value": False}


@pytest.fixture
def corp(transactional_db):
    return organization_with_scim("corp.example")


@pytest.fixture
def two_tenants(db):
    return organization_with_scim("corp.example"), organization_with_scim("other.example")


def organization_with_scim(domain):
    organization = OrganizationFactory()
    organization.owner = MembershipFactory(
        organization=organization, role="owner", user__email=f"ann@{domain}"
    ).user
    verify(organization, domain)
    organization.token = issue_token(organization, actor=SYSTEM)[1]
    return organization


# ── The same instant (C8)


@pytest.mark.requirement("SCIM-4")
@pytest.mark.threat("C8")
def test_the_same_user_created_eight_times_at_once_is_created_once(corp, run_threads):
    def create(number):
        return ScimClient(corp.token).post("/Users", {"userName": BOB}).status_code

    answers = run_threads(8, create)

    assert sorted(answers) == [201] + [409] * 7
    assert Membership.objects.filter(organization=corp).count() == 2
    assert User.objects.filter(email=BOB).count() == 1


@pytest.mark.requirement("SCIM-10")
@pytest.mark.threat("C8")
def test_the_same_group_created_eight_times_at_once_is_created_once(corp, run_threads):
    def create(number):
        return ScimClient(corp.token).post("/Groups", {"displayName": "Sales"}).status_code

    assert sorted(run_threads(8, create)) == [201] + [409] * 7
    assert Team.objects.count() == 1


@pytest.mark.threat("C8")
def test_members_pushed_at_once_are_in_once_each(corp, run_threads):
    scim = ScimClient(corp.token)
    users = [scim.create(f"user{number}@corp.example")["id"] for number in range(4)]
    group = scim.post("/Groups", {"displayName": "Sales"}).json()["id"]

    def push(number):
        listed = [{"value": one} for one in users]
        return (
            ScimClient(corp.token)
            .patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": listed})
            .status_code
        )

    assert set(run_threads(6, push)) == {204}
    assert TeamMembership.objects.count() == 4


@pytest.mark.requirement("SCIM-6")
@pytest.mark.threat("C8")
def test_deactivated_while_accepting_an_invitation_ends_in_one_state(corp, run_threads):
    user = UserFactory(email=BOB)
    invitation = invite(corp, BOB, role="member", actor=SYSTEM)

    def act(number):
        if number % 2:
            return ScimClient(corp.token).post("/Users", {"userName": BOB}).status_code
        try:
            accept(invitation, user, actor=Actor.person(user))
        except Exception as error:  # noqa: BLE001  # whichever refusal it is
            return type(error).__name__
        return "accepted"

    answers = run_threads(2, act)

    assert Membership.objects.filter(organization=corp, user=user).count() == 1
    assert ("accepted" in answers) != (201 in answers)


@pytest.mark.requirement("SCIM-6")
@pytest.mark.threat("C8")
def test_no_session_survives_a_deactivation_during_sign_in(corp, client, sign_in, run_threads):
    member = MembershipFactory(organization=corp, user__email=BOB)
    page = f"/settings/organization/{corp.public_id}/"

    def act(number):
        if number:
            return ScimClient(corp.token).patch(f"/Users/{member.public_id}", OUT).status_code
        sign_in(client, member.user, "password")
        return client.get(page).status_code

    run_threads(2, act)

    assert client.get(page).status_code in (302, 403, 404)


@pytest.mark.threat("C1")
def test_a_token_revoked_in_use_works_no_more_once_it_is_revoked(corp, run_threads):
    done = threading.Event()

    def act(number):
        if number == 0:
            issue_token(corp, actor=SYSTEM)
            done.set()
            return ScimClient(corp.token).get("/Users").status_code
        return ScimClient(corp.token).get("/Users").status_code

    assert run_threads(4, act)[0] == 401


@pytest.mark.threat("C9")
def test_who_was_deactivated_comes_back_by_no_side_door(corp):
    scim = ScimClient(corp.token)
    member = Membership.objects.get(public_id=scim.create(BOB)["id"])
    scim.patch(f"/Users/{member.public_id}", OUT)

    with pytest.raises(services.AlreadyMember):
        services.add_member(corp, member.user, role="member", source="jit", actor=SYSTEM)
    assert scim.post("/Users", {"userName": BOB}).status_code == 409
    member.refresh_from_db()
    assert not member.is_active


# ── Random JSON at every path and method

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["ann@corp.example", "x@corp.example", "True", "False", "work", "mem_1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "schemas",
                    "id",
                    "userName",
                    "externalId",
                    "active",
                    "name",
                    "name.givenName",
                    "emails",
                    "value",
                    "type",
                    "primary",
                    "members",
                    "displayName",
                    "Operations",
                    "op",
                    "path",
                    "manager",
                    "groups",
                    "meta",
                    "password",
                    "title",
                    "roles",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
                    "$ref",
                ]
            )
            | st.text(max_size=10),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
PATHS_OF_PATCH = st.sampled_from(
    [
        "active", "userName", "emails", "members", "name", "name.givenName", "id", "meta", "",
        'emails[type eq "work"]', 'emails[type eq "work"].value', "emails[primary eq true].value",
        'members[value eq "x"]', 'emails[not (type eq "x")]', "groups", "displayName", "externalId",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "addresses[type pr].country",
    ]
)  # fmt: skip
OPERATIONS = st.builds(
    lambda verb, path, value: {"op": verb, "path": path, "value": value},
    st.sampled_from(["add", "Replace", "remove", "REMOVE", "move"]),
    PATHS_OF_PATCH | st.text(max_size=30),
    JSON,
)
BODIES = (
    JSON
    | st.builds(lambda operations: {"Operations": operations}, st.lists(OPERATIONS, max_size=4))
    | st.builds(
        lambda name, more: {**(more if isinstance(more, dict) else {}), "userName": name},
        st.sampled_from(["bob@corp.example", "ann@corp.example", "x@other.example", "\0", "@"]),
        JSON,
    )
)
RAW = st.builds(lambda body: json.dumps(body).encode(), BODIES) | st.binary(max_size=40)
TARGETS = st.sampled_from(
    ["/Users", "/Groups", "/Users/{user}", "/Groups/{group}", "/Users/{theirs}", "/Users/.search",
     "/.search", "/", "/Bulk", "/Me", "/Schemas", "/ResourceTypes/User", "/ServiceProviderConfig",
     "/Users/%F0%9F%A6%91", "/Groups/{user}", "/x/y/z"]
)  # fmt: skip
QUERIES = st.dictionaries(
    st.sampled_from(
        ["filter", "attributes", "excludedAttributes", "sortBy", "sortOrder", "startIndex", "count"]
    ),
    st.text(max_size=30)
    | st.sampled_from(
        ["userName pr", 'emails[type eq "x"].value co "y"', "-1", "99999999999999999999",
         'groups.value eq "t"', 'members.value eq "m"', 'meta.created gt "x"', "name.givenName",
         "id", "active eq null", 'id gt "a"', "meta.lastModified", "emails"]
    ),
    max_size=3,
)  # fmt: skip


MEANT_OPERATIONS = st.builds(
    lambda verb, path, value: {"op": verb, "path": path, "value": value},
    st.sampled_from(["add", "Replace", "remove"]),
    PATHS_OF_PATCH,
    st.sampled_from(["", None, "x", "False", True, {"value": "m"}, [{"value": "m"}], [], {}])
    | JSON,
)
MEANT_BODIES = st.builds(
    lambda name, more: {**more, "userName": name, "displayName": "D"},
    st.sampled_from(["bob@corp.example", "new@corp.example", "x@other.example"]),
    st.dictionaries(
        st.sampled_from(["name", "emails", "title", "active", "members", "roles", "externalId"]),
        JSON,
        max_size=2,
    ),
)


def as_bytes(bodies):
    return st.builds(lambda body: json.dumps(body).encode(), bodies)


# Half of the calls mean something, or nothing would be reached; the rest is noise.
CALLS = st.one_of(
    st.tuples(
        st.just("PATCH"),
        st.sampled_from(["/Users/{user}", "/Groups/{group}"]),
        st.just({}),
        as_bytes(
            st.builds(
                lambda listed: {"Operations": listed},
                st.lists(MEANT_OPERATIONS, min_size=1, max_size=3),
            )
        ),
    ),
    st.tuples(
        st.sampled_from(["POST", "PUT"]),
        st.sampled_from(["/Users", "/Users/{user}", "/Groups", "/Groups/{group}"]),
        st.just({}),
        as_bytes(MEANT_BODIES),
    ),
    st.tuples(st.just("GET"), st.sampled_from(["/Users", "/Groups"]), QUERIES, st.just(b"")),
    st.tuples(
        st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"]),
        TARGETS,
        QUERIES,
        RAW,
    ),
)


@pytest.mark.timeout(300)
@pytest.mark.threat("C6", "C2")
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(call=CALLS)
def test_nothing_a_provider_says_breaks_us_or_reaches_another_tenant(two_tenants, call):
    method, target, query, body = call
    ours, other = two_tenants
    theirs = Membership.objects.get(organization=other)
    user = Membership.objects.filter(organization=ours).order_by("pk").first()
    group = Team.objects.first() or Team.objects.create(organization=ours, name="T")
    before = Membership.objects.filter(pk=theirs.pk).values().get()
    path = target.format(user=user.public_id, group=group.public_id, theirs=theirs.public_id)

    response = ScimClient(ours.token).http.generic(
        method,
        f"/api/app/scim/v2{path}",
        body,
        content_type="application/json",
        query_params=query,
        headers={"Authorization": f"Bearer {ours.token}"},
    )

    assert response.status_code < 500 or response.status_code == 501
    assert "json" in response["Content-Type"]
    assert b"ann@other.example" not in response.content
    if response.content:
        assert isinstance(json.loads(response.content), dict)
    assert Membership.objects.filter(pk=theirs.pk).values().get() == before


# ── Any sequence of calls leaves memberships, roles and documents consistent


class Provider(RuleBasedStateMachine):
    """A provider that does anything in any order, beside an admin who does the same."""

    users = Bundle("users")
    names = st.sampled_from([f"u{number}@corp.example" for number in range(4)])

    def __init__(self):
        super().__init__()
        self.organization = OrganizationFactory()
        self.owner = MembershipFactory(organization=self.organization, role="owner")
        verify(self.organization, "corp.example")
        self.scim = ScimClient(issue_token(self.organization, actor=SYSTEM)[1])

    def teardown(self):
        User.objects.all().delete()
        self.organization.delete()

    @rule(target=users, name=names, active=st.booleans())
    def create(self, name, active):
        response = self.scim.post("/Users", {"userName": name, "active": active})
        assert response.status_code in (201, 409)
        return response.json().get("id", "")

    @rule(user=users, active=st.sampled_from([True, False, "False", "True"]))
    def switch(self, user, active):
        self._answered(self.scim.patch(f"/Users/{user}", {**OUT, "value": active}))

    @rule(user=users, name=names, title=st.text(max_size=5))
    def replace(self, user, name, title):
        self._answered(self.scim.put(f"/Users/{user}", {"userName": name, "title": title}))

    @rule(user=users)
    def delete(self, user):
        self._answered(self.scim.delete(f"/Users/{user}"))

    @rule(user=users)
    def admin_removes(self, user):
        for membership in Membership.objects.filter(public_id=user):
            services.remove_member(membership, actor=SYSTEM)

    @rule(user=users, role=st.sampled_from(["admin", "member"]))
    def admin_changes_the_role(self, user, role):
        for membership in Membership.objects.filter(public_id=user):
            services.change_role(membership, role, actor=SYSTEM)

    @rule(members=st.lists(users, max_size=3))
    def push_a_group(self, members):
        listed = [{"value": one} for one in members if one]
        response = self.scim.post("/Groups", {"displayName": "G", "members": listed})
        if response.status_code == 409:
            group = self.scim.lookup('displayName eq "g"', "Groups")["Resources"][0]["id"]
            response = self.scim.put(f"/Groups/{group}", {"displayName": "G", "members": listed})
        assert response.status_code in (200, 201)

    def _answered(self, response):
        assert response.status_code in (200, 204, 404, 405, 409), response.content

    @invariant()
    def every_member_has_one_document_that_tells_the_truth(self):
        members = {one.public_id: one for one in self._members()}
        listed = self.scim.get("/Users?count=200").json()
        assert listed["totalResults"] == len(listed["Resources"]) == len(members)
        # The total that triggers keep, not the length of a page.
        assert self.scim.get("/Users?count=0").json()["totalResults"] == len(members)
        for one in listed["Resources"]:
            membership = members[one["id"]]
            assert one["userName"].lower() == membership.address.lower()
            assert one["active"] == membership.is_active
            teams = {team.public_id for team in membership.teams.all()}
            assert {group["value"] for group in one.get("groups", [])} == teams
            assert membership.role in ("member", "admin", "owner")
        assert UserResource.objects.filter(organization=self.organization).count() == len(members)

    def _members(self):
        return Membership.objects.filter(organization=self.organization).select_related("user")


@pytest.mark.timeout(300)
@pytest.mark.requirement("SCIM-8")
def test_any_sequence_of_calls_leaves_members_and_documents_consistent(db):
    run_state_machine_as_test(
        Provider,
        settings=settings(
            max_examples=8,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
