"""Encrypt everything again under the newest of ENCRYPTION_KEYS, while the product runs."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import TextField, Value
from django.db.models.functions import Cast

from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.encryption import EncryptedTextField, is_under_newest_key, rotated
from accounts.management.command import OperatorCommand

BATCH = 500


class Command(OperatorCommand):
    """rotate_keys."""

    help = (
        "Re-encrypts every encrypted column with the first of ENCRYPTION_KEYS. Put the new key "
        "first, restart, run this; then the old key may go."
    )

    def run(self, **options: Any) -> dict[str, Any]:
        """Rotate them."""
        counts = {
            f"{model._meta.label_lower}.{field.name}": rotate(model, field.name)
            for model in apps.get_models()
            for field in model._meta.concrete_fields
            if isinstance(field, EncryptedTextField)
        }
        with transaction.atomic():
            record_event(Event.KEYS_ROTATED, actor=self.actor, data=counts)
        return {"rotated": counts}


def rotate(model: type[models.Model], column: str) -> int:
    """Rotate one column; return how many rows changed.

    Each row is written only if it still holds what was read: a value that somebody changed
    meanwhile is under the newest key already.
    """
    changed = 0
    rows = model._default_manager.annotate(token=Cast(column, TextField())).exclude(token="")
    for pk, token in rows.values_list("pk", "token").iterator(chunk_size=BATCH):
        if is_under_newest_key(token):
            continue
        fresh = Value(rotated(token), output_field=TextField())
        changed += rows.filter(pk=pk, token=token).update(**{column: fresh})
    return changed
