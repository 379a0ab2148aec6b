"""Two-factor in a real browser: text messages, recovery codes, change, backup, reset."""

import re
import time

import pytest

from tests.journeys.journey import Journey, by_mouse_and_keyboard, in_every_way
from tests.journeys.people import PASSWORD, sign_in, sign_out, unique
from twofactor import totp

# Steps of 30 s around now, in the order in which codes are taken: three sign-ins without a wait.
EARLIER, NOW, LATER = -1, 0, 1


def code(key: str, step: int = NOW) -> str:
    return totp.code_at(key.replace(" ", ""), time.time() + 30 * step)


def member(journey: Journey) -> tuple[str, str]:
    """Make an organization that requires two-factor, and somebody who signed in there before."""
    word = unique()
    application = journey.application
    ann, carl = f"ann@{word}.example", f"carl@{word}.example"
    org = application.manage(
        "create_organization",
        f"Bright {word}",
        "--owner",
        ann,
        "--password-stdin",
        stdin=f"{PASSWORD}\n",
    )["id"]
    application.manage("add_member", org, carl, "--password-stdin", stdin=f"{PASSWORD}\n")
    sign_in(journey, carl)
    journey.sees(f"Bright {word}")
    anns = journey.somebody_else()
    sign_in(anns, ann)
    anns.sees(f"Bright {word}")
    anns.open(f"/settings/organization/{org}/security/two-factor/").press("Require two-factor")
    anns.fill("Your password", PASSWORD).press("Confirm").is_on("Require two-factor")
    sign_out(journey)
    return org, carl


def set_up_app(journey: Journey) -> str:
    """Go through the set-up with an app; return its key. Uses the code of a step ago."""
    journey.choose("Authentication app").press("Continue")
    journey.page.get_by_text("Can’t scan QR code?").click()
    key = re.search(r"\b(?:[A-Z2-7]{4} ){3,}[A-Z2-7]{1,4}\b", journey.page.content()).group()
    journey.fill("Security code", code(key, EARLIER)).press("Continue")
    journey.sees("Save your recovery codes")
    return key


def codes_shown(journey: Journey) -> list[str]:
    return re.findall(
        r"\b[0-9a-z]{4}-[0-9a-z]{5}-[0-9a-z]{5}\b", journey.page.inner_text("ol.codes")
    )


@pytest.mark.requirement("TFA-7", "TFA-9", "TFA-8")
@in_every_way
def test_carl_sets_up_his_phone_and_later_changes_to_an_app(journey: Journey) -> None:
    _, carl = member(journey)
    number = f"+49151{unique_digits(8)}"

    sign_in(journey, carl)
    journey.choose("SMS").press("Continue")
    journey.choose("Country", "Germany (+49)").fill("Mobile phone number", "030 901820")
    journey.press("Continue").sees("That is not a mobile number")
    journey.fill("Mobile phone number", f"0{number[3:]}").press("Continue")
    journey.sees("Two-factor verification").screenshot("code-sent")
    first = journey.application.message(number).code
    journey.fill("Security code", first).press("Log In").sees("Save your recovery codes")
    journey.choose("I’ve saved these codes").press("Continue").sees("Bright")

    journey.open("/settings/profile/two-factor/").sees(f"umber ending {number[-2:]}")
    journey.screenshot("profile").follow("Change Method").sees("You’ll be logged out")
    journey.press("Log out and go on").is_at("/sign-in/")
    sign_in(journey, carl)
    journey.sees(f"number ending {number[-2:]}")
    second = wait_for_another(journey, number, first)
    journey.fill("Security code", f"{second[:3]} {second[3:]}").press("Log In")
    journey.sees("keeps working until the new one is confirmed").screenshot("change")
    set_up_app(journey)
    journey.choose("I’ve saved these codes").press("Continue").sees("Bright")
    journey.open("/settings/profile/two-factor/").sees("Authentication app")
    journey.sees_not("umber ending")


@pytest.mark.requirement("TFA-6", "TFA-10")
@by_mouse_and_keyboard
def test_carl_loses_his_phone_and_comes_in_by_a_recovery_code(journey: Journey) -> None:
    _, carl = member(journey)
    sign_in(journey, carl)
    set_up_app(journey)
    codes = codes_shown(journey)
    journey.screenshot("recovery-codes")
    with journey.page.expect_download() as download:
        journey.press("Download")
    kept = download.value.path().read_text()
    assert all(each in kept for each in codes)
    journey.press("Continue")
    journey.choose("I’ve saved these codes").press("Continue").sees("Bright")
    sign_out(journey)

    sign_in(journey, carl)
    journey.follow("Need help? Use a recovery code to sign in").screenshot("recovery-code")
    journey.fill("Recovery code", "0000-00000-00000").press("Log In")
    journey.sees("isn’t one of your unused recovery codes").screenshot("recovery-code-wrong")
    journey.fill("Recovery code", codes[0].upper()).press("Log In").sees("Bright")
    journey.open("/settings/profile/two-factor/").sees("9 codes left")


@pytest.mark.requirement("TFA-11", "TFA-12")
@by_mouse_and_keyboard
def test_carl_adds_a_backup_and_his_admin_resets_him(journey: Journey) -> None:
    org, carl = member(journey)
    sign_in(journey, carl)
    set_up_app(journey)
    journey.choose("I’ve saved these codes").press("Continue").sees("Bright")
    journey.open("/settings/profile/two-factor/").follow("Add a backup")
    journey.page.get_by_text("Can’t scan QR code?").click()
    key = re.search(r"\b(?:[A-Z2-7]{4} ){3,}[A-Z2-7]{1,4}\b", journey.page.content()).group()
    journey.fill("Name (optional)", "Tablet").fill("Security code", code(key))
    journey.press("Add the backup")
    journey.sees("The backup method is set up.").sees("Tablet").screenshot("backup")

    ann = carl.replace("carl@", "ann@")
    anns = journey.somebody_else()
    sign_in(anns, ann)
    set_up_app(anns)
    anns.choose("I’ve saved these codes").press("Continue").sees("Bright")
    anns.open(f"/settings/organization/{org}/security/two-factor/").sees("2 of 2 set up")
    anns.screenshot("settings")
    anns.open(f"/settings/organization/{org}/users/").follow(carl)
    reset = anns.page.get_by_role("link", name=re.compile("Reset two-factor")).first
    anns.open(str(reset.get_attribute("href")))
    anns.fill("Reason", "Lost phone").fill("Your password", PASSWORD).press("Reset two-factor")
    anns.sees("will be reset in one hour")
    mail = journey.application.message(carl, "asked to reset your two-factor")
    link = next(link for link in mail.links if "/reset/" in link)
    journey.open(link).press("This wasn’t me: stop it").sees("The reset is stopped")


def unique_digits(count: int) -> str:
    return str(int(unique(), 16))[:count].rjust(count, "1").replace("0", "1")


def wait_for_another(journey: Journey, number: str, old: str) -> str:
    """Return the newest code sent to ``number``, once it is not the old one's message."""
    return journey.application.message(number, after=1).code or old
