"""People come, go, and hand over: invitations, ownership, passwords, sessions, the log."""

import json

import pytest

from tests.journeys.journey import Journey, in_every_way
from tests.journeys.people import PASSWORD, create_organization, sign_in, sign_up, unique

NEW_PASSWORD = "seven green bicycles sing"


def invite(journey: Journey, organization: str, address: str, role: str = "Member") -> str:
    """Invite an address, and return the link of the mail."""
    journey.open(f"/settings/organization/{organization}/users/invitations/new/")
    journey.fill("Email addresses", address).choose("Role", role).press("Send invitations")
    journey.sees("1 invitation is on its way.")
    [link] = [u for u in journey.application.message(address, "Join").links if "invitation" in u]
    return link


@pytest.mark.requirement("ACC-1", "ACC-2")
@in_every_way
def test_a_new_and_an_existing_person_accept_invitations_and_ownership_goes_over(
    journey: Journey,
) -> None:
    word = unique()
    ann, new, known = (f"{name}@{word}.example" for name in ("ann", "new", "known"))
    sign_up(journey, ann)
    organization = create_organization(journey, f"House {word}", "Growth")
    link = invite(journey, organization, new)
    guest = journey.somebody_else()
    guest.open(link).sees(f"Join House {word}").follow("Sign up to accept")
    guest.fill("Password", PASSWORD).press("Sign up").sees("We sent a link and a code")
    [verify] = [u for u in journey.application.message(new, "Verify").links if "code=" in u]
    guest.open(verify).press("Verify").press("Accept invitation")
    guest.sees(f"Welcome to House {word}. You are: Member.")

    existing = journey.somebody_else()
    sign_up(existing, known)
    create_organization(existing, f"Other {word}", "Free")
    existing.open(invite(journey, organization, known, "Admin")).press("Accept invitation")
    existing.sees("You are: Admin.").open("/home/").sees(f"Other {word}").sees(f"House {word}")

    journey.open(f"/settings/organization/{organization}/users/").follow(known)
    journey.follow("Transfer ownership : Ownership")
    journey.sees("Only an owner can undo this.").fill("Your password", PASSWORD)
    journey.press("Transfer ownership").sees("is an owner now, and you are an admin.")
    journey.open(f"/settings/organization/{organization}/audit/").sees("transferred ownership to")


@pytest.mark.requirement("SET-2", "SET-4", "TFA-2")
@in_every_way
def test_somebody_without_a_password_sets_one_from_a_confirmation_and_comes_back(
    journey: Journey,
) -> None:
    word = unique()
    ann = f"ann@{word}.example"
    made = journey.application.manage(
        "create_organization", f"House {word}", "--owner", ann, "--plan", "growth"
    )
    journey.open("/sign-in/").fill("Work email", ann).press("Continue").press("Email me a link")
    journey.sees("a link is on its way")
    [link] = [u for u in journey.application.message(ann, "sign-in link").links if "code=" in u]
    journey.open(link).press("Sign in").sees(f"House {word}")

    journey.open(f"/settings/organization/{made['id']}/security/two-factor/require/")
    journey.press("Set a password").fill("New password", NEW_PASSWORD).press("Set password")
    journey.is_at(f"/settings/organization/{made['id']}/security/two-factor/require/")
    journey.fill("Your password", NEW_PASSWORD)


@pytest.mark.requirement("ACC-4", "ACC-3")
def test_a_session_is_ended_from_another_browser_and_the_log_is_taken_along(
    journey: Journey,
) -> None:
    word = unique()
    ann = f"ann@{word}.example"
    sign_up(journey, ann)
    organization = create_organization(journey, f"House {word}", "Growth")
    elsewhere = journey.somebody_else()
    sign_in(elsewhere, ann)
    elsewhere.sees(f"House {word}")

    journey.open("/settings/profile/").sees("This one").press("End all others")
    journey.sees("1 other session is ended.")
    elsewhere.open("/settings/profile/").is_at("/sign-in/")

    journey.open(f"/settings/organization/{organization}/audit/")
    with journey.page.expect_download() as download:
        journey.press("JSON Lines")
    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert "user:organization:created" in {line["event"] for line in lines}
