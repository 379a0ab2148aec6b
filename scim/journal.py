"""The request log that admins read: what was asked, what it meant, what came of it (SCIM-11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.audit.record import one_line
from accounts.prepared import Prepared
from scim.caller import Caller
from scim.models import LOG_KEPT_FOR, RequestRecord

Outcome = RequestRecord.Outcome

_COLUMNS = """(organization_id, at, method, path, provider, status, outcome, meaning, effect,
        resource_id, request_id)
    SELECT %(organization)s::bigint, %(now)s::timestamptz, %(method)s::text, %(path)s::text,
        %(provider)s::text, %(status)s::smallint, %(outcome)s::text, %(meaning)s::text,
        %(effect)s::text, %(resource_id)s::text, %(request_id)s::text
"""


def line(source: str) -> str:
    """Give the line of a request, and the token's last use, as parts of a WITH.

    They are written where ``source``, a part before them, has a row.
    """
    return f"""used AS (
        UPDATE scim_token SET last_used_at = %(now)s::timestamptz FROM {source}
            WHERE scim_token.id = %(token)s AND (last_used_at IS NULL
                OR last_used_at < %(now)s::timestamptz - interval '1 minute')
    ), line AS (INSERT INTO scim_requestrecord {_COLUMNS} FROM {source})"""  # noqa: S608 - names of our own parts


# One statement and no wait for the disk: a log of reads must not cost more than the reads.
_QUICK = "quick AS (SELECT set_config('synchronous_commit', 'off', true))"
_WRITE = Prepared("log", f"WITH {_QUICK}, {line('quick')} SELECT FROM quick")


@dataclass(slots=True)
class Entry:
    """One line of the log, filled in while the request is answered. Never a body, never a token."""

    method: str
    path: str
    provider: str
    request_id: str = ""
    meaning: str = ""
    effect: str = ""
    outcome: str = Outcome.READ
    status: int = 0
    resource_id: str = ""
    is_written: bool = False

    def begin(self, meaning: str, resource_id: str) -> None:
        """Note what a request is about before it can fail."""
        self.meaning, self.resource_id = meaning, resource_id

    def changed(self, effect: str) -> None:
        self.effect = effect
        self.outcome = Outcome.CHANGED if effect else Outcome.UNCHANGED

    def refused(self, status: int, detail: str) -> None:
        self.status = status
        self.effect = detail
        self.outcome = Outcome.FAILED if status >= 500 else Outcome.REFUSED
        self.is_written = False

    def write(self, caller: Caller) -> None:
        if not self.is_written:
            _WRITE.rows(self.values(caller, timezone.now()))

    def values(self, caller: Caller, now: datetime) -> dict[str, Any]:
        """Give the values of line()."""
        return {
            "organization": caller.organization.pk,
            "token": caller.token_id,
            "now": now,
            "method": self.method[:10],
            "path": one_line(self.path, 300),
            "provider": one_line(self.provider, 40),
            "status": self.status,
            "outcome": str(self.outcome),
            "meaning": one_line(self.meaning, 300),
            "effect": one_line(self.effect, 500),
            "resource_id": one_line(self.resource_id, 40),
            "request_id": self.request_id[:40],
        }


def forget_old() -> int:
    """Delete what is older than thirty days; returns how many lines."""
    old = RequestRecord.objects.filter(at__lt=timezone.now() - LOG_KEPT_FOR)
    return int(old._raw_delete(old.db))  # noqa: SLF001 - nothing refers to a line of the log
