"""Passwords: how they are hashed, and how long they may be."""

from __future__ import annotations

import re
import threading

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from zxcvbn import zxcvbn

# 46 MiB a hash: four at once take 184 MiB, and a burst of sign-ins waits instead of swapping.
HASHES_AT_ONCE = 4
_slots = threading.BoundedSemaphore(HASHES_AT_ONCE)


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with OWASP's 46 MiB, t=1, p=1.

    Django's default takes 100 MiB and 3.8 times the CPU for each sign-in, and its eight lanes
    buy nothing on a busy server (performance.md, 3).
    """

    memory_cost = 46 * 1024  # KiB
    time_cost = 1
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Hash; at most HASHES_AT_ONCE in this process at once."""
        with _slots:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Compare; at most HASHES_AT_ONCE in this process at once."""
        with _slots:
            return super().verify(password, encoded)


class MaximumLengthValidator:
    """Refuses passwords that only cost time; 128 characters hold any passphrase (S20)."""

    def __init__(self, max_length: int = 128) -> None:
        self.max_length = max_length

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError where the password is longer than ``max_length`` characters."""
        if len(password) > self.max_length:
            raise ValidationError(
                _("Use at most %(count)d characters."),
                code="password_too_long",
                params={"count": self.max_length},
            )

    def get_help_text(self) -> str:
        """Return what to keep to."""
        return _("At most %(count)d characters.") % {"count": self.max_length}


class GuessableValidator:
    """Refuses what guessing programs try first: leaked and common passwords and their variations.

    zxcvbn brings its lists along (30,000 leaked passwords, names, words) and knows keyboard
    paths, dates and letters written as digits; nothing is asked of anybody outside.
    """

    # Fewer guesses than an online attacker gets in years under our bounds: "Password123!".
    ENOUGH = 2
    # What follows says nothing more, and the time grows with the length.
    LOOKED_AT = 40

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError where the password would be guessed soon."""
        own = [getattr(user, name, "") for name in ("email", "first_name", "last_name")]
        words = [word for text in own for word in re.split(r"\W+", text) if len(word) > 2]
        found = zxcvbn(password[: self.LOOKED_AT], user_inputs=[settings.PRODUCT_NAME, *words])
        if found["score"] < self.ENOUGH:
            raise ValidationError(
                _(
                    "That is easy to guess: it, or something like it, is in lists that are tried "
                    "first. Three or four words that don't belong together are better."
                ),
                code="password_guessable",
            )

    def get_help_text(self) -> str:
        """Return what to keep to."""
        return _("Nothing that guessing programs try first.")
