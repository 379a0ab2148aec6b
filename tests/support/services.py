"""Services of a whole run: started once, by the controller, when the first worker asks.

Workers of pytest-xdist ask over a socket; without xdist the controller asks itself. All that was
started ends with the controller.
"""

import contextlib
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

import psutil

from orgsecurity.launcher.postgres import end_server_of
from orgsecurity.launcher.processes import MARK, DidNotStart, Program, end_leftovers, stop
from tests.support.database import PREFIX, PROJECT, TestDatabases
from tests.support.needs import find

Facts = dict[str, Any]


def started(databases: TestDatabases) -> TestDatabases:
    try:
        databases.start()
    except BaseException:
        databases.stop()
        raise
    return databases


class Services:
    """What the controller starts; each method is asked for by its name."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-services-"))
        self._lock = threading.Lock()
        self._databases: TestDatabases | None = None
        self._programs: dict[str, Program] = {}
        self._facts: dict[str, Facts] = {}
        self._listener: Listener | None = None

    def database(self, worker: str) -> Facts:
        """A clone of the migrated database for one worker: {"url": …}."""
        with self._lock:
            if self._databases is None:
                self._databases = started(TestDatabases())
            return {"url": self._databases.clone(worker)}

    def redis(self) -> Facts:
        """A Redis of the run's own: {"url": …}."""
        return self._once("redis", self._start_redis)

    def application(self) -> Facts:
        """`make run` with a folder and a port of its own: {"url", "data_dir", "environment"}."""
        return self._once("application", self._start_application)

    def _once(self, name: str, start: Callable[[], Facts]) -> Facts:
        with self._lock:
            if name not in self._facts:
                self._facts[name] = start()
            return self._facts[name]

    def _start_redis(self) -> Facts:
        port = free_port()
        self._programs["redis"] = start_redis(self.folder, port)
        return {"url": f"redis://127.0.0.1:{port}/0", "port": port}

    def _start_application(self) -> Facts:
        port = free_port()
        folder = self.folder / "application"
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "REDIS_URL", "BASE_URL", "DJANGO_SETTINGS_MODULE"}
        }
        environment |= {"PORT": str(port), "DATA_DIR": str(folder), "RATE_LIMITS": "off"}
        command = [sys.executable, "-m", "orgsecurity.launcher", "--exit-with-parent"]
        started = self._start("application", command, environment=environment)
        started.wait_until(lambda: "is ready" in started.output(), seconds=120)
        return {"url": f"http://127.0.0.1:{port}", "port": port, "data_dir": str(folder)}

    def _start(
        self, name: str, command: list[Any], environment: dict[str, str] | None = None
    ) -> Program:
        environment = dict(os.environ) if environment is None else environment
        program = Program(
            name,
            command,
            log=self.folder / f"{name}.log",
            environment={**environment, MARK: str(self.folder)},
            folder=PROJECT,
        )
        program.start()
        self._programs[name] = program
        return program

    def listen(self) -> str:
        """Answer workers from now on, and return the address that they ask."""
        self._listener = Listener(str(self.folder / "socket"), family="AF_UNIX")
        threading.Thread(target=self._answer_workers, daemon=True).start()
        return str(self._listener.address)

    def _answer_workers(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except OSError:
                return  # closed: the run is over
            threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: Connection) -> None:
        with connection:
            name, arguments = connection.recv()
            try:
                connection.send((getattr(self, name)(*arguments), ""))
            except Exception as error:  # noqa: BLE001  told to the worker, whose test fails by it
                connection.send((None, str(error)))

    def stop(self) -> None:
        if self._listener:
            self._listener.close()
        stop(self._programs.values(), seconds=20)
        end_leftovers(str(self.folder))
        if self._databases:
            self._databases.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class ServicesOfTheController:
    """The same methods, for a worker."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __getattr__(self, name: str) -> Callable[..., Facts]:
        def ask(*arguments: str) -> Facts:
            with Client(self._address, family="AF_UNIX") as connection:
                connection.send((name, arguments))
                facts, error = connection.recv()
            if error:
                raise DidNotStart(error)
            return facts

        return ask


def start_redis(folder: Path, port: int) -> Program:
    """Start a Redis that keeps nothing; the caller stops it."""
    path = find("redis-server")
    if path is None:
        raise DidNotStart("redis-server is missing: `make test` says how to install it.")
    program = Program(
        "redis",
        [path, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
        log=folder / "redis.log",
        environment={**os.environ, MARK: str(folder)},
    )
    program.start()
    program.wait_until(lambda: answers(port), seconds=10)
    return program


def sweep() -> None:
    """End what a run left that was killed, and remove its folders: they hold the run's number."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        number = folder.name.removeprefix(PREFIX).split("-")[0]
        if not number.isdecimal() or psutil.pid_exists(int(number)):
            continue
        end_leftovers(str(folder))
        end_server_of(folder / "pg")
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with contextlib.closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
