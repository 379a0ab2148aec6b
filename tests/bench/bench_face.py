"""First paint and weight of five pages, beside plain HTML with the same words

Chromium's own trace says when something was painted first, from the start of the navigation, with
nothing cached, in a browser process of its own. The plain page is the text of ours in one <pre>,
sent by the same granian; so the ratio is what layout, styles, scripts and a database cost a reader.
"Of it the server" is what passes from the request to the first byte of ours. Both are asked for by
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
from django.utils.html import escape, strip_tags

from tests.bench.report import Report
from tests.bench.served import CONNECTIONS, answer, served
from tests.factories import MembershipFactory, OrganizationFactory
from tests.support.browser import running_browser
from tests.support.signing_in import sign_in

ROUNDS, TRIES = 7, 3
WARMING = 5 * CONNECTIONS  # requests
HEAVIEST = 100.0  # kB
SLOWEST = 1.5  # times the plain page
PLAIN = "/words/"


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
        plain = Path(folder) / "words.html"
        os.environ["BENCH_WORDS"] = str(plain)
        owners = sign_in(Client(), owner).cookies[settings.SESSION_COOKIE_NAME].value
        with collected_static(Path(folder) / "static"), served() as (port, _process):
            address = f"http://127.0.0.1:{port}"
            for name, path in pages.items():
                session = "" if name == "sign-in" else owners
                plain.write_bytes(words(path, session))
                warm(port, session, path, PLAIN)
                ours, server, floor = paints(browser, address, path, session)
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


def words(path: str, session: str) -> bytes:
    """Return a page's words as plain HTML."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    body = client.get(path).content.decode().split("<body>")[1]
    lines = [line.strip() for line in strip_tags(body).splitlines() if line.strip()]
    text = escape("\n".join(lines))
    return f"<!doctype html><title>Plain</title><pre>{text}</pre>".encode()


def paints(browser: Any, address: str, path: str, session: str) -> tuple[float, float, float]:
    """Return medians, measured in turns: our first paint, its share of the server, the plain's."""
    taken: dict[str, list[tuple[float, float]]] = {path: [], PLAIN: []}
    for number in range(-1, ROUNDS):
        for each, times in taken.items():
            measured = paint(browser, address, each, session)
            if number >= 0:
                times.append(measured)
    ours, server = (statistics.median(column) for column in zip(*taken[path], strict=True))
    return ours, server, statistics.median(first_paint for first_paint, _server in taken[PLAIN])


def paint(browser: Any, address: str, path: str, session: str) -> tuple[float, float]:
    """Return the milliseconds from the start of the navigation to the first paint, and those
    that the server took of them."""
    for _time in range(TRIES):
        with tab(browser, address, session) as page:
            browser.start_tracing(page=page, categories=["loading", "blink.user_timing"])
            page.goto(address + path)
            # A function: a string would be evaluated, which our policy forbids.
            page.wait_for_function("() => performance.getEntriesByName('first-paint').length > 0")
            page.wait_for_timeout(100)  # the trace hears of it last
            server = page.evaluate(
                """() => { const [load] = performance.getEntriesByType("navigation");
                    return load.responseStart - load.requestStart; }"""
            )
            events = json.loads(browser.stop_tracing())["traceEvents"]
        painted = first_paints(events, address)
        if painted:
            return min(painted) / 1000, server
    raise RuntimeError(f"The trace of {path} has no first paint.")


def first_paints(events: list[dict[str, Any]], address: str) -> list[int]:
    """Return the microseconds to each first paint of a trace, from its navigation."""
    began = {
        event["args"]["data"]["navigationId"]: event["ts"]
        for event in events
        if event["name"] == "navigationStart"
        and event["args"]["data"].get("documentLoaderURL", "").startswith(address)
    }
    return [
        event["ts"] - began[event["args"]["data"]["navigationId"]]
        for event in events
        if event["name"] == "firstPaint" and event["args"]["data"]["navigationId"] in began
    ]


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
