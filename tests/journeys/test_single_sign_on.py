"""Single sign-on with two unrelated identity providers: pysaml2's, and samlify's on Node."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.journeys.application import Application
from tests.journeys.journey import Journey, Way
from tests.journeys.people import PASSWORD, sign_in, unique
from tests.loopback.clients import call
from tests.servers.launch import Server, running

# Each provider, and the way in which it is used here: both ways in both would tell nothing more.
PROVIDERS = [
    pytest.param("identity_provider", Way.MOUSE, id="pysaml2 by mouse"),
    pytest.param("second_identity_provider", Way.NO_SCRIPT, id="samlify without script"),
]


class Company(NamedTuple):
    """A customer: its owner's address is of another domain than its people's."""

    name: str
    domain: str
    owner: str


@pytest.fixture
def idp(request: pytest.FixtureRequest, journey: Journey) -> Iterator[Server]:
    """An identity provider of this journey's own: its certificate will be rolled."""
    metadata = f"{journey.application.url}/sso/metadata"
    with running(request.param, "--sp-metadata", metadata) as server:
        yield server


@pytest.mark.requirement("SSO-6", "SSO-8", "JIT-1", "IDP-1")
@pytest.mark.parametrize(("idp", "journey"), PROVIDERS, indirect=True)
def test_people_come_from_both_ends_while_the_certificate_is_rolled(
    journey: Journey, idp: Server, tmp_path: Path
) -> None:
    word = unique()
    # Mia's own address is elsewhere: the domain's people are the identity provider's.
    company = Company(f"Rolling {word}", f"{word}.example", f"mia@consulting-{word}.example")
    bob, zoe = f"bob@{company.domain}", f"zoe@{company.domain}"
    for address, first, last in ((bob, "Bob", "Brügger"), (zoe, "Zoë", "Müller")):
        call(
            "POST",
            f"{idp.url}/users",
            {"email": address, "first_name": first, "last_name": last},
        )
    organization = connect(company, idp, journey.application, tmp_path)
    settings = f"/settings/organization/{organization}"

    # Bob starts at the application, Zoë at the identity provider; neither was ever here.
    bobs, zoes = journey.somebody_else(), journey.somebody_else()
    from_the_application(bobs, bob)
    bobs.open(f"{settings}/").sees(company.name)
    from_the_provider(zoes, idp, zoe)
    zoes.open(f"{settings}/").sees(company.name)

    # Mia adds the next certificate before it signs, and takes the old one away after.
    sign_in(journey, company.owner)
    journey.sees(company.name)
    upcoming = tmp_path / "next.pem"
    upcoming.write_text(call("POST", f"{idp.url}/roll?stage=1").json["certificate"])
    journey.open(f"{settings}/security/sso/certificates/add/")
    journey.page.get_by_label("SAML Certificate").first.set_input_files(upcoming)
    journey.fill("Your password", PASSWORD).press("Add certificate").sees("Has not signed yet")
    from_the_application(bobs.somebody_else(), bob)
    call("POST", f"{idp.url}/roll")
    from_the_provider(zoes.somebody_else(), idp, zoe)
    journey.open(f"{settings}/security/sso/").sees_not("Has not signed yet")
    journey.screenshot("certificates")

    # A certificate that nobody added: the person reads a reference, the admin the reason.
    remove_the_newest(journey, f"{settings}/security/sso/")
    refused = journey.somebody_else()
    set_out_from_the_application(refused, bob)
    refused.page.get_by_text(re.compile(r"R-[0-9A-Z]{4}")).first.wait_for()
    refused.screenshot("refused")
    journey.open(f"{settings}/security/sso/log/").sees("signature")


def connect(company: Company, idp: Server, application: Application, folder: Path) -> str:
    """Set everything up by operators' commands: the pages have a journey of their own."""
    manage = application.manage
    certificate = folder / "now.pem"
    certificate.write_text(call("GET", f"{idp.url}/certificate.pem").text)
    made = manage(
        *("create_organization", company.name, "--owner", company.owner),
        *("--plan", "enterprise", "--password-stdin"),
        stdin=f"{PASSWORD}\n",
    )
    organization = str(made["id"])
    record = manage("claim_domain", organization, company.domain, "--verified")
    application.publish(record["txt_name"], record["txt_value"])
    manage(
        *("connect_idp", organization, "--issuer", idp["entity_id"]),
        *("--sign-in-url", idp["sign_in_url"], "--certificate", str(certificate)),
        *("--enable", "--managed"),
    )
    return organization


def set_out_from_the_application(journey: Journey, address: str) -> None:
    journey.open("/sign-in/").fill("Work email", address).press("Continue")
    journey.follow("Continue with single sign-on")
    pick(journey, address)


def from_the_application(journey: Journey, address: str) -> None:
    """Sign in by typing the address here, and end up signed in."""
    set_out_from_the_application(journey, address)
    arrives(journey, address)


def from_the_provider(journey: Journey, idp: Server, address: str) -> None:
    """Sign in from the identity provider's own start page, and end up signed in."""
    journey.open(idp.url)
    pick(journey, address)
    arrives(journey, address)


def pick(journey: Journey, address: str) -> None:
    journey.page.get_by_role("button", name=re.compile(re.escape(address))).first.click()
    if journey.way is Way.NO_SCRIPT:
        journey.press("Continue")


def arrives(journey: Journey, address: str) -> None:
    """Wait for the application's own page, and ask it who this is."""
    journey.page.wait_for_url(
        lambda url: url.startswith(journey.application.url) and "/sso/" not in url
    )
    journey.page.wait_for_load_state()
    me = journey.page.context.request.get("/me").json()
    assert me["email"] == address
    assert all(proof.startswith("saml:") for proof in me["evidence"])


def remove_the_newest(journey: Journey, page: str) -> None:
    """Remove the certificate that signs now: the last of the list."""
    journey.open(page)
    link = journey.page.get_by_role("link", name=re.compile("^Remove [0-9A-F:]+", re.IGNORECASE))
    journey.open(str(link.last.get_attribute("href")))
    journey.fill("Your password", PASSWORD).press("Remove certificate")
    journey.page.wait_for_url(f"**{page}*")
