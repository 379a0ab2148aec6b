"""The web server: the product loaded once, shared by the workers that are forked from it."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from orgsecurity.launcher.processes import Program, stop
from tests.production.environment import production
from tests.support.database import PROJECT
from tests.support.services import free_port

ENVIRONMENT = {"PATH": os.environ["PATH"], **production()}
# What workers share after the fork: what is heavy, and nothing that only one may use.
LOOK = """
import json, psutil, sys
import orgsecurity.wsgi
from django.db import connection
me = psutil.Process()
print(json.dumps({
    "threads": me.num_threads(),
    "sockets": len(me.net_connections(kind="all")),
    "connected": connection.connection is not None,
    "loaded": [name for name in ("sso.views", "scim2_models", "zxcvbn") if name in sys.modules],
}))
"""


class Server:
    """Two workers with production settings; nobody asks for anything that needs a database."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        options = ["--interface", "wsgi", "--workers", "2", "--respawn-failed-workers"]
        self.program = Program(
            "web",
            [
                *(sys.executable, "-m", "orgsecurity.server", *options),
                *("--port", str(self.port), "orgsecurity.wsgi:application"),
            ],
            log=folder / "web.log",
            environment={**ENVIRONMENT, "PYTHONPROFILEIMPORTTIME": "1"},
            folder=PROJECT,
        )

    def workers(self) -> list[psutil.Process]:
        assert self.program.process is not None
        return psutil.Process(self.program.process.pid).children()

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        headers = {"Host": "app.acme.example", "X-Forwarded-Proto": "https"}
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/healthz", headers=headers)
            return connection.getresponse().status in (200, 301)
        return False

    def wait_for_workers(self, *, other_than: int = 0) -> None:
        give_up_at = time.monotonic() + 40
        while not (
            len(pids := [worker.pid for worker in self.workers()]) == 2
            and other_than not in pids
            and self.answers()
        ):
            assert time.monotonic() < give_up_at, self.program.last_words()
            time.sleep(0.1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    server.program.start()
    try:
        yield server
    finally:
        stop([server.program])


def test_before_the_fork_all_is_loaded_and_nothing_runs_or_is_connected():
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=PROJECT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {
        "threads": 1,
        "sockets": 0,
        "connected": False,
        "loaded": ["sso.views", "scim2_models", "zxcvbn"],
    }


@pytest.mark.slow
def test_workers_share_what_was_loaded_once_and_a_fallen_one_is_replaced(server):
    server.wait_for_workers()
    fallen = server.workers()[0]
    fallen.kill()
    server.wait_for_workers(other_than=fallen.pid)
    loaded = [line for line in server.program.output().splitlines() if "import time:" in line]
    assert len([line for line in loaded if line.split()[-1] == "orgsecurity.health"]) == 1
