"""The security score: each point that is missing is a reason with a link."""

import pytest
from django.urls import reverse

from accounts.organizations.overview import Line, Score, Standing
from tests.factories import MembershipFactory, ProjectFactory

GOOD, WARN, BAD, NEUTRAL = (Standing(tone, "") for tone in ("good", "warn", "bad", "neutral"))


def line(standing, weight=1):
    return Line("", "", weight, standing)


def test_the_next_step_is_what_would_raise_the_score_most():
    most = line(BAD, 4)

    score = Score(0, [line(WARN, 5), most, line(GOOD, 9)])

    assert score.next_step is most


@pytest.mark.parametrize("lines", [[], [line(GOOD)], [line(GOOD), line(NEUTRAL, 9)]])
def test_nothing_is_left_to_do_where_all_that_applies_is_in_place(lines):
    assert Score(100, lines).next_step is None


def test_what_does_not_apply_is_shown_and_not_counted():
    score = Score(50, [line(GOOD), line(NEUTRAL), line(BAD)])

    assert (score.protected, score.counted) == (1, 2)


@pytest.mark.django_db
def test_an_admin_sees_what_protects_the_organization_and_a_member_their_own_place(
    acme, client, sign_in
):
    path = reverse("organizations:overview", args=[acme.public_id])

    assert b"Next best step:" in sign_in(client, acme.owner).get(path).content

    member = MembershipFactory(organization=acme).user
    shown = sign_in(client, member).get(path).content
    assert b"Your place here" in shown
    assert b"Next best step:" not in shown


@pytest.mark.django_db
def test_a_second_owner_raises_the_score(acme, client, sign_in):
    path = reverse("organizations:overview", args=[acme.public_id])
    before = sign_in(client, acme.owner).get(path).context["score"].percent

    MembershipFactory(organization=acme, role="owner")

    assert client.get(path).context["score"].percent > before


@pytest.mark.django_db
def test_the_overview_says_how_many_people_and_projects_there_are(acme, client, sign_in):
    path = reverse("organizations:overview", args=[acme.public_id])
    before = sign_in(client, acme.owner).get(path).context
    ProjectFactory(organization=acme)
    MembershipFactory(organization=acme)
    ProjectFactory()  # of somebody else

    after = client.get(path).context

    assert after["members"] == before["members"] + 1
    assert (before["projects"], after["projects"]) == (0, 1)
