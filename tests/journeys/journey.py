"""Somebody at a browser: acts by label, button and link, in one of three ways."""

from enum import Enum
from pathlib import Path
from typing import Any, Self

import pytest
from playwright.sync_api import expect

from tests.journeys.application import Application

PATIENCE_MILLISECONDS = 15_000
MOST_TABS = 150  # far more than any page has stops


class Way(Enum):
    """By which means the page is used."""

    MOUSE = "mouse"
    KEYBOARD = "keyboard only"
    NO_SCRIPT = "without script"


in_every_way = pytest.mark.parametrize("journey", list(Way), indirect=True, ids=lambda w: w.value)
by_mouse_and_keyboard = pytest.mark.parametrize(
    "journey", [Way.MOUSE, Way.KEYBOARD], indirect=True, ids=lambda w: w.value
)


class Journey:
    """One person's browser window.

    `page` is Playwright's own, for what has no word here. Errors on the console fail the journey at
    its end, broken Content-Security-Policy included.
    """

    def __init__(
        self, browser: Any, application: Application, way: Way, *, screenshots: Path
    ) -> None:
        self._browser = browser
        self.application = application
        self.way = way
        self._screenshots = screenshots
        self._context = browser.new_context(
            java_script_enabled=way is not Way.NO_SCRIPT,
            viewport={"width": 1280, "height": 900},
            base_url=application.url,
        )
        self._context.set_default_timeout(PATIENCE_MILLISECONDS)
        self.page = self._context.new_page()
        self.problems: list[str] = []
        self._others: list[Journey] = []
        self._context.on("console", self._heard)
        self._context.on("weberror", lambda error: self.problems.append(str(error.error)))

    # ── Going and acting ─────────────────────────────────────────────────────────────────────────

    def open(self, address: str) -> Self:
        """Type an address: a path of the application, or a whole URL from a mail."""
        self.page.goto(address)
        return self

    def follow(self, name: str) -> Self:
        """Follow the link that is called so."""
        self._activate(self._scope.get_by_role("link", name=name, exact=True).first, "Enter")
        return self

    def press(self, name: str) -> Self:
        """Press the button that is called so, or flip such a switch."""
        scope = self._scope
        button = scope.get_by_role("button", name=name, exact=True)
        switch = scope.get_by_role("switch", name=name, exact=True)
        self._activate(button.or_(switch).first, "Enter")
        return self

    def fill(self, label: str, text: str) -> Self:
        """Write into the field with this label, in place of what is there."""
        field = self._field(label)
        if self.way is Way.KEYBOARD:
            self._tab_to(field)
            self.page.keyboard.press("ControlOrMeta+a")
            self.page.keyboard.type(text)
        else:
            field.fill(text)
        return self

    def choose(self, label: str, option: str = "") -> Self:
        """Choose a radio button or tick a box by its label, or an option of a list."""
        field = self._field(label)
        if option:
            self._choose_option(field, option)
        elif self.way is Way.KEYBOARD:
            self._check_by_keys(field)
        else:
            field.check()
        return self

    def attach(self, label: str, path: Path) -> Self:
        """Choose a file; its dialog is the system's, in every way."""
        self._field(label).set_input_files(path)
        return self

    # ── Looking ──────────────────────────────────────────────────────────────────────────────────

    def sees(self, text: str) -> Self:
        shown = self.page.get_by_text(text).filter(visible=True)
        expect(shown.first).to_be_visible(timeout=PATIENCE_MILLISECONDS)
        return self

    def sees_not(self, text: str) -> Self:
        expect(self.page.get_by_text(text)).to_have_count(0, timeout=PATIENCE_MILLISECONDS)
        return self

    def is_on(self, name: str) -> Self:
        """Wait until the switch of this name says that it is on."""
        switch = self.page.get_by_role("switch", name=name, exact=True, checked=True)
        expect(switch).to_be_visible(timeout=PATIENCE_MILLISECONDS)
        return self

    def is_at(self, path: str) -> Self:
        """Wait until the address is this path of the application, whatever follows `?`."""
        self.page.wait_for_url(lambda url: url.split("?")[0] == f"{self.application.url}{path}")
        return self

    def value_of(self, label: str) -> str:
        return str(self._field(label).input_value()).strip()

    def until(self, text: str, *, seconds: float = 60) -> Self:
        """Load the page again and again until it says so: what a worker does, takes a moment."""
        for _ in range(int(seconds)):
            if self.page.get_by_text(text).filter(visible=True).count():
                break
            self.page.wait_for_timeout(1000)
            self.page.reload()
        return self.sees(text)

    def screenshot(self, name: str) -> Self:
        self._screenshots.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self._screenshots / f"{name}.png", full_page=True)
        return self

    # ── Other people ─────────────────────────────────────────────────────────────────────────────

    def somebody_else(self) -> "Journey":
        """Return another person's browser, of the same way."""
        other = Journey(
            self._browser, self.application, self.way, screenshots=self._screenshots / "other"
        )
        self._others.append(other)
        return other

    def end(self) -> None:
        for journey in (self, *self._others):
            journey._context.close()
        problems = [problem for journey in (self, *self._others) for problem in journey.problems]
        assert not problems, "\n".join(problems)

    @property
    def _scope(self) -> Any:
        """The open dialog, beside which nothing can be reached; else the page."""
        dialog = self.page.locator("dialog[open]")
        return dialog if dialog.count() else self.page

    # ── Hands ────────────────────────────────────────────────────────────────────────────────────

    def _field(self, label: str) -> Any:
        fields = self.page.locator("input:not([type=hidden]), select, textarea")
        return self.page.get_by_label(label, exact=True).and_(fields).first

    def _activate(self, target: Any, key: str) -> None:
        if self.way is Way.KEYBOARD:
            self._tab_to(target)
            self.page.keyboard.press(key)
        else:
            target.click()

    def _tab_to(self, target: Any) -> None:
        """Press Tab until the target has the focus: what can't be reached so, can't be used."""
        target.wait_for()
        is_focused = "element => element === document.activeElement"
        for _ in range(MOST_TABS):
            if target.evaluate(is_focused):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never reaches {target}")

    def _choose_option(self, field: Any, option: str) -> None:
        if self.way is not Way.KEYBOARD:
            field.select_option(label=option)
            return
        self._tab_to(field)
        self.page.keyboard.type(option)

    def _check_by_keys(self, field: Any) -> None:
        if field.get_attribute("type") != "radio":
            self._tab_to(field)
            if not field.is_checked():
                self.page.keyboard.press("Space")
            return
        # Tab stops once at a group of radio buttons; arrows go through it.
        group = self.page.locator(f'input[type=radio][name="{field.get_attribute("name")}"]')
        checked = group.and_(self.page.locator(":checked"))
        self._tab_to(checked if checked.count() else group.first)
        for _ in range(group.count()):
            if field.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        if not field.is_checked():
            self.page.keyboard.press("Space")

    def _heard(self, message: Any) -> None:
        # A page that answers 4xx on purpose is no mistake of the page.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.problems.append(f"console: {message.text} ({self.page.url})")
