"""End every session of everybody: after a restored backup, or a break-in (A10)."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.management.command import OperatorCommand
from accounts.models import User


class Command(OperatorCommand):
    """end_all_sessions."""

    help = "Ends every session; everybody signs in anew. Run it after restoring a backup."

    def run(self, **options: Any) -> dict[str, Any]:
        """End them: the rows, and the evidence in any copy of them."""
        with transaction.atomic():
            ended = Session.objects.all().delete()[0]
            User.objects.update(sessions_valid_from=timezone.now())
            record_event(Event.ALL_SESSIONS_ENDED, actor=self.actor, data={"sessions": ended})
        return {"sessions": ended}
