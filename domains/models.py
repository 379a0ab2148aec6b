"""Claims and their history. Who holds a domain is decided by a constraint, not by code."""

import secrets
from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from accounts.models.fields import public_id_field
from domains.doctor import Finding
from domains.examination import Subject
from domains.names import readable
from domains.states import HOLDING, LIVE, Grace, Standing, State, Verdict

# A leased row is another worker's until then; a killed worker delays its batch by this, no more.
LEASE_FOR = timedelta(minutes=2)


def new_token() -> str:
    """128 random bits, in lower case only: DNS pages like to change the case of what is pasted."""
    return secrets.token_hex(16)


class DomainClaimQuerySet(models.QuerySet["DomainClaim"]):
    def live(self) -> Self:
        """Those that have not been removed."""
        return self.filter(state__in=LIVE)

    def holding(self) -> Self:
        """Those whose organization acts on the domain's addresses (DOM-6)."""
        return self.filter(state__in=HOLDING)

    def due(self) -> Self:
        return self.live().filter(next_check_at__lte=timezone.now())


class DomainClaim(models.Model):
    """An organization says that a domain is its own; DNS proves it, again and again."""

    public_id = public_id_field("clm")
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="domain_claims"
    )
    domain = models.CharField(max_length=253, help_text=_("A-label, lower case."))
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    claimed_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, help_text=_("Since when this state."))
    verified_at = models.DateTimeField(null=True, blank=True, help_text=_("Last proved first."))

    grace_started_at = models.DateTimeField(null=True, blank=True)
    absent_days = models.PositiveSmallIntegerField(
        default=0, help_text=_("Days of the grace with an answer without the record.")
    )
    last_absent_day = models.PositiveSmallIntegerField(
        default=0, help_text=_("The last of these days, counted from the grace’s start.")
    )
    reminders = models.PositiveSmallIntegerField(
        default=0, help_text=_("Mails sent since the grace’s first.")
    )

    next_check_at = models.DateTimeField(default=timezone.now)
    lease = models.UUIDField(null=True, blank=True, help_text=_("The batch that checks it now."))
    leased_until = models.DateTimeField(null=True, blank=True)

    last_checked_at = models.DateTimeField(null=True, blank=True)
    last_verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True)
    last_finding = models.CharField(max_length=20, choices=Finding.choices, blank=True)
    last_facts = models.JSONField(
        default=dict, blank=True, help_text=_("What the finding’s words need.")
    )
    zone = models.CharField(max_length=253, blank=True, help_text=_("Where its NS records are."))
    name_servers = ArrayField(models.CharField(max_length=253), default=list, blank=True)

    objects = DomainClaimQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["domain"], condition=Q(state__in=sorted(HOLDING)), name="claim_one_holder"
            ),
            models.UniqueConstraint(
                fields=["organization", "domain"],
                condition=~Q(state=State.REMOVED),
                name="claim_once_an_organization",
            ),
            models.CheckConstraint(condition=Q(state__in=State.values), name="claim_state_known"),
            models.CheckConstraint(
                condition=Q(state=State.GRACE, grace_started_at__isnull=False)
                | (~Q(state=State.GRACE) & Q(grace_started_at=None)),
                name="claim_grace_has_a_start",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_check_at"], condition=~Q(state=State.REMOVED), name="claim_due"
            ),
            models.Index(
                fields=["domain"], condition=~Q(state=State.REMOVED), name="claim_by_domain"
            ),
        ]

    def __str__(self) -> str:
        return self.domain

    @property
    def txt_value(self) -> str:
        """What the TXT record must say (DOM-2)."""
        return f"{settings.DOMAIN_TXT_PREFIX}={self.token}"

    @property
    def readable_domain(self) -> str:
        return readable(self.domain)

    @property
    def is_holding(self) -> bool:
        return self.state in HOLDING

    @property
    def is_awaited(self) -> bool:
        """Whether somebody may sit before the page and wait for the record to be seen."""
        return self.state in {State.PENDING, State.UNVERIFIED}

    @property
    def grace(self) -> Grace | None:
        if self.grace_started_at is None:
            return None
        return Grace(self.grace_started_at, self.absent_days, self.last_absent_day)

    @grace.setter
    def grace(self, grace: Grace | None) -> None:
        self.grace_started_at = grace.started_at if grace else None
        self.absent_days = grace.absent_days if grace else 0
        self.last_absent_day = grace.last_absent_day if grace else 0

    @property
    def standing(self) -> Standing:
        return Standing(State(self.state), self.grace)

    def as_subject(self) -> Subject:
        """What a look at its domain needs."""
        return Subject(
            self.pk, self.domain, self.token, self.standing, self.claimed_at, self.reminders
        )


class DomainCheck(models.Model):
    """One look at DNS, kept for the admin to read (DOM-8)."""

    claim = models.ForeignKey(
        DomainClaim,
        on_delete=models.CASCADE,
        related_name="checks",
        db_index=False,  # check_by_claim is one
    )
    at = models.DateTimeField()
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    finding = models.CharField(max_length=20, choices=Finding.choices)
    details = models.JSONField(
        default=dict, help_text=_("What the finding’s words need, and each resolver’s reply.")
    )
    state = models.CharField(max_length=10, choices=State.choices, help_text=_("After it."))
    next_check_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["claim", "-at"], name="check_by_claim"),
            BrinIndex(fields=["at"], name="check_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.verdict} at {self.at:%Y-%m-%d %H:%M}"
