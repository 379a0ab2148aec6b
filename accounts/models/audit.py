"""What happened: plain columns, append-only by a trigger of the database."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models.fields import public_id_field


class AuditEvent(models.Model):
    """One event. No foreign keys: it outlives the organization and the people it names."""

    public_id = public_id_field("evt")
    occurred_at = models.DateTimeField(default=timezone.now)
    event = models.CharField(max_length=80)
    organization_id = models.CharField(max_length=40, blank=True)
    organization_name = models.CharField(max_length=80, blank=True)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=40, blank=True)
    actor_name = models.CharField(max_length=254, blank=True)
    actor_email = models.CharField(max_length=254, blank=True)
    target_kind = models.CharField(max_length=40, blank=True)
    target_id = models.CharField(max_length=80, blank=True)
    target_name = models.CharField(max_length=254, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organization_id", "-id"], name="audit_by_organization"),
            models.Index(fields=["organization_id", "event", "-id"], name="audit_by_event"),
            models.Index(fields=["actor_id", "-id"], name="audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.event} at {self.occurred_at:%Y-%m-%d %H:%M}"
