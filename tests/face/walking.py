"""A browser over the product, without a server between them.

Each request of the page is answered by Django's test client in this very thread, so the test's
transaction is what the page shows, and nothing needs to be flushed. Headers count as sent: the
Content-Security-Policy is in force.
"""

from __future__ import annotations

import base64
import mimetypes
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from lxml import html

PROJECT = Path(__file__).resolve().parents[2]
SCREENSHOTS = PROJECT / ".artifacts" / "screenshots"
# Each width, and the themes as they take turns: half as many changes as one theme after the other.
LOOKS = {1280: ("dark", "light"), 390: ("light", "dark"), 320: ("dark", "light")}
# axe judges each theme at another width, so that both dresses of a menu are judged.
JUDGED = {(1280, "dark"), (320, "light")}
HEIGHT = 800

# What a font's rendering or a browser's own hints say on the console is no fault of ours.
HARMLESS = ("[DOM] ", "was preloaded using link preload")


class Walker:
    """Goes to addresses in a browser and notes what is wrong there: one tab for all tests."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.client: Client | None = None
        self.context = copy_context()
        self.expected = ""
        self.found = 0
        self.problems: list[str] = []
        self.protocol = page.context.new_cdp_session(page)
        # It is here when a page has been parsed, and needs not be sent to each.
        page.add_init_script(Axe().axe_script)
        page.on("console", self._heard)
        page.on("pageerror", self._failed)
        page.route("**/*", self._answer)

    def enter(self, client: Client) -> None:
        """Begin a test: what the page asks is answered to this client."""
        self.client = client
        self.problems = []

    def leave(self) -> None:
        """End it; what a page would still ask by itself belongs to no other test."""
        if self.page.evaluate("document.querySelector('[hx-trigger]') !== null"):
            self.page.goto("about:blank")
        self.client = None

    def visit(self, path: str, *, status: int = 200, submit: bool = False) -> bool:
        """Open ``path`` and return whether a page is there to be judged.

        Another status is a problem; an address that takes POST alone is neither. ``submit`` sends
        its first form as it stands, which must be refused.
        """
        # Playwright calls back in a context of its own, where Django would open a new connection.
        self.context = copy_context()
        self.expected = f"the server responded with a status of {status} "
        self.found = 0
        self.page.goto(settings.BASE_URL + path)
        if submit and self.found == status:
            self.send_first_form({})
            self._look_for_refusal()
        if self.found not in {status, HTTPStatus.METHOD_NOT_ALLOWED}:
            self.problems.append(f"status {self.found} at {path}")
        return self.found == status

    def send_first_form(self, values: dict[str, str]) -> None:
        """Fill it in and send it: what is answered is the page that is judged."""
        with self.page.expect_navigation():
            self.page.evaluate(
                """(values) => {
                    const form = document.querySelector("main form[method=post]");
                    for (const [name, value] of Object.entries(values))
                        form.elements[name].value = value;
                    form.submit();
                }""",
                values,
            )

    def _look_for_refusal(self) -> None:
        if not self.page.title().startswith("Error: "):
            self.problems.append(f"the title of a refused form is {self.page.title()!r}")
        if self.page.evaluate("document.activeElement.className") != "summary":
            self.problems.append("the summary of what is wrong has no focus")

    def judge(self, name: str) -> None:
        """Look at the page at every width in both themes: axe, sideways scrolling, screenshots."""
        for width, themes in LOOKS.items():
            self.page.set_viewport_size({"width": width, "height": HEIGHT})
            self._look_for_overflow(width)
            self._show_whole(width)
            for theme in themes:
                self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                self._keep(f"{name}-{width}-{theme}")
                if (width, theme) in JUDGED:
                    self._run_axe(theme)

    def _run_axe(self, theme: str) -> None:
        # preload would fetch the stylesheet once more for each page: test_stylesheet.py judges it.
        violations = self.page.evaluate(
            """axe.run(document, {resultTypes: ["violations"], preload: false})
                .then((results) => results.violations)"""
        )
        for violation in violations:
            targets = ", ".join(str(node["target"][0]) for node in violation["nodes"][:3])
            self.problems.append(
                f"axe, {theme}: {violation['help']} ({violation['id']}): {targets}"
            )

    def _look_for_overflow(self, width: int) -> None:
        too_wide = self.page.evaluate(
            """() => document.documentElement.scrollWidth <= innerWidth ? [] :
                [...document.querySelectorAll("body *")]
                    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
                    .slice(0, 3).map((e) => `${e.tagName.toLowerCase()}.${e.className}`)"""
        )
        if too_wide:
            self.problems.append(f"scrolls sideways at {width}: {', '.join(too_wide)}")

    def _show_whole(self, width: int) -> None:
        """Make the window as high as the page, once for both themes: a screenshot then is quick."""
        height = self.page.evaluate("document.documentElement.scrollHeight")
        if height > HEIGHT:
            self.page.set_viewport_size({"width": width, "height": height})

    def _keep(self, name: str) -> None:
        if os.environ.get("SCREENSHOTS", "on") == "off":
            return
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        # Chromium's own: Playwright's waits for frames and fonts, and takes a third longer.
        taken = self.protocol.send(
            "Page.captureScreenshot",
            {
                "format": "jpeg",
                "quality": 60,
                "optimizeForSpeed": True,
            },
        )
        (SCREENSHOTS / f"{name}.jpg").write_bytes(base64.b64decode(taken["data"]))

    def _failed(self, error: Any) -> None:
        self.problems.append(f"script: {error}")

    def _heard(self, message: Any) -> None:
        if message.type not in {"error", "warning"} or message.text.startswith(HARMLESS):
            return
        if self.expected not in message.text:
            self.problems.append(f"console: {message.text}")

    def _answer(self, route: Any) -> None:
        request = route.request
        address = urlsplit(request.url)
        if request.url.startswith(settings.BASE_URL + settings.STATIC_URL):
            # Also after a test: a page asks for its last scripts when it was seen.
            self._answer_static(route, address.path.removeprefix(settings.STATIC_URL))
        elif self.client is None:
            route.abort()
        elif not request.url.startswith(settings.BASE_URL + "/"):
            self.problems.append(f"asks a third party: {request.url}")
            route.abort()
        elif address.path == "/favicon.ico":
            route.fulfill(status=204)
        else:
            try:
                self.context.copy().run(self._answer_by_django, route, request)
            except Exception as error:  # noqa: BLE001  # the page's fault, told with its others
                self.problems.append(f"{type(error).__name__}: {error}")
                route.fulfill(status=500, body="")

    def _answer_static(self, route: Any, name: str) -> None:
        found = static_file(name)
        if found is None:
            self.problems.append(f"no static file {name}")
            route.fulfill(status=404)
            return
        kind, body = found
        route.fulfill(status=200, content_type=kind, body=body)

    def _answer_by_django(self, route: Any, request: Any) -> None:
        address = urlsplit(settings.BASE_URL)
        sent = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in {"cookie", "host", "content-length"}
        }
        assert self.client is not None
        response = self.client.generic(
            request.method,
            request.url.removeprefix(settings.BASE_URL),
            data=request.post_data_buffer or b"",
            content_type=sent.pop("content-type", "application/octet-stream"),
            headers=sent,
            SERVER_NAME=address.hostname,
            SERVER_PORT=str(address.port or 80),
        )
        if request.is_navigation_request():
            self.found = response.status_code
            if "Location" in response:
                self.problems.append(f"leads to {response['Location']}")
            if "Location" in response or not response.getvalue():
                # A route does not see what a redirect leads to; that page has a line of its own.
                route.fulfill(status=200, body="")
                return
        route.fulfill(
            status=response.status_code,
            headers=dict(response.items()),
            body=response.getvalue(),
        )


@cache
def static_file(name: str) -> tuple[str, bytes] | None:
    """Return the type and the bytes of a static file."""
    path = finders.find(name)
    if not path:
        return None
    return mimetypes.guess_type(name)[0] or "application/octet-stream", Path(path).read_bytes()


# ── Translation ──────────────────────────────────────────────────────────────────────────────────

OPEN, CLOSE = "⟦", "⟧"
MARKED = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")
SENTENCE = re.compile(r"[A-Za-z][a-z’']+ [a-z’']+ [a-z’']{2,}")
# Data, and what is the same in every language.
UNTRANSLATED = (
    "//script|//style|//code|//pre|//textarea|//option|//svg|//*[@translate='no']"
    "|//*[contains(concat(' ', @class, ' '), ' mono ')]"
)


@contextmanager
def marked_translations(monkeypatch: Any) -> Iterator[None]:
    """Put brackets around all that passes through gettext."""
    from django.utils.translation import trans_real  # noqa: PLC0415  # patched for a moment only

    def marked(function: Any) -> Any:
        return lambda *args: f"{OPEN}{function(*args)}{CLOSE}"

    with monkeypatch.context() as patch:
        for name in ("gettext", "ngettext", "pgettext", "npgettext"):
            patch.setattr(
                f"django.utils.translation._trans.{name}", marked(getattr(trans_real, name))
            )
        # Words kept of other requests have no brackets, and theirs shall get none.
        for keeper in ("orgsecurity.tags.i18n", "accounts.models.fields"):
            patch.setattr(f"{keeper}.get_language", lambda: OPEN)
        yield


def unmarked_sentences(page: bytes) -> list[str]:
    """Return the runs of three words and more that no translator would ever see."""
    tree = html.fromstring(page)
    for element in tree.xpath(UNTRANSLATED):
        element.drop_tree()
    found = []
    for text in tree.itertext():
        rest = str(text)
        while MARKED.search(rest):
            rest = MARKED.sub("", rest)
        found += SENTENCE.findall(rest)
    return found
