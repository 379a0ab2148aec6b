"""Who calls: the organization that a bearer token selects, and its pace."""

import math
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from scim2_models import SCIMException, UnauthorizedException

from accounts.models import Organization
from accounts.prepared import Prepared
from domains.states import HOLDING
from scim.models import digest_of

# One statement finds the token with the verified domains (as domains.services.verified_domains
# does) and books its next place in the queue (GCRA): a request is let
# through while the queue is shorter than one second. Its commit waits for no disk.
_ADMISSION = """
WITH caller AS (
    SELECT t.id, t.public_id AS token, t.ending, o.id AS organization, o.public_id, o.name,
           ARRAY(SELECT d.domain::text FROM domains_domainclaim d
                 WHERE d.organization_id = o.id AND d.state = ANY(%(holding)s)) AS domains,
           set_config('synchronous_commit', 'off', true)
    FROM scim_token t
    JOIN accounts_organization o ON o.id = t.organization_id
    JOIN accounts_securitypolicy p ON p.organization_id = o.id
    WHERE t.digest = %(digest)s AND t.revoked_at IS NULL AND p.scim_enabled
), pace AS (
    INSERT INTO scim_bucket AS b (token_id, due_at, allowed)
    SELECT id, clock_timestamp() + %(gap)s::float8 * interval '1 second', true
    FROM caller WHERE %(gap)s::float8 > 0
    ON CONFLICT (token_id) DO UPDATE SET
        allowed = b.due_at <= clock_timestamp() + interval '1 second',
        due_at = CASE WHEN b.due_at <= clock_timestamp() + interval '1 second'
            THEN greatest(b.due_at, clock_timestamp()) + %(gap)s::float8 * interval '1 second'
            ELSE b.due_at END
    RETURNING allowed, extract(epoch FROM due_at - clock_timestamp()) - 1 AS wait
)
SELECT caller.id, caller.token, caller.ending, caller.organization, caller.public_id, caller.name,
       caller.domains, coalesce(pace.allowed, true), coalesce(pace.wait, 0)
"""
_FROM = "FROM caller LEFT JOIN pace ON true"
_ADMIT = Prepared("admit", f"{_ADMISSION} {_FROM}")
_COLUMNS = 9
HOLDING_STATES = sorted(state.value for state in HOLDING)


class TooManyRequests(SCIMException):
    """The token calls faster than the installation allows."""

    status = 429
    _default_detail = "Too many requests. Please wait and try again."

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Caller:
    """An organization's identity provider; `domains` are those it may act on (SCIM-3)."""

    organization: Organization
    token_id: int
    token: str
    ending: str
    domains: list[str]


def bearer_of(header: str) -> str:
    """Give the token of an Authorization header. Raises UnauthorizedException."""
    scheme, _, secret = header.strip().partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret or not secret.isascii():
        raise UnauthorizedException(detail="Send the SCIM token as Authorization: Bearer TOKEN.")
    return secret


def admitting(name: str, columns: str, source: str) -> Prepared:
    """Give a statement that admits and reads, at once, a row that ``source`` finds for `caller`."""
    found = f"LATERAL (SELECT {columns} {source}) found"
    return Prepared(name, f"{_ADMISSION}, found.* {_FROM} LEFT JOIN {found} ON true")


def admit(header: str) -> Caller:
    """Find the organization of a request, and count the request.

    Raises UnauthorizedException for a missing, wrong, replaced or revoked token, and
    TooManyRequests.
    """
    return admit_by(_ADMIT, header)[0]


def admit_by(statement: Prepared, header: str, **values: Any) -> tuple[Caller, tuple[Any, ...]]:
    """Do the same by a statement of admitting(); gives also what it found, or NULLs."""
    secret = bearer_of(header)
    rate = settings.SCIM_REQUESTS_PER_SECOND if settings.RATE_LIMITS else 0
    rows = _first_statement(
        statement,
        {
            "digest": digest_of(secret),
            "gap": 1 / rate if rate > 0 else 0,
            "holding": HOLDING_STATES,
            **values,
        },
    )
    if not rows:
        raise UnauthorizedException(
            detail="This SCIM token is not valid. Generate one under Access Security → SCIM."
        )
    columns, found = rows[0][:_COLUMNS], rows[0][_COLUMNS:]
    token_id, token, ending, organization_id, public_id, name, domains, allowed, wait = columns
    if not allowed:
        raise TooManyRequests(max(1, math.ceil(wait)))
    organization = Organization(pk=organization_id, public_id=public_id, name=name)
    organization._state.adding = False  # noqa: SLF001 - read from its row, by hand
    organization._state.db = "default"  # noqa: SLF001
    return Caller(organization, token_id, token, ending, sorted(domains)), found


def _first_statement(statement: Prepared, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Ask on a kept connection without Django's `SELECT 1` before: this is the question itself."""
    if connection.connection is None or connection.in_atomic_block:
        return statement.rows(values)
    connection.health_check_done = True  # type: ignore[attr-defined]  # not in Django's stubs
    try:
        return statement.rows(values)
    except (OperationalError, InterfaceError):
        connection.close()  # it was cut while nobody used it
        return statement.rows(values)
