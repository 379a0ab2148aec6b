"""First paint and weight of five pages, beside plain HTML with the same words

Chromium's own trace says when something was painted first, from the start of the navigation, with
nothing cached, in a browser process of its own. The plain page is our document as somebody would
write it without a design: its headings, lists, tables, links and fields, no class, box, icon, style
or script. The same granian sends it; so the ratio is what styles, scripts and a database cost a
reader. The same words in one <pre>, which is text rather than HTML, stand beside both.
"Of it the server" is what passes from the request to the first byte of ours. All are asked for by
many at once before: each thread of each worker has its connection, and has read its templates.
Static files are collected and compressed, as in production. The weight is all that a first visit
loads, what comes after the first paint included: styles and scripts compressed, the page as it is.
"""

import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils.html import escape
from lxml import html

from tests.bench.report import Report
from tests.bench.served import CONNECTIONS, answer, served
from tests.factories import MembershipFactory, OrganizationFactory
from tests.support.browser import running_browser
from tests.support.signing_in import sign_in

ROUNDS = 11
SETTLING = 200  # ms
WARMING = 5 * CONNECTIONS  # requests
HEAVIEST = 100.0  # kB
SLOWEST = 1.5  # times the plain page
PLAIN, TEXT = "/bare/plain.html", "/bare/text.html"
# What plain HTML is without: it dresses, draws, or moves.
DRESS = ("svg", "script", "link", "meta", "dialog")
BOXES = ("div", "span")
MEANING = {"href", "action", "method", "type", "name", "value", "for", "id", "scope", "selected"}


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
    with tempfile.TemporaryDirectory() as folder, running_browser() as browser:
        os.environ["BENCH_BARE"] = folder
        owners = sign_in(Client(), owner).cookies[settings.SESSION_COOKIE_NAME].value
        with collected_static(Path(folder) / "static"), served() as (port, _process):
            address = f"http://127.0.0.1:{port}"
            for name, path in pages.items():
                session = "" if name == "sign-in" else owners
                for bare, body in bare_pages(path, session).items():
                    (Path(folder) / Path(bare).name).write_text(body)
                warm(port, session, path, PLAIN, TEXT)
                taken = paints(browser, address, session, path, PLAIN, TEXT)
                (ours, server), (floor, _), (text, _) = taken
                report.add(f"{name}: text alone", text)
                report.add(f"{name}: plain HTML", floor)
                report.add(f"{name}: first paint", ours, floor=floor, at_most=SLOWEST)
                report.add(f"{name}: of it the server", server)
                report.add(f"{name}: weight", weight(browser, address, path, session), "kB",
                           at_most=HEAVIEST)  # fmt: skip


@contextmanager
def collected_static(folder: Path) -> Iterator[None]:
    """Collect, hash and compress the static files, which is how they are then served."""
    os.environ["BENCH_STATIC"] = str(folder)
    try:
        subprocess.run(
            [sys.executable, "-m", "django", "collectstatic", "--noinput", "--verbosity=0"],
            check=True,
            env={**os.environ, "BENCH_SERVED": "1"},
        )
        yield
    finally:
        del os.environ["BENCH_STATIC"]


def warm(port: int, session: str, *pages: str) -> None:
    """Let each thread of each worker answer: it connects, reads templates, prepares statements."""
    cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for page in pages:
            list(pool.map(answer, repeat(port), repeat(cookie), [page] * WARMING))


def bare_pages(path: str, session: str) -> dict[str, str]:
    """Return a page's words as plain HTML and as text alone, by the paths that serve them."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    body: Any = html.document_fromstring(client.get(path).content).find("body")
    for element in list(body.iterdescendants()):
        if not isinstance(element.tag, str) or element.tag in DRESS:
            element.drop_tree()
        elif element.tag in BOXES:
            element.drop_tag()
        else:
            for name in set(element.attrib) - MEANING:
                del element.attrib[name]
    lines = [line.strip() for line in body.text_content().splitlines() if line.strip()]
    text = "\n".join(lines)
    return {
        PLAIN: f"<!doctype html><title>Plain</title>{html.tostring(body, encoding='unicode')}",
        TEXT: f"<!doctype html><title>Plain</title><pre>{escape(text)}</pre>",
    }


def paints(browser: Any, address: str, session: str, *paths: str) -> list[tuple[float, float]]:
    """Return for each page, as medians of visits in turns, the milliseconds from the start of the
    navigation to the first paint, and those that the server took of them.
    """
    waits: dict[str, list[float]] = {path: [] for path in paths}
    browser.start_tracing(categories=["loading", "blink.user_timing"])
    for number in range(-1, ROUNDS):
        for path, taken in waits.items():
            server = visit(browser, address, path, session)
            if number >= 0:
                taken.append(server)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    return [
        (
            # The first visit is to warm up.
            statistics.median(first_paints(events, address + path)[1:]) / 1000,
            statistics.median(waits[path]),
        )
        for path in paths
    ]


def visit(browser: Any, address: str, path: str, session: str) -> float:
    """Open a page in a new tab, and return the milliseconds that the server took."""
    with tab(browser, address, session) as page:
        # Nobody opens a page in the moment in which the browser makes a tab; and what asks the
        # page something before it is painted delays it.
        page.wait_for_timeout(SETTLING)
        page.goto(address + path)
        page.wait_for_timeout(SETTLING)
        waited: float = page.evaluate(
            """() => { const [load] = performance.getEntriesByType("navigation");
                return load.responseStart - load.requestStart; }"""
        )
    return waited


def first_paints(events: list[dict[str, Any]], address: str) -> list[int]:
    """Return the microseconds from each navigation to an address to its first paint, in order."""
    began: list[tuple[int, str]] = []
    painted: dict[str, int] = {}
    for event in sorted(events, key=lambda event: event["ts"]):
        if event["name"] == "navigationStart":
            data = event["args"]["data"]
            if data.get("documentLoaderURL") == address:
                began.append((event["ts"], data["navigationId"]))
        elif event["name"] == "firstPaint":
            painted.setdefault(event["args"]["data"]["navigationId"], event["ts"])
    return [painted[navigation] - start for start, navigation in began if navigation in painted]


def weight(browser: Any, address: str, path: str, session: str) -> float:
    """Return the kB that a first visit loads."""
    with tab(browser, address, session) as page:
        responses: list[Any] = []
        page.on("response", lambda response: responses.append(response))  # noqa: PLW0108  # Playwright marks the function it gets
        page.goto(address + path, wait_until="networkidle")
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
