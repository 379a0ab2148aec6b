"""A domain's life as its admins meet it: claimed, mistaken, verified, missed, removed."""

import re

import pytest

from tests.journeys.journey import Journey, Way, in_every_way
from tests.journeys.people import PASSWORD, create_organization, sign_up, unique


def claim(journey: Journey, org: str, domain: str) -> str:
    """Claim a domain by the pages, and return the value of its record."""
    journey.open(f"/settings/organization/{org}/security/domains/").follow("Add Domain")
    journey.fill("Your password", PASSWORD).press("Continue").sees("Submit Claim")
    in_dialog = journey.way is not Way.NO_SCRIPT
    assert journey.page.locator("dialog[open]").count() == in_dialog
    assert journey.page.url.endswith("/domains/") == in_dialog
    journey.fill("Domain", f"https://{domain}/").press("Submit Claim")
    journey.sees("That is a web address.")
    journey.fill("Domain", domain.upper()).press("Submit Claim").sees("Pending")
    found = re.search(r"orgsecurity-domain-verify=[0-9a-f]{32}", journey.page.content())
    assert found
    return found.group()


@pytest.mark.requirement("DOM-1", "DOM-3", "DOM-4", "DOM-5", "DOM-6", "DOM-7", "DOM-8", "DOM-9")
@in_every_way
def test_ann_claims_mistakes_verifies_and_removes_a_domain(journey: Journey) -> None:
    application = journey.application
    word = unique()
    domain = f"{word}.example"
    sign_up(journey, f"ann@{domain}")
    org = create_organization(journey, f"Corp {word}", "Growth")

    value = claim(journey, org, domain)
    journey.screenshot("pending")
    application.publish(f"www.{domain}", value)
    journey.press("Check now").sees(f"The record stands at www.{domain} instead of {domain}.")
    journey.screenshot("one-level-off")
    application.publish(domain, value)
    journey.until("The record is there.")
    journey.sees("Verified").screenshot("verified")
    application.message(f"ann@{domain}", f"{domain} is verified")

    other = journey.somebody_else()
    sign_up(other, f"eve@other-{domain}")
    second = claim(other, create_organization(other, f"Other {word}", "Free"), domain)
    application.publish(domain, second)
    other.press("Check now").sees("is verified for another organization here")
    other.sees_not(f"Corp {word}").screenshot("elsewhere")

    application.withdraw(domain, value)
    journey.press("Check now").sees("Record missing").sees("Verified until").screenshot("grace")
    application.message(f"ann@{domain}", f"The record of {domain} is missing")

    journey.open(f"/settings/organization/{org}/security/domains/").follow(domain)
    journey.follow("Remove domain").sees("What stops").screenshot("remove")
    journey.fill("The domain’s name", domain).fill("Your password", PASSWORD)
    journey.press("Remove domain").sees(f"{domain} is removed.")
    other.until("The record is there.").sees("Verified")
