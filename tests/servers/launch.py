"""Start loopback servers as processes and end them: for fixtures, benches and the demo."""

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30
STOP_SECONDS = 5


class DidNotStart(RuntimeError):
    """The server ended, or said nothing, before it listened."""


@dataclass
class Server:
    """A running server process and what its ready line told (`server["control_url"]`)."""

    process: subprocess.Popen[str]
    facts: dict[str, Any]

    @property
    def port(self) -> int:
        return int(self.facts["port"])

    @property
    def url(self) -> str:
        return str(self.facts.get("url") or f"http://127.0.0.1:{self.port}")

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]

    def stop(self) -> int:
        """End the process and return its exit code; the second call does nothing more."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        return self.process.returncode


def start(name: str, *arguments: str) -> Server:
    """Start `tests.servers.NAME` on free ports (unless told) and wait until it listens.

    It ends with this process even if this one is killed. Raises DidNotStart.
    """
    command = [sys.executable, "-m", f"tests.servers.{name}", "--exit-with-parent", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if readable else ""
    if not line:
        process.kill()
        process.stdout.close()
        raise DidNotStart(f"{name}: no ready line; exit code {process.wait()}")
    return Server(process, json.loads(line))


@contextmanager
def running(name: str, *arguments: str) -> Iterator[Server]:
    """Run a server for the length of a `with` block."""
    server = start(name, *arguments)
    try:
        yield server
    finally:
        server.stop()
