"""The name server of a test run, told what to say and how to fail."""

import json
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.servers.launch import Server

PATIENCE = 10  # seconds


@dataclass
class Dns:
    server: Server

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    def publish(self, name: str, *values: Any, kind: str = "TXT") -> None:
        for value in values:
            self._call("POST", "records", {"name": name, "type": kind, "value": value})

    def publish_all(self, values: dict[str, str]) -> None:
        """One TXT record a name, in one call."""
        self._call("POST", "records", [{"name": n, "value": v} for n, v in values.items()])

    def withdraw(self, name: str, **which: str) -> None:
        self._call("DELETE", f"records?{urllib.parse.urlencode({'name': name, **which})}")

    def fail(self, name: str, fault: str, **values: Any) -> None:
        self._call("POST", "faults", {"name": name, "fault": fault, **values})

    def heal(self) -> None:
        self._call("DELETE", "faults")

    def clean(self) -> None:
        for what in ("records", "faults", "questions"):
            self._call("DELETE", what)

    def questions(self) -> dict[str, int]:
        """How often each "name TYPE" was asked."""
        asked: dict[str, int] = self._call("GET", "questions")["asked"]
        return asked

    def _call(self, method: str, path: str, content: object = None) -> Any:
        request = urllib.request.Request(
            f"{self.server['control_url']}/{path}",
            None if content is None else json.dumps(content).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read())
