"""Pages as granian serves them, two workers of four threads, 16 kept connections

The plain page is what Django alone does for a signed-in page, with no middleware but those two:
session, user, the membership by one join, and 6 kB of a template. In turns with it, settings pages,
the last of them with a list of people in it; then one answer while 32 requests hang half sent.
"""

import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.bench.bare import bare_session
from tests.bench.report import Report
from tests.factories import MembershipFactory, OrganizationFactory
from tests.support.services import free_port
from tests.support.signing_in import sign_in

ROUNDS, SECONDS = 5, 4
CONNECTIONS, HANGING = 16, 32
# As the Dockerfile starts it.
GRANIAN = [
    *("--interface", "wsgi", "--host", "127.0.0.1", "--workers", "2", "--blocking-threads", "4"),
    *("--blocking-threads-idle-timeout", "600", "--no-ws", "--log-level", "error"),
]
PRODUCT = ("orgsecurity.server", "orgsecurity.wsgi:application")
BARE = ("granian", "tests.bench.bare_wsgi:application")
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def run(report: Report) -> None:
    organization = OrganizationFactory()
    owner = MembershipFactory(organization=organization, role="owner")
    for _number in range(20):
        MembershipFactory(organization=organization)
    session = sign_in(Client(), owner.user).cookies[settings.SESSION_COOKIE_NAME].value
    cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
    bare_cookie = f"{settings.SESSION_COOKIE_NAME}={bare_session(owner.user)}"
    plain = f"/plain/{organization.public_id}/"
    pages = {
        "overview": reverse("organizations:overview", args=[organization.public_id]),
        "plan": reverse("organizations:plan", args=[organization.public_id]),
        "two-factor, 21 people": reverse("twofactor:settings", args=[organization.public_id]),
    }
    with served() as (port, process), served(BARE) as (bare_port, _bare):
        for name, page in pages.items():
            floor, ours = in_rounds((bare_port, bare_cookie, plain), (port, cookie, page))
            report.add(f"plain page, beside {name}", floor[0], "a second")
            asked = None if "people" in name else 0.8
            report.add(f"settings: {name}", ours[0], "a second", floor=floor[0], at_least=asked)
            report.add(f"settings: {name}, p50", ours[1])
            report.add(f"settings: {name}, p99", ours[2], floor=ours[1], at_most=2.5)
        with hanging(port, page):
            slow = max([answer(port, cookie, page) for _number in range(25)][5:])
        report.add(f"slowest of 20 behind {HANGING} half-sent", slow, at_most=100)
        report.add("memory of two workers and their parent", memory(process), "MiB", at_most=150)


@contextmanager
def served(program: tuple[str, str] = PRODUCT) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """Serve the product, or the plain page, as production does."""
    port = free_port()
    module, application = program
    process = subprocess.Popen(
        [sys.executable, "-m", module, *GRANIAN, "--port", str(port), application],
        env={**os.environ, "BENCH_SERVED": "1", "LOG_LEVEL": "INFO"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        give_up_at = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < give_up_at, process.poll()
                time.sleep(0.1)
        yield port, process
    finally:
        process.terminate()
        process.wait(10)


def in_rounds(*pages: tuple[int, str, str]) -> list[tuple[float, float, float]]:
    """Return for each page (port, cookie, path) the medians of requests a second, p50 and p99,
    loaded in turns."""
    taken: dict[tuple[int, str, str], list[tuple[float, float, float]]] = {
        page: [] for page in pages
    }
    for number in range(-1, ROUNDS):
        for page, measured in taken.items():
            found = load(*page)
            if number >= 0:
                measured.append(found)
    return [
        tuple(statistics.median(column) for column in zip(*measured, strict=True))
        for measured in taken.values()
    ]


def load(port: int, cookie: str, page: str) -> tuple[float, float, float]:
    """Let wrk ask for a page; returns requests a second, p50 and p99 in milliseconds."""
    told = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "--timeout", "10s",
         "-H", f"Cookie: {cookie}", f"http://127.0.0.1:{port}{page}"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(f"{page} failed:\n{told}")
    rate = re.search(r"Requests/sec: +([\d.]+)", told)
    shares = dict(re.findall(r"(50|99)% +(\S+)", told))
    assert rate is not None
    return float(rate[1]), milliseconds(shares["50"]), milliseconds(shares["99"])


def milliseconds(text: str) -> float:
    number = text.rstrip("mus")
    return float(number) * UNITS[text.removeprefix(number)]


@contextmanager
def hanging(port: int, page: str) -> Iterator[None]:
    """Keep requests open that end in the middle of a header."""
    sockets = [socket.create_connection(("127.0.0.1", port)) for _number in range(HANGING)]
    for each in sockets:
        each.sendall(f"POST {page} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le".encode())
    try:
        yield
    finally:
        for each in sockets:
            each.close()


def answer(port: int, cookie: str, page: str) -> float:
    """Ask once over a connection of its own; returns the milliseconds it took."""
    asked = (
        f"GET {page} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
    )
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(asked.encode())
        got = b"".join(iter(lambda: connection.recv(65536), b""))
    assert got.startswith(b"HTTP/1.1 200"), got[:200]
    return (time.perf_counter() - begun) * 1000


def memory(process: "subprocess.Popen[bytes]") -> float:
    """Return the MiB that the server holds, what its processes share counted once."""
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], check=True, capture_output=True, text=True
    ).stdout.split()
    held = [
        Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
        for pid in (process.pid, *children)
    ]
    return sum(int(re.findall(r"^Pss: +(\d+)", text, re.MULTILINE)[0]) for text in held) / 1024
