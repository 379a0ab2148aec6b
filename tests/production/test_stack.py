"""Web, worker and beat with production settings, on a real Redis and a real mail server."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orgsecurity.launcher.processes import Program, stop
from tests.production.environment import production
from tests.production.smtp import MailServer, running_mail_server
from tests.support.database import PROJECT
from tests.support.services import free_port, start_redis

HOST = "app.acme.example"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]


class Stack:
    """What docker-compose.yml runs, as processes."""

    def __init__(self, folder: Path, database: str, redis_port: int, mail: MailServer) -> None:
        self.folder = folder
        self.port, self.metrics_port = free_port(), free_port()
        self.mail = mail
        self.environment = {
            "PATH": os.environ["PATH"],
            **production(
                DATABASE_URL=database,
                REDIS_URL=f"redis://127.0.0.1:{redis_port}/0",
                EMAIL_URL=mail.url,
                DATA_DIR=str(folder),
                STATIC_ROOT=str(folder / "static"),
                TRUSTED_PROXY_COUNT="1",
                WORKER_METRICS_PORT=str(self.metrics_port),
            ),
        }
        self.redis_port = redis_port
        # Before the web starts, as in the Dockerfile: it reads the manifest once.
        self.manage("collectstatic", "--noinput", "--verbosity=0")
        self.redis = start_redis(folder, redis_port)
        server = ["orgsecurity.server", "--interface", "wsgi", "--workers", "1"]
        celery = ["celery", "--app=orgsecurity"]
        self.web = self._start(
            "web", [*server, "--port", str(self.port), "orgsecurity.wsgi:application"]
        )
        self.worker = self._start(
            "worker", [*celery, "worker", "--pool=threads", "--concurrency=2"]
        )
        self.beat = self._start("beat", [*celery, "beat", f"--schedule={folder}/schedule"])

    def _start(self, name: str, command: list[str]) -> Program:
        program = Program(
            name,
            [sys.executable, "-m", *command],
            log=self.folder / f"{name}.log",
            environment=self.environment,
            folder=PROJECT,
        )
        program.start()
        return program

    def manage(self, *arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout or "{}")
        return answer

    def get(self, path: str, *, tls: bool = True) -> Answer:
        """Ask as the proxy does."""
        scheme = {"X-Forwarded-Proto": "https"} if tls else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Host": HOST, **scheme})
            with connection.getresponse() as response:
                return Answer(response.status, dict(response.getheaders()))

    def status(self, path: str) -> int:
        try:
            return self.get(path).status
        except OSError:
            return 0

    def queue_a_mail(self, subject: str) -> None:
        """Leave a mail as the product does: a row, in a process that never talks to Redis."""
        code = (
            "from post_office import mail;"
            f"mail.send('ann@acme.example', subject={subject!r}, message='text')"
        )
        self.manage("shell", "--verbosity=0", "--command", code)

    def wait(self, true: Callable[[], bool], seconds: float = 60) -> None:
        give_up_at = time.monotonic() + seconds
        while not true():
            logs = "\n".join(f"{p.name}: {p.last_words()}" for p in (self.web, self.worker))
            assert time.monotonic() < give_up_at, logs
            time.sleep(0.2)

    def stop(self) -> None:
        stop([self.web, self.worker, self.beat, self.redis], seconds=10)


@pytest.fixture
def stack(services: Any, tmp_path: Path) -> Iterator[Stack]:
    database = services.database(f"stack_{os.getpid()}")["url"]
    with running_mail_server() as mail:
        stack = Stack(tmp_path, database, free_port(), mail)
        try:
            yield stack
        finally:
            stack.stop()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.requirement("ACC-5")
def test_production_serves_sends_mail_and_outlives_its_broker(stack):
    stack.wait(lambda: stack.status("/readyz") == 200)
    assert stack.status("/healthz") == 200

    # What is for development only is not there; plain HTTP is sent to TLS.
    for path in ("/dev/outbox", "/dev/dns", "/dev/components/"):
        assert stack.status(path) == 404
    plain = stack.get("/sign-in/", tls=False)
    assert (plain.status, plain.headers["location"]) == (301, f"https://{HOST}/sign-in/")

    # Pages and their files come with what the browser has to hold them to.
    page = stack.get("/sign-in/")
    assert page.status == 200
    assert "max-age" in page.headers["strict-transport-security"]
    assert "script-src" in page.headers["content-security-policy"]
    assert "__Host-" in page.headers["set-cookie"]

    # Operators work beside it.
    made = stack.manage("create_organization", "Acme", "--owner", "ann@acme.example", "--json")
    assert made["owner"] == "ann@acme.example"

    # A mail is a row, and beat, Redis and the worker bring it out.
    stack.queue_a_mail("before")
    stack.wait(lambda: [m["Subject"] for m in stack.mail.mails] == ["before"])

    # What the worker counted, it tells Prometheus itself.
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.metrics_port}/metrics") as metrics:
        assert b"domain_batch_seconds_count" in metrics.read()

    # Redis gone: pages answer, mail waits. Redis back, empty: it goes out.
    stop([stack.redis], seconds=5)
    stack.queue_a_mail("meanwhile")
    assert stack.status("/sign-in/") == 200
    stack.redis = start_redis(stack.folder, stack.redis_port)
    stack.wait(lambda: [m["Subject"] for m in stack.mail.mails] == ["before", "meanwhile"])
