"""The audit log as a file: row by row, so that a million rows need no more memory than one."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from accounts.models import AuditEvent

COLUMNS = (
    "public_id", "occurred_at", "event", "organization_id", "organization_name", "actor_kind",
    "actor_id", "actor_name", "actor_email", "target_kind", "target_id", "target_name", "ip",
    "user_agent", "request_id", "data",
)  # fmt: skip
# What a spreadsheet takes for a formula at the start of a cell, full-width forms too (A2).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        """Return the line."""
        return text


def as_csv(events: Iterable[AuditEvent]) -> Iterator[str]:
    """Yield the lines of a CSV file (RFC 4180), header first."""
    writer = csv.writer(Echo())
    yield "\ufeff"  # Excel reads UTF-8 by this mark only
    yield writer.writerow(COLUMNS)
    for event in events:
        values = as_values(event)
        values["data"] = json.dumps(values["data"], ensure_ascii=False) if values["data"] else ""
        yield writer.writerow(harmless(str(values[name] or "")) for name in COLUMNS)


def as_json_lines(events: Iterable[AuditEvent]) -> Iterator[str]:
    """Yield one JSON object a line."""
    for event in events:
        yield json.dumps(as_values(event), ensure_ascii=False) + "\n"


def as_values(event: AuditEvent) -> dict[str, object]:
    """Return the row's columns, the instant in ISO 8601."""
    values = {name: getattr(event, name) for name in COLUMNS}
    values["occurred_at"] = event.occurred_at.isoformat()
    return values


def harmless(cell: str) -> str:
    """Return the cell so that no spreadsheet runs it."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
