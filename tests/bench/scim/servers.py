"""A durable PostgreSQL, and the same granian for ours and the peers."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orgsecurity.launcher.postgres import EmbeddedPostgres
from tests.support.services import free_port

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = Path(__file__).with_name("load.lua")
PEERS_OF = ROOT / "requirements" / "bench.txt"
PEERS = ROOT / ".data" / "bench" / "peers"
TOKEN = "bench-token-of-the-peers"
CONNECTIONS = 8
# As the Dockerfile starts it.
GRANIAN = [
    *("--interface", "wsgi", "--host", "127.0.0.1", "--workers", "2", "--blocking-threads", "4"),
    *("--blocking-threads-idle-timeout", "600", "--no-ws", "--respawn-failed-workers"),
    *("--log-level", "error"),
]
PRODUCTION = {
    "DEBUG": "off",
    "BASE_URL": "https://app.bench.example",
    "ALLOWED_HOSTS": "127.0.0.1",
    "REDIS_URL": "redis://127.0.0.1:1",  # nothing here sends a task
    "SECRET_KEY": "bench-only-" + "Wq3rT9yU1oP5aS7dF2gH4jK6lZ8xC0vB" * 2,
    "ENCRYPTION_KEYS": "YmVuY2ggb25seTogdGhpcnR5LXR3byBvY3RldHMuLi4=",
    "TRUSTED_PROXY_COUNT": "1",
    # Every request is counted, as in production, against a limit that none reaches.
    "SCIM_REQUESTS_PER_SECOND": "1000000",
    "DJANGO_SETTINGS_MODULE": "orgsecurity.settings",
}


@dataclass(frozen=True)
class Contestant:
    """One implementation: where its people are and how it is asked."""

    name: str
    url: str
    base: str
    token: str
    id_format: str
    size: int
    domain: str

    def ask(self, path: str) -> Any:
        request = urllib.request.Request(
            self.url + self.base + path,
            headers={"Authorization": f"Bearer {self.token}", "X-Forwarded-Proto": "https"},
        )
        with urllib.request.urlopen(request) as response:
            return json.load(response)


@dataclass(frozen=True)
class Load:
    """What wrk saw."""

    requests_a_second: float
    p50: float
    p99: float


def load(one: Contestant, call: str, *, seconds: int, first: int) -> Load:
    """Call from one thread over kept connections. Raises where an answer was no success."""
    told = subprocess.run(
        _wrk(one, call, seconds, first), check=True, capture_output=True, text=True
    ).stdout
    _judge(one, call, told)
    return Load(
        float(re.search(r"Requests/sec: +([\d.]+)", told)[1]),
        _milliseconds(re.search(r"50% +(\S+)", told)[1]),
        _milliseconds(re.search(r"99% +(\S+)", told)[1]),
    )


def replay(one: Contestant, call: str, *, first: int, most: int) -> float:
    """Make so many calls and no more; returns the seconds they took."""
    began = time.perf_counter()
    wrk = subprocess.Popen(_wrk(one, call, 280, first, most), stdout=subprocess.PIPE, text=True)
    assert wrk.stdout
    told = ""
    while "enough" not in told:
        line = wrk.stdout.readline()
        if not line:
            raise RuntimeError(f"{call} of {one.name} did not come to its end:\n{told}")
        told += line
    taken = time.perf_counter() - began
    wrk.send_signal(signal.SIGINT)  # it would sit out its time
    _judge(one, call, told + wrk.communicate()[0])
    return taken


def _wrk(one: Contestant, call: str, seconds: int, first: int, most: int = 0) -> list[str]:
    given = [call, one.base, one.token, one.id_format, one.size, one.domain, first, most]
    return [
        *("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "--latency"),
        *("-s", str(SCRIPT), one.url, "--", *map(str, given)),
    ]


def _judge(one: Contestant, call: str, told: str) -> None:
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(f"{call} of {one.name} failed:\n{told}")


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)([a-z]+)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


@contextmanager
def database_server() -> Iterator[EmbeddedPostgres]:
    """A cluster that waits for its disk, as production's does; BENCH_CLUSTER names one to keep."""
    with tempfile.TemporaryDirectory(prefix="orgsecurity-bench-") as folder:
        kept = os.environ.get("BENCH_CLUSTER", "")
        cluster = Path(kept or folder) / "pg"
        server = EmbeddedPostgres(
            cluster,
            log=cluster.parent / "postgres.log",
            environment=os.environ,
            settings={"shared_buffers": "512MB", "max_wal_size": "4GB"},
        )
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def serving(application: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Serve a WSGI application as production does, its log into a file nobody reads."""
    port = free_port()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "granian", *GRANIAN, "--port", str(port), application],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
        )
        try:
            _wait(port, process)
            yield f"http://127.0.0.1:{port}"
        except BaseException:
            log.seek(0)
            print(log.read()[-3_000:].decode(), file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait()


def _wait(port: int, process: subprocess.Popen) -> None:
    give_up_at = time.monotonic() + 30
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("granian did not start")


def run(arguments: list[str], environment: Mapping[str, str]) -> str:
    """Run a module of Python to its end; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{arguments[0]} failed:\n{done.stderr[-3_000:]}")
    return done.stdout


def install_peers() -> None:
    """Put the peers into a folder of their own, beside the Django that they share with ours."""
    stamp = PEERS / PEERS_OF.name
    if stamp.exists() and stamp.read_bytes() == PEERS_OF.read_bytes():
        return
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    run(["pip", "install", *options, "--upgrade", "--target", str(PEERS), "-r", str(PEERS_OF)], {})
    stamp.write_bytes(PEERS_OF.read_bytes())


def peer_environment(name: str, database: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": f"tests.bench.scim.{name}.settings",
        "PEER_TOKEN": TOKEN,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{PEERS}",
    }
