"""The client of the loopback servers' own HTTP sides."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

PATIENCE = 3  # seconds
# Not by a proxy: proxies are for the world outside.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ServerAway(Exception):
    """The loopback server does not run, or does not answer."""


class ServerRefused(Exception):
    """The loopback server says why not."""


def ask(method: str, url: str, values: object = None) -> Any:
    """Send ``values`` as JSON and return the answer; raises ServerAway, ServerRefused."""
    body = None if values is None else json.dumps(values).encode()
    request = urllib.request.Request(  # noqa: S310  # an address of this run's own settings
        url, body, {"Content-Type": "application/json"}, method=method
    )
    try:
        with OPENER.open(request, timeout=PATIENCE) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            raise ServerRefused(_reason(refusal.read())) from refusal
    except (OSError, ValueError) as problem:
        raise ServerAway(str(problem)) from problem


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body.decode("utf-8", "replace")[:200]
