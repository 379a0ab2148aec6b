"""Tokens, what a provider said of each member, and what it asked of us."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Organization
from accounts.models.fields import public_id_field

TOKEN_PREFIX = "scim_"  # noqa: S105 - what secret scanners look for, not a secret
LOG_KEPT_FOR = timedelta(days=30)


def new_secret() -> str:
    """Draw a token: 256 bits behind a prefix that scanners of leaked secrets can find."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """Give what is stored of a token. It is random, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Token(models.Model):
    """A bearer token: it selects the organization. One lives at a time."""

    public_id = public_id_field("tok")
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="scim_tokens"
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    ending = models.CharField(max_length=4, help_text=_("Its last letters, to tell tokens apart."))
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(revoked_at=None),
                name="scim_token_one_lives",
            ),
        ]

    def __str__(self) -> str:
        return f"SCIM token …{self.ending}"


class Bucket(models.Model):
    """The pace of a token: when its next request would be due. An unlogged table."""

    token = models.OneToOneField(
        Token, on_delete=models.CASCADE, primary_key=True, db_constraint=False
    )
    due_at = models.DateTimeField()
    allowed = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"pace of {self.token_id}"


class Directory(models.Model):
    """An organization that had a token: its members are kept in step as user resources."""

    organization = models.OneToOneField(
        Organization, on_delete=models.CASCADE, primary_key=True, related_name="scim_directory"
    )
    created_at = models.DateTimeField(default=timezone.now)
    batch_began_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the present hour of deactivations began.")
    )
    batch_size = models.PositiveIntegerField(default=0)
    batch_told = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "directories"

    def __str__(self) -> str:
        return f"directory of {self.organization_id}"


class UserResource(models.Model):
    """A member as SCIM sees them: what the provider sent, beside the columns of look-ups.

    Triggers (migration 0002) make the row with the membership and follow its address, name and
    state; so whichever way a membership changes, the next list tells the truth. `document` is
    null for members whom no provider has described: theirs is made up when it is read.
    """

    membership = models.OneToOneField(
        Membership, on_delete=models.CASCADE, primary_key=True, related_name="scim_resource"
    )
    # Inserting a constrained row would wait for the organization's lock.
    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        db_constraint=False,
        related_name="+",
        db_index=False,
    )
    resource_id = models.CharField(max_length=40, unique=True)
    user_name = models.CharField(max_length=254, help_text=_("As it was sent."))
    user_name_key = models.CharField(max_length=254, help_text=_("In lower case."))
    domain = models.CharField(max_length=254)
    external_id = models.CharField(max_length=255, blank=True)
    document = models.JSONField(null=True, blank=True)
    name_made_up = models.BooleanField(
        db_default=False, help_text=_("The provider sent no name, only a displayName or nothing.")
    )
    created_at = models.DateTimeField(default=timezone.now)
    modified_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organization", "user_name_key"], name="scim_user_by_name"),
            models.Index(
                fields=["organization", "membership"], include=["domain"], name="scim_user_by_age"
            ),
            models.Index(
                fields=["organization", "external_id"],
                condition=~Q(external_id=""),
                name="scim_user_by_external_id",
            ),
        ]

    def __str__(self) -> str:
        return self.user_name


class Total(models.Model):
    """A part of how many user resources an organization has in a domain; kept by triggers (0005).

    Several rows, to be summed up: members that come side by side do not wait for one of them. A
    part may be below zero.
    """

    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        db_constraint=False,
        related_name="+",
        db_index=False,
    )
    domain = models.CharField(max_length=254)
    slot = models.SmallIntegerField(default=0)
    members = models.IntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "domain", "slot"], name="scim_total_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.members} in {self.domain}"


class Departure(models.Model):
    """Whom this organization's SCIM deleted: they may be created again (SCIM-4)."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    departed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "user"], name="scim_departure_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} left {self.organization_id}"


class RequestRecord(models.Model):
    """One request in an admin's words: what was asked, what it meant, what came of it (SCIM-11)."""

    class Outcome(models.TextChoices):
        """What came of a request."""

        READ = "read", _("Read")
        CHANGED = "changed", _("Changed")
        UNCHANGED = "unchanged", _("Nothing to change")
        REFUSED = "refused", _("Refused")
        FAILED = "failed", _("Failed")

    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        db_constraint=False,
        related_name="+",
        db_index=False,
    )
    at = models.DateTimeField(default=timezone.now)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=300)
    provider = models.CharField(max_length=40, blank=True)
    status = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    meaning = models.CharField(max_length=300)
    effect = models.CharField(max_length=500, blank=True)
    resource_id = models.CharField(max_length=40, blank=True)
    request_id = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organization", "-id"], name="scim_request_newest"),
            models.Index(fields=["organization", "outcome", "-id"], name="scim_request_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.status}"


class NeedsAttention(models.Model):
    """A person whom the provider wants in and who has to be invited first (SCIM-12)."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=254)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    times = models.PositiveIntegerField(default=1)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "need attention"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "address"],
                condition=Q(resolved_at=None),
                name="scim_attention_once",
            ),
        ]

    def __str__(self) -> str:
        return self.address
