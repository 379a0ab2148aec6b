"""Secrets that must be read back, encrypted at rest with keys that rotate."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def cipher() -> MultiFernet:
    """Return the cipher of ENCRYPTION_KEYS: the first key encrypts, all of them decrypt."""
    return _cipher(tuple(settings.ENCRYPTION_KEYS))


def encrypt(text: str) -> str:
    """Return ``text`` as a Fernet token under the newest key."""
    return cipher().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Return what ``encrypt()`` was given. Raises ``InvalidToken`` where no key fits."""
    return cipher().decrypt(token).decode()


def is_under_newest_key(token: str) -> bool:
    """Return whether the first of ENCRYPTION_KEYS opens ``token``."""
    try:
        Fernet(settings.ENCRYPTION_KEYS[0]).decrypt(token)
    except InvalidToken:
        return False
    return True


def rotated(token: str) -> str:
    """Return ``token`` encrypted again under the newest key."""
    return cipher().rotate(token).decode()


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # str in, str out
    """Text that the database, its backups and its log never see in the clear.

    Only equality with itself is lost: it can't be looked up. ``rotate_keys`` finds these fields.
    """

    description = "Encrypted text"

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt on the way in."""
        prepared = super().get_prep_value(value)
        return encrypt(prepared) if prepared else prepared

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Decrypt on the way out."""
        return decrypt(value) if value else value
