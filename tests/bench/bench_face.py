"""First paint and weight of five pages, beside plain HTML with the same words

Chromium's own trace says when something was painted first, from the start of the navigation, with
nothing cached. The plain page is the text of ours in one <pre>, sent by the same server; so the
ratio is what layout, styles, scripts and a database cost a reader. The weight is all that a first
visit loads: the page as it is sent, styles and scripts compressed as WhiteNoise sends them.
"""

import gzip
import json
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.test import Client, override_settings
from django.utils.html import escape, strip_tags

from tests.bench.report import Report
from tests.factories import MembershipFactory, OrganizationFactory
from tests.support.browser import running_browser
from tests.support.signing_in import sign_in

ROUNDS = 7
HEAVIEST = 100.0  # kB
SLOWEST = 1.5  # times the plain page
PLAIN = "/plain/"
# As in production: files are known from the start, and found without a look at the disk.
PRODUCTION = {
    "ALLOWED_HOSTS": ["127.0.0.1", "testserver"],
    "DEBUG": False,
    "WHITENOISE_AUTOREFRESH": False,
    "WHITENOISE_USE_FINDERS": True,
}


class Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the base
        """Say nothing on the terminal."""


def run(report: Report) -> None:
    organization = OrganizationFactory(name="Acme")
    owner = MembershipFactory(organization=organization, role="owner").user
    for _number in range(25):
        MembershipFactory(organization=organization)
    root = f"/settings/organization/{organization.public_id}/"
    pages = {
        "sign-in": "/sign-in/",
        "overview": root,
        "people, 26": f"{root}users/",
        "single sign-on": f"{root}security/sso/",
        "profile": "/settings/profile/",
    }
    with override_settings(**PRODUCTION), running_browser() as browser:
        owners = sign_in(Client(), owner).cookies[settings.SESSION_COOKIE_NAME].value
        for name, path in pages.items():
            session = "" if name == "sign-in" else owners
            with served() as (address, plain):
                plain.append(words(path, session))
                ours, floor = paints(browser, address, path, session)
                report.add(f"{name}: plain HTML", floor)
                report.add(f"{name}: first paint", ours, floor=floor, at_most=SLOWEST)
                report.add(f"{name}: weight", weight(browser, address, path, session), "kB",
                           at_most=HEAVIEST)  # fmt: skip


@contextmanager
def served() -> Iterator[tuple[str, list[bytes]]]:
    """Serve the product, and the words put into the list as a plain page."""
    product = get_wsgi_application()
    plain: list[bytes] = []

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] != PLAIN:
            return product(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [plain[0]]

    server = ThreadedWSGIServer(("127.0.0.1", 0), Silent)
    server.set_app(application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", plain
    finally:
        server.shutdown()
        server.server_close()


def words(path: str, session: str) -> bytes:
    """Return a page's words as plain HTML."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    body = client.get(path).content.decode().split("<body>")[1]
    lines = [line.strip() for line in strip_tags(body).splitlines() if line.strip()]
    text = escape("\n".join(lines))
    return f"<!doctype html><title>Plain</title><pre>{text}</pre>".encode()


def paints(browser: Any, address: str, path: str, session: str) -> tuple[float, float]:
    """Return the medians of first paints, ours and the plain page's, measured in turns."""
    taken: dict[str, list[float]] = {path: [], PLAIN: []}
    for number in range(-1, ROUNDS):
        for each, times in taken.items():
            first_paint = paint(browser, address, each, session)
            if number >= 0:
                times.append(first_paint)
    return statistics.median(taken[path]), statistics.median(taken[PLAIN])


def paint(browser: Any, address: str, path: str, session: str) -> float:
    """Return the milliseconds from the start of the navigation to the first paint."""
    with tab(browser, address, session) as page:
        browser.start_tracing(page=page, categories=["loading", "blink.user_timing"])
        page.goto(address + path)
        page.wait_for_function("performance.getEntriesByName('first-paint').length > 0")
        page.wait_for_timeout(100)  # the trace hears of it last
        events = json.loads(browser.stop_tracing())["traceEvents"]
    began = {
        event["args"]["data"]["navigationId"]: event["ts"]
        for event in events
        if event["name"] == "navigationStart"
        and event["args"]["data"].get("documentLoaderURL", "").startswith(address)
    }
    painted = [
        event["ts"] - began[event["args"]["data"]["navigationId"]]
        for event in events
        if event["name"] == "firstPaint" and event["args"]["data"]["navigationId"] in began
    ]
    return min(painted) / 1000


def weight(browser: Any, address: str, path: str, session: str) -> float:
    """Return the kB that a first visit loads."""
    with tab(browser, address, session) as page:
        responses: list[Any] = []
        page.on("response", lambda response: responses.append(response))  # noqa: PLW0108  # Playwright marks the function it gets
        page.goto(address + path)
        sizes = [
            len(gzip.compress(response.body())) if "/static/" in response.url
            else len(response.body())
            for response in responses
        ]  # fmt: skip
    return sum(sizes) / 1000


@contextmanager
def tab(browser: Any, address: str, session: str) -> Iterator[Any]:
    """Open a tab of a browser that has seen nothing yet but the sign-in."""
    context = browser.new_context()
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": address}])
    try:
        yield context.new_page()
    finally:
        context.close()
