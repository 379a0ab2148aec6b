"""What can be done with domains: claimed, checked, vouched for, removed.

``verified_domains()``, ``owner_of()`` and ``is_verified_for()`` are what the floor above asks.
"""

import random
import uuid
from datetime import timedelta
from typing import cast

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import limits
from accounts.actor import Actor
from accounts.addresses import domain_of
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Organization, SecurityPolicy
from accounts.prepared import Prepared
from accounts.rows import columns, instances
from domains import consequences, metrics, moves, schedule
from domains.errors import BeingChecked, TooManyChecks, TooManyClaims, VerifiedElsewhere
from domains.examination import Subject, examine
from domains.models import LEASE_FOR, DomainClaim
from domains.names import parse_domain
from domains.resolver import Panel, run
from domains.states import HOLDING, Cause, State, Verdict, move_for

MAX_CLAIMS_A_DAY = 100
MAX_UNPROVED_CLAIMS = 200
CHECKS_BY_CLAIM = (6, timedelta(minutes=1))
CHECKS_BY_ORGANIZATION = (60, timedelta(hours=1))
CHECKS_BY_DOMAIN = (60, timedelta(hours=1))


# ── What others ask


def verified_domains(organization: Organization) -> set[str]:
    """The domains whose addresses the organization may act on, grace included (DOM-6)."""
    claims = DomainClaim.objects.filter(organization=organization).holding()
    return set(claims.values_list("domain", flat=True))


def owner_of(domain: str) -> Organization | None:
    """The one organization that ``domain`` (an A-label) is verified for, grace included."""
    found = _OWNER.rows([domain.lower()])
    if not found:
        return None
    organization, policy = instances(found[0], Organization, SecurityPolicy)
    organization.policy = policy
    policy.organization = organization
    return cast("Organization", organization)


def is_verified_for(organization: Organization, address: str) -> bool:
    """Whether the address is of exactly a verified domain of the organization."""
    return bool(_IS_VERIFIED.rows([organization.pk, domain_of(address)])[0][0])


# Asked at every sign-in. The states stand in the statement, so that the partial index serves.
_HOLDING = ", ".join(f"'{state}'" for state in sorted(HOLDING))
_OWNER = Prepared(
    "owner_of_domain",
    f"""
    SELECT {columns(Organization, SecurityPolicy)} FROM domains_domainclaim claim
    JOIN accounts_organization ON accounts_organization.id = claim.organization_id
    JOIN accounts_securitypolicy ON accounts_securitypolicy.organization_id = claim.organization_id
    WHERE claim.domain = %s AND claim.state IN ({_HOLDING})
    """,  # noqa: S608  # names of our own tables, no input
)
_IS_VERIFIED = Prepared(
    "domain_is_verified",
    f"""
    SELECT EXISTS (SELECT FROM domains_domainclaim
        WHERE organization_id = %s AND domain = %s AND state IN ({_HOLDING}))
    """,  # noqa: S608  # the same
)


# ── What people do


def claim(organization: Organization, text: str, *, actor: Actor) -> DomainClaim:
    """Claim the domain that somebody typed (DOM-1, DOM-7).

    Idempotent: a claim that the organization has already is returned as it is, token and all
    (DOM-8). Raises DomainRefused, TooManyClaims.
    """
    domain = parse_domain(text)
    existing = DomainClaim.objects.live().filter(organization=organization, domain=domain).first()
    if existing:
        return existing
    if actor.kind != "operator":
        _refuse_too_many_claims(organization)
    try:
        with transaction.atomic():
            made = DomainClaim(organization=organization, domain=domain)
            made.next_check_at = schedule.first_check(made.claimed_at)
            made.save()
            record_event(Event.DOMAIN_CLAIMED, organization=organization, actor=actor, target=made)
    except IntegrityError:  # the same claim, from another tab at the same instant
        return DomainClaim.objects.live().get(organization=organization, domain=domain)
    return made


def check_now(claim: DomainClaim, *, panel: Panel | None = None) -> DomainClaim:
    """Ask every resolver at once and return the claim as it stands then (DOM-3).

    No transaction waits for DNS. Raises TooManyChecks, BeingChecked.
    """
    _refuse_too_many_checks(claim)
    lease = uuid.uuid4()
    subject = _lease_one(claim, lease)
    if subject is None:
        raise BeingChecked
    examination = run(examine(panel or Panel.configured(), subject, everyone=True))
    tokens = moves.whose_tokens([examination]).get(claim.pk)
    moves.settle(examination, lease=lease, tokens=tokens)
    metrics.CHECKS.labels(examination.verdict).inc()
    claim.refresh_from_db()
    return claim


@transaction.atomic
def remove(claim: DomainClaim, *, actor: Actor) -> None:
    """Give the domain up; ``consequences.of_removal()`` says beforehand what stops (DOM-6).

    Idempotent. The row stays, so that its token is recognised and proves nothing ever again.
    """
    locked = DomainClaim.objects.select_for_update().get(pk=claim.pk)
    move = move_for(State(locked.state), Cause.REMOVAL)
    if move is None:
        return
    held = locked.is_holding
    moves.leave(locked, State.REMOVED, at=timezone.now())
    record_event(
        Event.DOMAIN_REMOVED,
        organization=locked.organization,
        actor=actor,
        target=locked,
        data={"before": move.source.value},
    )
    if held:
        consequences.end_sessions(locked)
        moves.mail("domain_removed", locked, actor_name=_name_of(actor))
    claim.refresh_from_db()


@transaction.atomic
def vouch(claim: DomainClaim, *, actor: Actor) -> None:
    """The operator's word in place of DNS. The sweep goes on looking for the record.

    Idempotent. Raises VerifiedElsewhere.
    """
    locked = DomainClaim.objects.select_for_update().get(pk=claim.pk)
    now = timezone.now()
    if move_for(State(locked.state), Cause.OPERATOR) is None:
        return
    if not moves.verify(locked, at=now, actor=actor):
        raise VerifiedElsewhere
    locked.next_check_at = schedule.next_check(
        State.VERIFIED,
        Verdict.PRESENT,
        at=now,
        claimed_at=locked.claimed_at,
        dice=random.random(),  # noqa: S311  # jitter
    )
    locked.save(update_fields=["next_check_at"])
    claim.refresh_from_db()


# ── Limits


def _refuse_too_many_claims(organization: Organization) -> None:
    unproved = DomainClaim.objects.filter(
        organization=organization, state__in=(State.PENDING, State.UNVERIFIED)
    )
    key = f"domain-claims:{organization.public_id}"
    today = limits.hit(key, limit=MAX_CLAIMS_A_DAY, per=timedelta(days=1))
    if not today.allowed or unproved.count() >= MAX_UNPROVED_CLAIMS:
        raise TooManyClaims


def _refuse_too_many_checks(claim: DomainClaim) -> None:
    """Per claim, tenant and domain: many tenants must not press at one victim's servers (D9)."""
    limited = (
        (f"domain-check:{claim.public_id}", CHECKS_BY_CLAIM),
        (f"domain-check:{claim.organization.public_id}", CHECKS_BY_ORGANIZATION),
        (f"domain-check:{claim.domain}", CHECKS_BY_DOMAIN),
    )
    for key, (limit, per) in limited:
        verdict = limits.hit(key, limit=limit, per=per)
        if not verdict.allowed:
            raise TooManyChecks(verdict.retry_after)


def _lease_one(claim: DomainClaim, lease: uuid.UUID) -> Subject | None:
    """The claim for this look alone; None while a worker has it, or where it was removed."""
    now = timezone.now()
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    leased = (
        DomainClaim.objects.live()
        .filter(free, pk=claim.pk)
        .update(lease=lease, leased_until=now + LEASE_FOR)
    )
    return DomainClaim.objects.get(pk=claim.pk).as_subject() if leased else None


def _name_of(actor: Actor) -> str:
    return actor.user.display_name if actor.user else actor.name
