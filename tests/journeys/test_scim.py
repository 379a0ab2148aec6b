"""The SCIM tab in the browser: token, needs attention, undo, log."""

import pytest

from tests.journeys.application import Application
from tests.journeys.journey import Journey, in_every_way
from tests.journeys.people import sign_in, unique
from tests.journeys.test_first_day import ask

PASSWORD_LINE = "a phrase that nobody else uses\n"


@pytest.mark.requirement("SCIM-1", "SCIM-11", "SCIM-12")
@in_every_way
def test_mia_connects_her_provider_and_undoes_its_mistake(journey: Journey) -> None:
    application: Application = journey.application
    domain = f"{unique()}.example"
    mia, bob, eve = (f"{name}@{domain}" for name in ("mia", "bob", "eve"))
    org = application.manage(
        "create_organization", f"Corp {domain}", "--owner", mia, "--plan", "enterprise",
        "--password-stdin", stdin=PASSWORD_LINE,
    )["id"]  # fmt: skip
    other = application.manage(
        "create_organization", f"Eve's {domain}", "--owner", eve, "--plan", "free"
    )["id"]
    assert other != org
    application.manage("claim_domain", org, domain, "--verified")
    tab = f"/settings/organization/{org}/security/scim/"
    sign_in(journey, mia)
    journey.sees(f"Corp {domain}")

    journey.open(tab).sees("None. Generate one to turn SCIM on")
    journey.press("Generate token").sees("You won’t see it again")
    token = journey.value_of("Token")
    users = f"{journey.value_of('Base URL')}/Users"
    journey.screenshot("token")
    journey.follow("I’ve copied it").sees("Waiting for the first call")
    assert token not in journey.page.content()

    status, person = ask(users, "POST", {"userName": bob, "displayName": "Bob Brown"}, token)
    assert status == 201
    assert ask(users, "POST", {"userName": eve}, token)[0] == 409
    operations = [{"op": "replace", "path": "active", "value": False}]
    status, _ = ask(f"{users}/{person['id']}", "PATCH", {"Operations": operations}, token)
    assert status == 200

    journey.open(tab).sees("Needs attention").sees(eve).sees("Bob Brown was deactivated")
    journey.screenshot("used")
    journey.press(f"Invite {eve}").sees(f"{eve} is invited")
    journey.follow("Undo: Bob Brown").sees("Reactivate 1 person").press("Undo").sees(
        "1 member is back."
    )
    assert ask(f"{users}/{person['id']}", token=token)[1]["active"] is True

    journey.open(f"{tab}requests/").choose("Outcome", "Refused").press("Show")
    journey.sees("is not a member of this organization").sees_not("became a member")
    journey.open(tab).follow("Revoke").press("Revoke token").sees("SCIM is off")
    assert ask(users, token=token)[0] == 401
