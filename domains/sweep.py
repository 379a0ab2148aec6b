"""The sweep: due claims leased, looked at, written back; by any number of workers at once.

A batch belongs to its lease. Whoever dies with it delays it by the lease and no more; whoever
comes back late finds the lease gone and writes nothing.
"""

import json
import logging
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from domains import metrics, moves
from domains.doctor import Diagnosis, Whose
from domains.examination import Examination, Subject, examine_all
from domains.models import LEASE_FOR
from domains.resolver import Panel, run
from domains.states import Grace, Standing, State

log = logging.getLogger(__name__)

BATCH = 1000
# Less than a beat, so that sweeps of one backlog don't pile up in the workers.
SWEEP_FOR = 9.0  # seconds

LEASE = """
WITH due AS (
    SELECT id FROM domains_domainclaim
     WHERE NOT (state = 'removed') AND next_check_at <= %(now)s
       AND (leased_until IS NULL OR leased_until <= %(now)s)
     ORDER BY next_check_at LIMIT %(limit)s
       FOR UPDATE SKIP LOCKED
)
UPDATE domains_domainclaim claim SET lease = %(lease)s, leased_until = %(until)s
  FROM due WHERE claim.id = due.id
RETURNING claim.id, domain, token, state, grace_started_at, absent_days, last_absent_day,
          claimed_at, reminders
"""

# Rows whose state stays. A row that is no longer leased to this batch, or whose state has moved
# since, gets neither its columns nor a line of history. coalesce() hides the lease from the
# planner: it takes a lease for one row's, and would compare each row given with each row leased.
WRITE_BACK = """
WITH done AS (
    UPDATE domains_domainclaim claim
       SET last_checked_at = given.at, last_verdict = given.verdict,
           last_finding = given.finding, last_facts = given.facts,
           next_check_at = given.next_check_at, absent_days = given.absent_days,
           last_absent_day = given.last_absent_day, lease = NULL, leased_until = NULL,
           zone = CASE given.zone WHEN '' THEN claim.zone ELSE given.zone END,
           name_servers = CASE given.zone WHEN '' THEN claim.name_servers
                          ELSE string_to_array(given.name_servers, ' ') END
      FROM unnest(
        %(id)s::bigint[], %(state)s::text[], %(at)s::timestamptz[], %(verdict)s::text[],
        %(finding)s::text[], %(facts)s::jsonb[], %(details)s::jsonb[],
        %(next_check_at)s::timestamptz[], %(absent_days)s::int[], %(last_absent_day)s::int[],
        %(zone)s::text[], %(name_servers)s::text[]
      ) AS given (id, state, at, verdict, finding, facts, details, next_check_at, absent_days,
                  last_absent_day, zone, name_servers)
     WHERE claim.id = given.id AND claim.state = given.state
       AND coalesce(claim.lease = %(lease)s, false)
    RETURNING claim.id, given.at, given.verdict, given.finding, given.details, given.state,
              given.next_check_at
)
INSERT INTO domains_domaincheck (claim_id, at, verdict, finding, details, state, next_check_at)
SELECT * FROM done
"""


@dataclass
class Swept:
    """What a sweep did."""

    leased: int = 0
    written: int = 0
    moved: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)


def sweep(panel: Panel | None = None, *, batch: int = BATCH, seconds: float = SWEEP_FOR) -> Swept:
    """Look at what is due, batch after batch, until nothing is or ``seconds`` are over."""
    swept = Swept()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        leased = sweep_batch(panel or Panel.configured(), swept, batch=batch)
        if leased < batch:
            break
    return swept


def sweep_batch(panel: Panel, swept: Swept, *, batch: int = BATCH) -> int:
    """One batch; returns how many claims were leased."""
    lease = uuid.uuid4()
    with metrics.BATCHES.time():
        subjects = lease_due(lease, limit=batch)
        examinations = run(examine_all(panel, subjects)) if subjects else []
        moved, written = write_back(examinations, lease)
    verdicts = Counter(examination.verdict.value for examination in examinations)
    for verdict, count in verdicts.items():
        metrics.CHECKS.labels(verdict).inc(count)
    swept.leased += len(subjects)
    swept.moved += moved
    swept.written += written
    swept.verdicts.update(verdicts)
    return len(subjects)


def lease_due(lease: uuid.UUID, *, limit: int) -> list[Subject]:
    """Take up to ``limit`` due claims that no other worker has."""
    now = timezone.now()
    values: dict[str, Any] = {"now": now, "limit": limit, "lease": lease, "until": now + LEASE_FOR}
    with connection.cursor() as cursor:
        cursor.execute(LEASE, values)
        return [_subject(row) for row in cursor.fetchall()]


def write_back(examinations: Sequence[Examination], lease: uuid.UUID) -> tuple[int, int]:
    """Write a batch: the many that stay in one statement, each that moves in its own transaction.

    Returns how many moved, and how many rows were written in all.
    """
    tokens = moves.whose_tokens(examinations)
    staying: list[tuple[Examination, Standing, Diagnosis]] = []
    moved = 0
    for examination in examinations:
        subject = examination.subject
        known = tokens.get(subject.pk, {})
        standing, move = subject.standing.after(examination.verdict, examination.at)
        if move or moves.needs_reminder(examination):
            moved += _settle(examination, lease, known)
        else:
            staying.append((examination, standing, moves.diagnosis_of(examination, known)))
    return moved, moved + _write_staying(staying, lease)


def _settle(examination: Examination, lease: uuid.UUID, tokens: Mapping[str, Whose]) -> bool:
    try:
        return moves.settle(examination, lease=lease, tokens=tokens)
    except (OperationalError, InterfaceError):
        raise  # the database is away: for all of them
    except Exception:
        # One claim that can't be written must not keep the others of its batch for ever.
        log.exception("claim %s: the move failed; it is tried again", examination.subject.pk)
        return False


@transaction.atomic
def _write_staying(
    staying: Sequence[tuple[Examination, Standing, Diagnosis]], lease: uuid.UUID
) -> int:
    if not staying:
        return 0
    rows = [_row(*each) for each in staying]
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    with connection.cursor() as cursor:
        cursor.execute(WRITE_BACK, {**columns, "lease": lease})
        return int(cursor.rowcount)


def _row(examination: Examination, standing: Standing, diagnosis: Diagnosis) -> dict[str, Any]:
    subject, grace = examination.subject, standing.grace
    return {
        "id": subject.pk,
        "state": standing.state.value,
        "at": examination.at,
        "verdict": examination.verdict.value,
        "finding": diagnosis.finding.value,
        "facts": json.dumps(diagnosis.facts),
        "details": json.dumps(diagnosis.details),
        "next_check_at": moves.next_check_of(examination, standing.state),
        "absent_days": grace.absent_days if grace else 0,
        "last_absent_day": grace.last_absent_day if grace else 0,
        "zone": examination.zone.name,
        "name_servers": " ".join(examination.zone.servers),
    }


def _subject(row: tuple[Any, ...]) -> Subject:
    pk, domain, token, state, started_at, absent_days, last_absent_day, claimed_at, reminders = row
    grace = Grace(started_at, absent_days, last_absent_day) if started_at else None
    return Subject(pk, domain, token, Standing(State(state), grace), claimed_at, reminders)
