"""The states of a claim and every move between them, as one table (DOM-3, DOM-4, DOM-5).

Pure. Services carry the moves out; docs/domain-states.md is drawn from ``MOVES``.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

UNVERIFY_AFTER = timedelta(days=7)
# DOM-4: an outage of DNS is not seven missing records. The grace ends only after absent *answers*
# on this many of its days.
ABSENT_DAYS_TO_UNVERIFY = 5


class State(TextChoices):
    PENDING = "pending", _("Pending")
    VERIFIED = "verified", _("Verified")
    GRACE = "grace", _("Record missing")
    UNVERIFIED = "unverified", _("Unverified")
    REMOVED = "removed", _("Removed")


# The organization acts on addresses of these (DOM-6); one claim a domain may be in one of them.
HOLDING = frozenset({State.VERIFIED, State.GRACE})
LIVE = frozenset(State) - {State.REMOVED}


class Verdict(TextChoices):
    """The three answers of DNS: never two (a time-out is not a missing record)."""

    PRESENT = "present", _("Found")
    ABSENT = "absent", _("Not found")
    NO_ANSWER = "no_answer", _("No answer")


class Cause(StrEnum):
    """What moves a claim."""

    PRESENT = "the record is there"
    ABSENT = "an answer without the record"
    GRACE_OVER = "7 days, absent answers on 5 of them"
    OPERATOR = "the operator vouches for it"
    REMOVAL = "an admin removes it"


@dataclass(frozen=True, slots=True)
class Move:
    source: State
    cause: Cause
    target: State
    service: str  # the function of domains.services that carries it out


MOVES = (
    Move(State.PENDING, Cause.PRESENT, State.VERIFIED, "verify"),
    Move(State.PENDING, Cause.OPERATOR, State.VERIFIED, "verify"),
    Move(State.PENDING, Cause.REMOVAL, State.REMOVED, "remove"),
    Move(State.VERIFIED, Cause.ABSENT, State.GRACE, "start_grace"),
    Move(State.VERIFIED, Cause.REMOVAL, State.REMOVED, "remove"),
    Move(State.GRACE, Cause.PRESENT, State.VERIFIED, "recover"),
    Move(State.GRACE, Cause.GRACE_OVER, State.UNVERIFIED, "unverify"),
    Move(State.GRACE, Cause.REMOVAL, State.REMOVED, "remove"),
    Move(State.UNVERIFIED, Cause.PRESENT, State.VERIFIED, "verify"),
    Move(State.UNVERIFIED, Cause.OPERATOR, State.VERIFIED, "verify"),
    Move(State.UNVERIFIED, Cause.REMOVAL, State.REMOVED, "remove"),
)
_BY_CAUSE = {(move.source, move.cause): move for move in MOVES}


def move_for(state: State, cause: Cause) -> Move | None:
    """The move that ``cause`` makes from ``state``; None where the claim stays as it is."""
    return _BY_CAUSE.get((state, cause))


def matters(state: State) -> frozenset[Verdict]:
    """The verdicts that change anything for a claim in ``state``: these need a majority."""
    if state == State.GRACE:
        return frozenset({Verdict.PRESENT, Verdict.ABSENT})
    if state == State.VERIFIED:
        return frozenset({Verdict.ABSENT})
    return frozenset({Verdict.PRESENT})


@dataclass(frozen=True, slots=True)
class Grace:
    """The days without the record, counted from the first absent answer."""

    started_at: datetime
    absent_days: int = 1
    last_absent_day: int = 0

    def with_absent_answer(self, at: datetime) -> "Grace":
        """A day counts once. A clock set back counts nothing, so no day can count twice."""
        day = (at - self.started_at).days
        if day <= self.last_absent_day:
            return self
        return replace(self, absent_days=self.absent_days + 1, last_absent_day=day)

    def is_over(self, at: datetime) -> bool:
        return (
            at - self.started_at >= UNVERIFY_AFTER and self.absent_days >= ABSENT_DAYS_TO_UNVERIFY
        )

    @property
    def ends_at(self) -> datetime:
        """The earliest end."""
        return self.started_at + UNVERIFY_AFTER


@dataclass(frozen=True, slots=True)
class Standing:
    """A claim's state with its grace; None outside a grace."""

    state: State
    grace: Grace | None = None

    def after(self, verdict: Verdict, at: datetime) -> tuple["Standing", Move | None]:
        """Where one verdict leads. *No answer* leads nowhere, ever (DOM-4)."""
        if verdict == Verdict.NO_ANSWER:
            return self, None
        standing = self
        if self.grace and verdict == Verdict.ABSENT:
            standing = replace(self, grace=self.grace.with_absent_answer(at))
        move = move_for(self.state, standing.cause_of(verdict, at))
        if move is None:
            return standing, None
        grace = Grace(started_at=at) if move.target == State.GRACE else None
        return Standing(move.target, grace), move

    def cause_of(self, verdict: Verdict, at: datetime) -> Cause:
        if verdict == Verdict.PRESENT:
            return Cause.PRESENT
        if self.grace and self.grace.is_over(at):
            return Cause.GRACE_OVER
        return Cause.ABSENT
