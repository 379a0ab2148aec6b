"""The moves of the table of states, each one transaction: locked, audited, mailed.

``settle()`` is the one way in for an answer of DNS, whether the sweep asked or "Check now".
"""

import random
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import mail_admins
from domains import consequences, metrics, schedule
from domains.doctor import Case, Diagnosis, Finding, Whose, diagnose, tokens_in
from domains.examination import Examination
from domains.models import DomainCheck, DomainClaim
from domains.states import Move, State, Verdict

# Days of the grace on which admins are told again (DOM-4).
REMINDER_DAYS = (3, 6)
SYSTEM = Actor.system("domain sweep")


@transaction.atomic
def settle(
    examination: Examination, *, lease: uuid.UUID, tokens: Mapping[str, Whose] | None = None
) -> bool:
    """Carry out what one examination means, its history row included.

    False where the lease is no longer ours: another worker has looked since, or the claim was
    removed; then nothing is written, so nothing is ever done twice.
    """
    claim = (
        DomainClaim.objects.select_for_update(of=("self",))
        .select_related("organization__policy")
        .filter(pk=examination.subject.pk, lease=lease)
        .first()
    )
    if claim is None:
        return False
    at, verdict = examination.at, examination.verdict
    standing, move = claim.standing.after(verdict, at)
    diagnosis = diagnosis_of(examination, tokens or {})
    if move and not _carry_out(claim, move, at=at):
        diagnosis = Diagnosis(Finding.ELSEWHERE, {}, examination.answer.looks)
    elif not move:
        claim.grace = standing.grace
        _remind(claim, verdict, at=at)
    claim.next_check_at = next_check_of(examination, State(claim.state))
    claim.last_checked_at, claim.last_verdict = at, verdict
    claim.last_finding, claim.last_facts = diagnosis.finding, diagnosis.facts
    claim.lease = claim.leased_until = None
    if examination.zone.name:
        claim.zone, claim.name_servers = examination.zone.name, [*examination.zone.servers]
    claim.save()
    DomainCheck.objects.create(
        claim=claim,
        at=at,
        verdict=verdict,
        finding=diagnosis.finding,
        details=diagnosis.details,
        state=claim.state,
        next_check_at=claim.next_check_at,
    )
    return True


def verify(claim: DomainClaim, *, at: datetime, actor: Actor = SYSTEM) -> bool:
    """Verified, unless another organization holds the domain: then False, and nothing changed.

    The constraint decides, not a look before it: two tenants may prove a domain at one instant.
    """
    before = claim.state
    claim.state, claim.grace = State.VERIFIED, None
    claim.changed_at = claim.verified_at = at
    try:
        with transaction.atomic():
            claim.save()
    except IntegrityError as error:
        if "claim_one_holder" not in str(error):
            raise
        claim.refresh_from_db()
        return False
    record(claim, Event.DOMAIN_VERIFIED, actor=actor, before=before)
    mail("domain_verified", claim)
    _tell_former_holders(claim)
    return True


def start_grace(claim: DomainClaim, *, at: datetime) -> bool:
    """The record is missing: verified for seven days more (DOM-4)."""
    standing, _move = claim.standing.after(Verdict.ABSENT, at)
    claim.state, claim.grace = standing.state, standing.grace
    claim.changed_at, claim.reminders = at, 0
    claim.save()
    record(claim, Event.DOMAIN_RECORD_MISSING, before=State.VERIFIED)
    _mail_missing(claim, day=0)
    return True


def recover(claim: DomainClaim, *, at: datetime) -> bool:
    """The record is back within the grace: nothing has stopped."""
    claim.state, claim.grace = State.VERIFIED, None
    claim.changed_at = claim.verified_at = at
    claim.save()
    record(claim, Event.DOMAIN_RECOVERED, before=State.GRACE)
    mail("domain_recovered", claim)
    return True


def unverify(claim: DomainClaim, *, at: datetime) -> bool:
    """A week without the record: what stood on the domain stops."""
    leave(claim, State.UNVERIFIED, at=at)
    record(claim, Event.DOMAIN_UNVERIFIED, before=State.GRACE)
    mail("domain_unverified", claim)
    consequences.end_sessions(claim)
    return True


_MOVES = {function.__name__: function for function in (verify, start_grace, recover, unverify)}


def leave(claim: DomainClaim, state: State, *, at: datetime) -> None:
    """Out of verified or grace; rivals who wait for the domain are looked at now."""
    claim.state, claim.grace, claim.changed_at = state, None, at
    claim.lease = claim.leased_until = None
    claim.save()
    rivals = DomainClaim.objects.live().filter(domain=claim.domain).exclude(pk=claim.pk)
    # A rival that is locked is being looked at; waiting for it could be a deadlock.
    due = [*rivals.select_for_update(skip_locked=True).values_list("pk", flat=True)]
    DomainClaim.objects.filter(pk__in=due).update(next_check_at=at)


def record(claim: DomainClaim, event: Event, *, before: str, actor: Actor = SYSTEM) -> None:
    metrics.MOVES.labels(str(before), str(claim.state)).inc()
    record_event(
        event,
        organization=claim.organization,
        actor=actor,
        target=claim,
        data={"before": str(before), "after": str(claim.state)},
    )


def _remind(claim: DomainClaim, verdict: Verdict, *, at: datetime) -> None:
    """Tell the admins again, once a reminder day, and only where the record is known missing."""
    if verdict != Verdict.ABSENT or claim.grace is None:
        return
    day = (at - claim.grace.started_at).days
    due = sum(day >= reminder for reminder in REMINDER_DAYS)
    if due > claim.reminders:
        claim.reminders = due
        _mail_missing(claim, day=day)


def needs_reminder(examination: Examination) -> bool:
    """Whether settling it may mail a reminder; the sweep writes all others in bulk."""
    grace = examination.subject.standing.grace
    if grace is None or examination.verdict != Verdict.ABSENT:
        return False
    day = (examination.at - grace.started_at).days
    return sum(day >= reminder for reminder in REMINDER_DAYS) > examination.subject.reminders


def _mail_missing(claim: DomainClaim, *, day: int) -> None:
    mail("domain_missing", claim, day=day, consequences=consequences.of_losing(claim))


def mail(template: str, claim: DomainClaim, **values: Any) -> None:
    """To owners and admins, with a way to the claim's page."""
    path = reverse("domains:claim", args=[claim.organization.public_id, claim.public_id])
    mail_admins(
        template,
        claim.organization,
        claim=claim,
        button_url=f"{settings.BASE_URL}{path}",
        button_label=_("Open %(domain)s") % {"domain": claim.domain},
        **values,
    )


def _tell_former_holders(claim: DomainClaim) -> None:
    """Another organization lost the domain and has now seen it proved by somebody else (DOM-5)."""
    former = DomainClaim.objects.filter(domain=claim.domain, state=State.UNVERIFIED)
    for other in former.exclude(pk=claim.pk).select_related("organization"):
        mail("domain_proved_elsewhere", other)


def _carry_out(claim: DomainClaim, move: Move, *, at: datetime) -> bool:
    return _MOVES[move.service](claim, at=at)


# ── Parts that the sweep shares


def diagnosis_of(examination: Examination, tokens: Mapping[str, Whose]) -> Diagnosis:
    subject = examination.subject
    return diagnose(
        Case(
            subject.domain,
            subject.value.decode().rpartition("=")[0],
            subject.token,
            examination.answer,
            examination.near,
            examination.published,
            tokens,
        )
    )


def next_check_of(examination: Examination, state: State) -> datetime:
    return schedule.next_check(
        state,
        examination.verdict,
        at=examination.at,
        claimed_at=examination.subject.claimed_at,
        dice=random.random(),  # noqa: S311  # jitter
        published=examination.published,
    )


def whose_tokens(examinations: Iterable[Examination]) -> dict[int, dict[str, Whose]]:
    """For each claim, to whom the other tokens seen at its domain were given; one query."""
    prefix = settings.DOMAIN_TXT_PREFIX
    seen = {
        examination.subject.pk: tokens_in(examination.answer.looks, prefix)
        for examination in examinations
        if examination.verdict == Verdict.ABSENT
    }
    wanted = set().union(*seen.values())
    if not wanted:
        return {}
    rows = DomainClaim.objects.filter(token__in=wanted).values_list("token", "organization_id")
    given = dict(rows)
    own = dict(DomainClaim.objects.filter(pk__in=seen).values_list("pk", "organization_id"))
    return {
        pk: {
            token: Whose.OURS if given[token] == own.get(pk) else Whose.ANOTHERS
            for token in tokens & given.keys()
        }
        for pk, tokens in seen.items()
    }
