"""Counters that bound guessing: rows of their own, so that no cache can forget them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Counter(models.Model):
    """How often a key was hit in the window that began at ``started_at``."""

    key = models.CharField(max_length=200, primary_key=True)
    hits = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = []

    def __str__(self) -> str:
        return f"{self.key}: {self.hits}"
