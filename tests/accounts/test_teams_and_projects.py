"""Teams, projects, and asking for access."""

import pytest
from django.urls import reverse
from post_office.models import Email

from accounts.actor import Actor
from accounts.models import Project, ProjectAccess, ProjectAccessRequest, Team
from accounts.organizations import invitations
from tests.factories import (
    MembershipFactory,
    OrganizationFactory,
    ProjectAccessRequestFactory,
    ProjectFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def page(name, organization, *rest):
    return reverse(f"organizations:{name}", args=[organization.public_id, *rest])


@pytest.fixture
def owner(client, acme, sign_in):
    return sign_in(client, acme.owner)


@pytest.mark.requirement("ACC-2")
def test_a_team_is_made_filled_renamed_and_deleted(owner, acme):
    member = MembershipFactory(organization=acme)
    owner.post(page("team_create", acme), {"name": "Blue"})
    team = Team.objects.get()

    answer = owner.post(
        page("team", acme, team.public_id),
        {"addresses": f"{member.user.email} stranger@corp.example"},
    )
    filled = list(team.members.all())
    owner.post(page("team_rename", acme, team.public_id), {"name": "Green"})
    owner.post(page("team_take_out", acme, team.public_id, member.public_id))
    team.refresh_from_db()
    emptied = team.members.count()
    owner.post(page("team_delete", acme, team.public_id))

    assert filled == [member]
    assert "stranger@corp.example: is no member" in answer.content.decode()
    assert (team.name, emptied, Team.objects.count()) == ("Green", 0, 0)


@pytest.mark.parametrize("name", ["blue", "BLUE", "", "x" * 81, "see www.evil.example"])
def test_a_team_name_that_is_taken_or_none_is_refused(owner, acme, name):
    TeamFactory(organization=acme, name="Blue")

    owner.post(page("team_create", acme), {"name": name})

    assert Team.objects.count() == 1


@pytest.mark.requirement("SCIM-10")
def test_a_team_that_scim_keeps_is_not_changed_by_hand(owner, acme):
    acme.policy.scim_enabled = True
    acme.policy.save()
    team = TeamFactory(organization=acme, name="Blue", external_id="0oa1")

    owner.post(page("team_rename", acme, team.public_id), {"name": "Green"})
    owner.post(page("team_delete", acme, team.public_id))

    assert Team.objects.get().name == "Blue"


@pytest.mark.requirement("IDP-4")
def test_all_users_have_access_now_and_later(owner, acme):
    project = ProjectFactory(organization=acme)
    member = MembershipFactory(organization=acme)
    stranger = MembershipFactory(organization=OrganizationFactory())

    owner.post(page("project_change_access", acme, project.public_id), {"all_users": "on"})
    later = MembershipFactory(organization=acme)

    opened = [project in Project.objects.open_to(person) for person in (member, later, stranger)]
    assert opened == [True, True, False]


@pytest.mark.requirement("IDP-4")
def test_access_is_given_to_people_and_teams_and_taken_again(owner, acme):
    project = ProjectFactory(organization=acme)
    team, person = TeamFactory(organization=acme), MembershipFactory(organization=acme)
    url = page("project_change_access", acme, project.public_id)

    owner.post(url, {"team": team.public_id})
    owner.post(page("project_access", acme, project.public_id), {"addresses": person.user.email})
    given = ProjectAccess.objects.count()
    for grant in ProjectAccess.objects.all():
        owner.post(url, {"grant": grant.pk})

    assert given == 2
    assert not ProjectAccess.objects.exists()


@pytest.mark.threat("T1")
def test_another_tenants_team_and_grant_are_not_found(owner, acme):
    project = ProjectFactory(organization=acme)
    foreign = ProjectAccess.objects.create(project=ProjectFactory(), team=TeamFactory())
    url = page("project_change_access", acme, project.public_id)

    assert owner.post(url, {"team": foreign.team.public_id}).status_code == 404
    assert owner.post(url, {"grant": foreign.pk}).status_code == 404
    assert owner.post(url, {"grant": "9" * 30}).status_code == 404


@pytest.mark.requirement("IDP-3")
def test_a_member_asks_for_access_and_gets_it(client, acme, sign_in):
    project = ProjectFactory(organization=acme)
    member = MembershipFactory(organization=acme)
    sign_in(client, member.user)

    to_request = client.get(reverse("organizations:project", args=[project.public_id]))
    client.post(to_request.headers["Location"])
    client.post(to_request.headers["Location"])
    asked = ProjectAccessRequest.objects.get()
    sign_in(client, acme.owner)
    client.post(page("project_decide", acme, asked.public_id), {"answer": "approve"})

    assert project in Project.objects.open_to(member)
    assert Email.objects.filter(to__icontains=member.user.email).get().subject == (
        f"You have access to {project.name}"
    )


def test_who_goes_by_a_members_address_is_not_invited_and_the_page_says_so(owner, acme):
    MembershipFactory(organization=acme, email="stranger@corp.example")
    asked = ProjectAccessRequestFactory(
        project__organization=acme, user__email="stranger@corp.example"
    )

    answer = owner.post(
        page("project_decide", acme, asked.public_id), {"answer": "approve"}, follow=True
    )

    asked.refresh_from_db()
    assert "Another member goes by stranger@corp.example" in answer.content.decode()
    assert asked.decided_at is None


@pytest.mark.requirement("IDP-3")
def test_a_stranger_who_is_given_access_is_invited_and_has_it_on_joining(client, acme, sign_in):
    project = ProjectFactory(organization=acme)
    stranger = UserFactory(email="stranger@corp.example")
    sign_in(client, stranger)
    client.post(reverse("organizations:project_request", args=[project.public_id]))
    asked = ProjectAccessRequest.objects.get()
    sign_in(client, acme.owner)

    client.post(page("project_decide", acme, asked.public_id), {"answer": "approve"})
    invitation = acme.invitations.live().get()
    member = invitations.accept(invitation, stranger, actor=Actor.person(stranger))

    assert project in Project.objects.open_to(member)


@pytest.mark.threat("T1", "T4")
def test_a_project_that_is_not_there_and_one_elsewhere_look_the_same(client, sign_in):
    elsewhere = ProjectFactory()
    sign_in(client, UserFactory())
    ids = [elsewhere.public_id, "prj_of_nobody"]

    opened = [client.get(reverse("organizations:project", args=[i])).status_code for i in ids]
    asked = [
        client.post(reverse("organizations:project_request", args=[i])).content.count(b"Asked")
        for i in ids
    ]

    assert opened == [404, 404]
    assert asked[0] == asked[1] > 0


@pytest.mark.requirement("IDP-3")
def test_somebody_signed_out_says_who_they_are_first(client, acme):
    project = ProjectFactory(organization=acme)
    url = reverse("organizations:project_request", args=[project.public_id])

    answer = client.post(url, {"email": "bo@corp.example"})

    assert answer.headers["Location"] == "/sign-in/method/"
    assert client.session["signin_next"] == url


@pytest.mark.threat("C10")
def test_a_deactivated_person_can_not_ask_their_way_back(client, acme, sign_in):
    project = ProjectFactory(organization=acme)
    member = MembershipFactory(organization=acme)
    sign_in(client, acme.owner)
    client.post(page("deactivate", acme, member.public_id))
    sign_in(client, member.user)

    client.post(reverse("organizations:project_request", args=[project.public_id]))

    assert not ProjectAccessRequest.objects.exists()


@pytest.mark.requirement("ACC-6")
def test_the_plan_page_says_what_a_downgrade_takes(owner, acme):
    acme.policy.scim_enabled = True
    acme.policy.save()

    text = owner.get(page("plan", acme), {"rehearse": "free"}).content.decode()

    assert "Your plan: Enterprise" in text
    assert "Goes off with it: SCIM" in text
