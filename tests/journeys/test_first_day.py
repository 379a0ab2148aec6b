"""The product's main job, end to end, over the running application (issue: the house stands)."""

import json
import re
import time
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.journeys.application import Application
from tests.journeys.journey import Journey, in_every_way
from tests.journeys.people import (
    PASSWORD,
    create_organization,
    sign_in,
    sign_out,
    sign_up,
    unique,
)
from twofactor import totp


def ask(url: str, method: str = "GET", body: object = None, token: str = "") -> tuple[int, object]:
    """Call an API as a program does; returns status and JSON."""
    request = urllib.request.Request(
        url,
        None if body is None else json.dumps(body).encode(),
        {
            "Content-Type": "application/scim+json" if token else "application/json",
            **({"Authorization": f"Bearer {token}"} if token else {}),
        },
        method=method,
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            content = response.read()
            return response.status, json.loads(content) if content else None
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def code_for(key: str, *, steps_ahead: int = 0) -> str:
    """The code that an authenticator app shows for a key, as typed off the page.

    A clock that is a step ahead is within what the product takes, and saves a wait for the next.
    """
    return totp.code_at(key.replace(" ", ""), time.time() + steps_ahead * totp.STEP)


@pytest.mark.requirement("DOM-1", "DOM-3", "SSO-3", "SSO-6", "JIT-1", "IDP-1", "SCIM-6", "ACC-1")
@in_every_way
def test_ann_connects_her_company_and_bob_walks_in_by_its_identity_provider(
    journey: Journey, tmp_path
) -> None:
    application: Application = journey.application
    word = unique()
    domain, name = f"{word}.example", f"Corp {word}"
    ann, bob = f"ann@{domain}", f"bob@{domain}"
    idp = application.identity_provider
    ask(f"{idp}/users", "POST", {"email": bob, "first_name": "Bob", "last_name": "Brown"})

    sign_up(journey, ann)
    org = create_organization(journey, name, "Enterprise")
    security = f"/settings/organization/{org}/security"

    journey.open(f"{security}/domains/").follow("Add Domain").fill("Your password", PASSWORD)
    journey.press("Continue").fill("Domain", domain).press("Submit Claim").sees("Pending")
    record = journey.page.get_by_text("orgsecurity-domain-verify=").or_(
        journey.page.locator("textarea").filter(has_text="orgsecurity-domain-verify=")
    )
    value = re.search(r"orgsecurity-domain-verify=[\w-]+", journey.page.content()).group()
    expect(record.first).to_be_visible()
    application.publish(domain, value)
    journey.open(f"{security}/domains/").until("Verified")

    certificate = tmp_path / "idp.pem"
    certificate.write_bytes(urllib.request.urlopen(f"{idp}/certificate.pem").read())
    journey.open(f"{security}/sso/").follow("Enter the values")
    journey.fill("Issuer URL", f"{idp}/metadata")
    journey.fill("Identity Provider Sign-in URL", f"{idp}/sso")
    journey.page.get_by_label("SAML Certificate").first.set_input_files(certificate)
    journey.press("Save").sees("Your identity provider is saved.")
    turn_on_single_sign_on(journey, security)
    journey.open(f"{security}/idp-managed/").press("IDP Managed Access")
    journey.fill("Your password", PASSWORD).press("Turn on IDP Managed Access")
    journey.is_on("IDP Managed Access")

    bobs = journey.somebody_else()
    bobs.open("/sign-in/").fill("Work email", bob).press("Continue")
    bobs.follow("Continue with single sign-on")
    bobs.page.get_by_role("button", name=re.compile(bob)).wait_for()
    pick(bobs, bob)
    bobs.page.wait_for_url(lambda url: url.startswith(application.url))
    if bobs.way.name == "NO_SCRIPT":
        bobs.page.wait_for_timeout(300)
    bobs.open(f"/settings/organization/{org}/").sees(name)

    token = application.manage("create_scim_token", org)["token"]
    base = f"{application.url}/api/app/scim/v2"
    status, found = ask(f"{base}/Users?filter=userName%20eq%20%22{bob}%22", token=token)
    assert (status, found["totalResults"]) == (200, 1)
    person = found["Resources"][0]
    status, _answer = ask(
        f"{base}/Users/{person['id']}",
        "PATCH",
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "value": {"active": False}}],
        },
        token,
    )
    assert status in {200, 204}
    bobs.page.reload()
    bobs.sees_not(name)


def turn_on_single_sign_on(journey: Journey, security: str) -> None:
    """Turn it on without a test of the connection, which the page warns of."""
    journey.open(f"{security}/sso/").press("Single Sign-On")
    journey.fill("Your password", PASSWORD)
    box = journey.page.get_by_role("checkbox")
    if box.count():
        box.first.check()
    journey.press("Enable single sign-on").is_on("Single Sign-On")


def pick(journey: Journey, address: str) -> None:
    """Choose a person at the demo's identity provider; its answer posts itself, or by a button."""
    button = journey.page.get_by_role("button", name=re.compile(re.escape(address)))
    journey._activate(button.first, "Enter")
    if journey.way.name == "NO_SCRIPT":
        journey.press("Continue")


@pytest.mark.requirement("TFA-1", "TFA-4", "TFA-5", "TFA-6", "TFA-13")
@in_every_way
def test_carl_sets_up_an_authenticator_app_at_his_second_sign_in(journey: Journey) -> None:
    application = journey.application
    word = unique()
    name, ann, carl = f"Bright {word}", f"ann@{word}.example", f"carl@{word}.example"
    sign_up(journey, ann)
    org = create_organization(journey, name, "Growth")
    application.manage("add_member", org, carl, "--password-stdin", stdin=f"{PASSWORD}\n")
    carls = journey.somebody_else()

    sign_in(carls, carl)
    carls.sees(name)
    journey.open(f"/settings/organization/{org}/security/two-factor/").press("Require two-factor")
    journey.fill("Your password", "not my password").press("Confirm")
    journey.sees("That isn't your password. Nothing was changed.")
    journey.fill("Your password", PASSWORD).press("Confirm").is_on("Require two-factor")

    sign_out(carls)
    sign_in(carls, carl)
    carls.sees("Set up two-factor authentication")
    carls.open(f"/settings/organization/{org}/").sees_not("What protects this organization")
    carls.open("/sign-in/next/").sees("Set up two-factor authentication")
    carls.page.get_by_role("radio").first.check()
    carls.press("Continue").sees("Can’t scan QR code?")
    carls.page.get_by_text("Can’t scan QR code?").first.click()
    key = re.search(r"\b(?:[A-Z2-7]{4} ){3,}[A-Z2-7]{1,4}\b", carls.page.content()).group()
    used = code_for(key)
    carls.fill("Security code", used).press("Continue").sees("Save your recovery codes")
    carls.choose("I’ve saved these codes").press("Continue").sees(name)

    sign_out(carls)
    sign_in(carls, carl)
    carls.sees("Two-factor verification")
    carls.fill("Security code", used).press("Log In").sees("That code has been used")
    carls.fill("Security code", code_for(key, steps_ahead=1)).press("Log In").sees(name)
