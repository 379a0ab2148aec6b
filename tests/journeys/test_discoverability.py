"""Newcomers find their organization: the three levels, two organizations on one domain."""

import re

import pytest

from tests.journeys.journey import Journey, in_every_way
from tests.journeys.people import create_organization, sign_up, unique


def name_domain(journey: Journey, org: str, domain: str) -> None:
    journey.open(f"/settings/organization/{org}/users/discoverability/")
    journey.fill("Work email domain", domain).press("Add domain").sees(f"{domain} is listed.")


def choose_level(journey: Journey, org: str, level: str) -> None:
    journey.open(f"/settings/organization/{org}/users/discoverability/")
    journey.page.get_by_role("radio", name=re.compile(f"^{level}")).check()
    journey.press("Save").sees("Saved:")


@pytest.mark.requirement("DISC-1", "DISC-2", "DISC-3", "DISC-4", "DISC-5", "SET-3")
@in_every_way
def test_newcomers_of_one_domain_meet_two_organizations_by_their_levels(journey: Journey) -> None:
    word = unique()
    domain, open_one, asked_one = f"{word}.example", f"Open {word}", f"Asked {word}"
    sign_up(journey, f"mia@{domain}")
    opened = create_organization(journey, open_one, "Growth")
    name_domain(journey, opened, domain)
    choose_level(journey, opened, "Open to join")
    asked = create_organization(journey, asked_one, "Growth")
    name_domain(journey, asked, domain)
    choose_level(journey, asked, "Subject to admin approval")
    journey.screenshot("settings")

    newcomer = journey.somebody_else()
    sign_up(newcomer, f"nina@{domain}", lands_on="Join a team")
    newcomer.sees(open_one).sees(asked_one).sees("1 member").screenshot("newcomer")
    newcomer.press(f"Ask to join {asked_one}").sees("You asked to join.")
    journey.application.message(f"mia@{domain}", "asks to join")
    journey.open(f"/settings/organization/{asked}/users/requests/")
    journey.follow(f"Approve nina@{domain}").choose("Role", "Member").press("Approve")
    journey.sees(f"nina@{domain} is a member now.")
    journey.application.message(f"nina@{domain}", "Your request")
    newcomer.open("/join/").press(f"Join {open_one}").sees(f"Welcome to {open_one}.")

    second = journey.somebody_else()
    choose_level(journey, opened, "Invite only")
    sign_up(second, f"otto@{domain}", lands_on="Join a team")
    second.sees(asked_one).sees_not(open_one)
    second.press(f"Ask to join {asked_one}").sees("You asked to join.")
    journey.open(f"/settings/organization/{asked}/users/requests/")
    journey.follow(f"Decline otto@{domain}").fill("A word for them (optional)", "Ask Mia first.")
    journey.press("Decline").sees("is told.")
    second.open("/join/").sees("They declined your request.")

    outsider = journey.somebody_else()
    sign_up(outsider, f"olga@other-{word}.example")
    outsider.open("/join/").sees("No organization can be found with your address.")
