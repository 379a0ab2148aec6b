"""What the components do under hands: focus, dialogs, codes, copies, without script."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from scim.tokens import issue_token
from sso.models import Connection
from tests.face import states
from tests.face.conftest import World
from tests.face.walking import Walker
from tests.factories import PASSWORD

pytestmark = [pytest.mark.journey, pytest.mark.django_db]

FOCUSED = "document.activeElement.id || document.activeElement.className"


@pytest.fixture
def two_factor(world: World, client: Any, sign_in: Any, walker: Walker) -> Any:
    """The page of a switch, open in a browser."""
    sign_in(client, world.ann)
    walker.visit(reverse("twofactor:settings", args=[world.organization.public_id]))
    walker.page.set_viewport_size({"width": 1280, "height": 800})
    return walker.page


@pytest.fixture
def components(settings: Any, walker: Walker) -> Any:
    settings.DEBUG = True
    assert walker.visit("/dev/components/"), walker.problems
    walker.page.set_viewport_size({"width": 1280, "height": 800})
    return walker.page


def switch(page: Any) -> Any:
    return page.get_by_role("switch").first


def opened_dialog(page: Any) -> Any:
    switch(page).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] #confirm-heading")
    return page.locator("dialog[open]")


@pytest.mark.requirement("SET-5")
@pytest.mark.parametrize("way_out", ["Escape", "Cancel"])
def test_a_switch_opens_its_dialog_and_gets_the_focus_back(two_factor, way_out):
    before = two_factor.url
    dialog = opened_dialog(two_factor)
    assert two_factor.evaluate(FOCUSED) == "confirm-heading"

    if way_out == "Escape":
        two_factor.keyboard.press("Escape")
    else:
        dialog.get_by_role("link", name="Cancel").press("Enter")

    two_factor.wait_for_selector("dialog:not([open])", state="attached")
    assert two_factor.evaluate("document.activeElement.getAttribute('role')") == "switch"
    assert two_factor.url == before


@pytest.mark.requirement("TFA-1")
def test_a_wrong_password_is_told_inside_the_dialog_and_changes_nothing(two_factor, world):
    dialog = opened_dialog(two_factor)

    dialog.get_by_label("password", exact=False).first.fill("not the password")
    two_factor.keyboard.press("Enter")

    two_factor.wait_for_selector("dialog[open] .summary")
    expect(two_factor.locator("dialog[open] .summary")).to_be_focused()
    world.organization.policy.refresh_from_db()
    assert not world.organization.policy.two_factor_required


@pytest.mark.requirement("TFA-1")
def test_the_right_password_leads_back_to_a_page_that_says_what_is_now_true(
    two_factor, world, walker
):
    dialog = opened_dialog(two_factor)

    dialog.get_by_label("password", exact=False).first.fill(PASSWORD)
    two_factor.keyboard.press("Enter")

    two_factor.wait_for_selector("[role=status].banner")
    assert switch(two_factor).get_attribute("aria-checked") == "true"
    assert "banner" in two_factor.evaluate(FOCUSED)
    world.organization.policy.refresh_from_db()
    assert world.organization.policy.two_factor_required


@pytest.fixture
def slow(two_factor: Any) -> Iterator[Any]:
    """The same page, whose htmx stays on its way: `slow.asked` are the requests for it."""
    asked: list[Any] = []
    two_factor.route("**/htmx-2.min.js", lambda route: asked.append(route))  # noqa: PLW0108  # Playwright marks the function it gets
    with two_factor.expect_request("**/htmx-2.min.js"):
        two_factor.reload()
    yield SimpleNamespace(page=two_factor, asked=asked)
    two_factor.unroute("**/htmx-2.min.js")


def test_a_switch_pressed_before_its_script_is_there_opens_the_dialog_when_it_is(slow):
    before = slow.page.url
    switch(slow.page).click()
    assert slow.page.locator("dialog[open]").count() == 0

    slow.asked.pop().fallback()

    slow.page.wait_for_selector("dialog[open] #confirm-heading")
    assert slow.page.url == before


def test_where_the_script_of_dialogs_cannot_be_had_a_switch_leads_to_its_page(slow):
    switch(slow.page).click()

    slow.asked.pop().abort()

    slow.page.wait_for_selector("main #confirm-heading")
    assert slow.page.locator("dialog[open]").count() == 0


def test_the_first_stop_of_the_keyboard_skips_to_the_content(two_factor):
    two_factor.keyboard.press("Tab")
    assert two_factor.evaluate("document.activeElement.textContent") == "Skip to content"

    two_factor.keyboard.press("Enter")

    assert two_factor.evaluate(FOCUSED) == "main"


def test_the_name_menu_opens_by_keyboard_and_escape_closes_it(two_factor):
    button = two_factor.locator("summary.dropdown__button")
    button.press("Enter")
    assert two_factor.get_by_role("link", name="Your profile").is_visible()

    two_factor.keyboard.press("Tab")
    two_factor.keyboard.press("Escape")

    assert not two_factor.get_by_role("link", name="Your profile").is_visible()
    assert "dropdown__button" in two_factor.evaluate(FOCUSED)


def test_a_copied_value_is_told_politely(components):
    components.context.grant_permissions(["clipboard-read", "clipboard-write"])
    components.locator("[data-copy-button]").first.click()

    expect(components.locator("#announcer")).to_have_text("Copied")
    copied = components.evaluate("navigator.clipboard.readText()")
    assert copied == "https://app.acme.example/security/sso/v2/authorize/"


def test_what_a_late_script_shows_moves_nothing(components):
    held: list[Any] = []
    components.route("**/face.js", lambda route: held.append(route))  # noqa: PLW0108  # Playwright marks the function it gets
    components.reload(wait_until="domcontentloaded")
    button = components.locator("[data-copy-button]").first
    expect(button).to_be_hidden()
    places = (
        "() => [...document.querySelectorAll('section')].map((e) => e.getBoundingClientRect().top)"
    )
    before = components.evaluate(places)

    held.pop().fallback()

    expect(button).to_be_visible()
    assert components.evaluate(places) == before
    components.unroute("**/face.js")


@pytest.mark.parametrize(
    ("pasted", "kept"), [("123 456", "123456"), ("Your code: 123456.", "123456"), ("abc", "")]
)
def test_a_pasted_code_keeps_its_digits(components, pasted, kept):
    code = components.locator("#id_code")
    code.focus()

    components.evaluate(
        """(text) => { const data = new DataTransfer(); data.setData("text", text);
            document.activeElement.dispatchEvent(new ClipboardEvent("paste",
                { clipboardData: data, bubbles: true, cancelable: true })); }""",
        pasted,
    )

    assert code.input_value() == kept


def test_a_code_can_be_filled_in_by_phones_and_is_never_cut(components):
    code = components.locator("#id_code")

    assert code.get_attribute("inputmode") == "numeric"
    assert code.get_attribute("autocomplete") == "one-time-code"
    assert code.get_attribute("maxlength") is None


def test_a_password_is_shown_and_hidden_by_a_button_that_says_which(components):
    password = components.locator("#id_password")
    button = components.locator("[data-reveal]").first.get_by_role("button", name="Show password")

    button.click()
    assert (password.get_attribute("type"), button.get_attribute("aria-pressed")) == (
        "text",
        "true",
    )

    button.click()
    assert (password.get_attribute("type"), button.get_attribute("aria-pressed")) == (
        "password",
        "false",
    )


def test_nothing_moves_where_motion_is_not_wanted(components):
    components.emulate_media(reduced_motion="reduce")

    moving = components.evaluate(
        """() => [...document.querySelectorAll("*")].filter((e) =>
            parseFloat(getComputedStyle(e).transitionDuration) > 0).length"""
    )

    assert moving == 0


def test_a_switch_shows_its_state_in_forced_colours(components):
    components.emulate_media(forced_colors="active")

    tracks = components.evaluate(
        """() => [...document.querySelectorAll(".switch__track")].map((track) => {
            const style = getComputedStyle(track);
            return [style.borderTopStyle, style.justifyContent]; })"""
    )
    components.emulate_media(forced_colors="none")

    assert {border for border, _side in tracks} == {"solid"}
    assert {side for _border, side in tracks} == {"normal", "flex-end"}


def come_back_to(page: Any) -> None:
    page.wait_for_function("() => window.htmx !== undefined")  # it comes after the first paint
    page.evaluate("window.dispatchEvent(new Event('focus'))")


@pytest.mark.requirement("SSO-10")
def test_a_test_in_another_tab_ticks_itself_off_here(world, client, sign_in, walker):
    sign_in(client, world.ann)
    states.connected(world, client)
    walker.visit(reverse("sso:settings", args=[world.organization.public_id]))
    ready = walker.page.locator("#ready")
    expect(ready).to_contain_text("The connection was not tested yet.")

    Connection.objects.update(test_passed_at=timezone.now())
    come_back_to(walker.page)

    expect(ready).to_contain_text("Test passed")
    expect(walker.page.locator("#test-state")).to_contain_text("Passed")
    expect(walker.page.locator("#announcer")).to_have_text("The test passed.")
    assert not walker.problems


@pytest.mark.requirement("SCIM-11")
def test_the_first_call_of_a_provider_is_seen_without_a_reload(world, client, sign_in, walker):
    sign_in(client, world.ann)
    issue_token(world.organization, actor=states.SYSTEM)
    walker.visit(reverse("scim:settings", args=[world.organization.public_id]))
    expect(walker.page.locator("#connection-title")).to_contain_text("Waiting for the first call")

    states.called(world, client)
    come_back_to(walker.page)

    expect(walker.page.locator("#connection-title")).to_contain_text("Last call from Okta")
    expect(walker.page.locator("#latest-requests")).to_contain_text("2 sessions ended")
    expect(walker.page.locator("#announcer")).to_have_text("Last call from Okta")
    assert not walker.problems


def test_no_style_locks_the_screen_to_one_orientation(components):
    # All pages have the one stylesheet, so one of them answers for all.
    found = components.evaluate(
        "axe.run({runOnly: ['css-orientation-lock']}).then((r) => [r.passes, r.violations])"
    )

    assert [len(rules) for rules in found] == [1, 0]


@pytest.fixture
def scriptless(browser: Any, client: Any) -> Any:
    context = browser.new_context(java_script_enabled=False)
    walker = Walker(context.new_page())
    walker.enter(client)
    yield walker
    context.close()


@pytest.mark.requirement("SET-5")
def test_a_switch_works_without_script(scriptless, world, client, sign_in):
    sign_in(client, world.ann)
    scriptless.visit(reverse("twofactor:settings", args=[world.organization.public_id]))

    switch(scriptless.page).click()

    assert scriptless.page.get_by_role("heading", level=1).inner_text().startswith("Require")
    assert scriptless.page.locator("[data-copy-button]:visible, .field__reveal").count() == 0


def test_every_page_carries_the_headers_of_security(client):
    headers = client.get("/sign-in/").headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "nonce-" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert settings.SECURE_HSTS_SECONDS == 0  # DEBUG; tests/production has the rest
