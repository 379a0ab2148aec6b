"""The servers' pages can be used by everybody: by keyboard, without script, in the dark."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.loopback.service_provider import ENTITY_ID, service_provider
from tests.loopback.test_openid_provider import CALLBACK
from tests.servers.launch import Server, running
from tests.servers.openid_provider.endpoints import AUTHORIZE, CLIENT_ID

# The service provider of these pages: nothing listens there, and nothing has to.
NOBODY = "http://127.0.0.1:9/acs"


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Server]]:
    """Every server that has pages."""
    with (
        running("identity_provider", "--sp", f"{ENTITY_ID}={NOBODY}") as first,
        running("second_identity_provider", "--sp", f"{ENTITY_ID}={NOBODY}") as second,
        running("openid_provider") as google,
    ):
        yield {"first": first, "second": second, "google": google}


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """open_page(url, **context): a page in a context of its own, telephone-sized unless told."""
    contexts = []

    def open_page(url: str, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 390, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()


def google_request(server: Server) -> str:
    parameters = {
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": "openid email",
        "response_type": "code",
    }
    return f"{server.url}{AUTHORIZE}?{urlencode(parameters)}"


def sign_in_url(server: Server) -> str:
    return str(service_provider(server, acs=NOBODY).login(return_to="token"))


ADDRESSES = {
    "the first one's start": lambda servers: servers["first"].url,
    "the first one's sign-in": lambda servers: sign_in_url(servers["first"]),
    "the second one's start": lambda servers: servers["second"].url,
    "google's accounts": lambda servers: google_request(servers["google"]),
    "a refusal": lambda servers: f"{servers['first'].url}/sso?SAMLRequest=x",
}


@pytest.mark.journey
@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_has_no_barrier_and_nothing_sideways(servers, open_page, address, colors):
    page = open_page(ADDRESSES[address](servers), color_scheme=colors)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")

    results = Axe().run(page)

    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.journey
@pytest.mark.parametrize("name", ["first", "second"])
def test_a_person_signs_in_by_keyboard_and_without_script(servers, open_page, name):
    page = open_page(sign_in_url(servers[name]), java_script_enabled=False)
    page.get_by_role("button", name="Bob").press("Enter")
    go_on = page.get_by_role("button", name="Continue")

    with page.expect_request(NOBODY) as posted:
        go_on.press("Enter")

    assert "RelayState=token" in posted.value.post_data
    assert "SAMLResponse=" in posted.value.post_data


@pytest.mark.journey
def test_a_person_can_be_added_before_signing_in(servers, open_page):
    page = open_page(sign_in_url(servers["first"]))
    page.get_by_text("Add a person").click()
    page.get_by_label("Email").fill("hugo@corp.example")
    page.get_by_label("First name").fill("Hugo")
    page.get_by_role("button", name="Add person").click()

    with page.expect_request(NOBODY) as posted:
        page.get_by_role("button", name="Hugo").click()

    assert "SAMLResponse=" in posted.value.post_data
