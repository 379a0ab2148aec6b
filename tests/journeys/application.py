"""The running application, from the outside: mails, DNS, management commands."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.database import PROJECT

PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Message:
    """A mail or text message of /dev/outbox."""

    kind: str
    to: str
    subject: str
    text: str
    html: str
    sent_at: str

    @property
    def links(self) -> list[str]:
        return re.findall(r"https?://[^\s<>\"]+", self.text)

    @property
    def code(self) -> str:
        """The code in it: six digits, or allauth's letters in groups."""
        found = re.search(r"\b(\d{6}|[A-Z0-9]{3,4}-[A-Z0-9]{3,4})\b", self.text)
        assert found, f"no code in: {self.text}"
        return found.group()


@dataclass(frozen=True)
class Application:
    """`make run`, with a port and a folder of its own."""

    url: str
    port: int
    data_dir: str

    def outbox(self, to: str = "", subject: str = "") -> list[Message]:
        """Return what was sent, newest first, to an address and with words in the subject."""
        messages = [Message(**message) for message in self._ask("GET", "/dev/outbox?format=json")]
        return [m for m in messages if to in {"", m.to} and subject.lower() in m.subject.lower()]

    def message(self, to: str, subject: str = "", *, after: int = 0) -> Message:
        """Wait until more than `after` such messages were sent, and return the newest."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up_at:
            found = self.outbox(to, subject)
            if len(found) > after:
                return found[0]
            time.sleep(0.2)
        subjects = [message.subject for message in self.outbox(to)]
        raise AssertionError(f"no message to {to} about {subject!r}; there are: {subjects}")

    def publish(self, name: str, value: str, kind: str = "TXT") -> None:
        """Put a record into the demo's zone."""
        self._ask("POST", "/dev/dns", {"name": name, "type": kind, "value": value})

    def withdraw(self, name: str, value: str, kind: str = "TXT") -> None:
        self._ask("DELETE", "/dev/dns", {"name": name, "type": kind, "value": value})

    def manage(self, *arguments: str, stdin: str = "") -> dict[str, Any]:
        """Run an operators' command beside it, as `make manage` does, and return its JSON."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments, "--json"],
            cwd=PROJECT,
            env={**os.environ, **self.environment},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    @property
    def environment(self) -> dict[str, str]:
        lines = (Path(self.data_dir) / "environment").read_text().splitlines()
        return dict(shlex.split(line)[0].split("=", 1) for line in lines)

    @property
    def identity_provider(self) -> str:
        return self.environment["DEMO_IDP_URL"]

    def _ask(self, method: str, path: str, values: Any = None) -> Any:
        body = None if values is None else json.dumps(values).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(f"{self.url}{path}", body, headers, method=method)
        # Not by a proxy: proxies are for the world outside.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as response:
            content = response.read()
        return json.loads(content) if content else None
