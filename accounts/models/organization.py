"""Organizations: the customers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.fields import public_id_field

if TYPE_CHECKING:
    from accounts.models.policy import SecurityPolicy

# C0, C1, line and paragraph separators, and the marks that turn text around.
UNSAFE_CHARACTERS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
LOOKS_LIKE_A_LINK = re.compile(r"://|\bwww\.|[^\s.]\.[a-z]{2,}/", re.IGNORECASE)


def validate_name(name: str) -> None:
    """Refuse names that could carry a message or a link into other people's mail (V7)."""
    if UNSAFE_CHARACTERS.search(name):
        raise ValidationError(_("Use letters, digits and spaces on one line."), code="characters")
    if LOOKS_LIKE_A_LINK.search(name):
        raise ValidationError(_("A name can't contain a web address."), code="link")


class Organization(models.Model):
    """A tenant. Everything that belongs to it is reached from here."""

    public_id = public_id_field("org")
    name = models.CharField(_("name"), max_length=80, validators=[validate_name])
    created_at = models.DateTimeField(auto_now_add=True)

    policy: SecurityPolicy

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(name=""), name="organization_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def plan(self) -> str:
        """The plan, kept on the policy row beside the switches that it allows."""
        return self.policy.plan
