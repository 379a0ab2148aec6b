"""What journeys have in common: people sign up and in, and found organizations."""

import re
import uuid

from tests.journeys.journey import Journey

PASSWORD = "a phrase that nobody else uses"


def unique() -> str:
    """A word for names and domains of this journey alone: the application is shared."""
    return uuid.uuid4().hex[:8]


def sign_up(journey: Journey, address: str, *, lands_on: str = "Your organizations") -> None:
    journey.open("/sign-up/").fill("Work email", address).fill("Password", PASSWORD)
    journey.press("Sign up").sees("We sent a link and a code")
    [link] = [u for u in journey.application.message(address, "Verify").links if "code=" in u]
    journey.open(link).press("Verify").sees(lands_on)


def sign_in(journey: Journey, address: str) -> None:
    journey.open("/sign-in/").fill("Work email", address).press("Continue")
    journey.fill("Password", PASSWORD).press("Sign in")


def sign_out(journey: Journey) -> None:
    journey.page.context.clear_cookies()


def create_organization(journey: Journey, name: str, plan: str) -> str:
    journey.open("/organizations/new/").fill("Organization name", name).choose("Plan", plan)
    journey.press("Create organization").sees(f"{name} is ready.")
    return re.search(r"/organization/(org_\w+)/", journey.page.url).group(1)
