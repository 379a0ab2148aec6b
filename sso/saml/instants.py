"""SAML's instants: xs:dateTime in UTC (Core 1.3.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

# Entra and AD FS write 3 or 7 digits of a second; python3-saml drops them too.
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,12})?Z?", re.ASCII)


def parse_instant(text: str) -> datetime:
    """The instant, without its fraction; ValueError for any other form, offsets included."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
