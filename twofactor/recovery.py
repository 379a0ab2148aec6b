"""Recovery codes: what is shown once, and what is kept of it (F12).

A code is ``prefix-secret``. The prefix is stored as it is and finds the one row; the secret, 50
random bits, is stored as a salted slow hash. So a guess costs one hash, not ten.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass

from django.contrib.auth.hashers import Argon2PasswordHasher

HOW_MANY = 10
# Crockford's alphabet: nothing to misread on paper.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
MISREAD = str.maketrans("ilo", "110")
PREFIX_LENGTH = 4
SECRET_LENGTH = 10
LONGEST_INPUT = 64
MEMORY_COST, TIME_COST = 19 * 1024, 2  # KiB, rounds


class NotARecoveryCode(ValueError):
    """What was typed can't be a recovery code."""


class RecoveryCodeHasher(Argon2PasswordHasher):
    """OWASP's second set for Argon2id: ten are made at a set-up, one is checked a guess."""

    time_cost = TIME_COST
    memory_cost = MEMORY_COST
    parallelism = 1


@dataclass(frozen=True)
class RecoveryCodeText:
    """A code in two parts."""

    prefix: str
    secret: str

    def __str__(self) -> str:
        half = SECRET_LENGTH // 2
        return f"{self.prefix}-{self.secret[:half]}-{self.secret[half:]}"


def new_codes() -> list[RecoveryCodeText]:
    """Return ten new codes whose prefixes differ."""
    prefixes: set[str] = set()
    while len(prefixes) < HOW_MANY:
        prefixes.add(_random(PREFIX_LENGTH))
    return [RecoveryCodeText(prefix, _random(SECRET_LENGTH)) for prefix in prefixes]


def parse(typed: str) -> RecoveryCodeText:
    """Read a code as people type it: any case, spaces and dashes anywhere, o for 0, l for 1."""
    if len(typed) > LONGEST_INPUT:
        raise NotARecoveryCode
    plain = unicodedata.normalize("NFKC", typed).lower().translate(MISREAD)
    kept = "".join(
        sign for sign in plain if not (sign.isspace() or unicodedata.category(sign) == "Pd")
    )
    if len(kept) != PREFIX_LENGTH + SECRET_LENGTH or not set(kept) <= set(ALPHABET):
        raise NotARecoveryCode
    return RecoveryCodeText(kept[:PREFIX_LENGTH], kept[PREFIX_LENGTH:])


def hashed(secret: str) -> str:
    """Return what is kept of a code's secret."""
    hasher = RecoveryCodeHasher()
    return hasher.encode(secret, hasher.salt())


def fits(secret: str, kept: str) -> bool:
    """Return whether ``kept`` was made of ``secret``."""
    return RecoveryCodeHasher().verify(secret, kept)


def as_text_file(codes: list[str], *, product: str, account: str) -> str:
    """Return the page of codes that people keep."""
    lines = [
        f"{product}: recovery codes of {account}",
        "Each works once, in place of the code from your app or phone.",
        "",
        *codes,
        "",
    ]
    return "\r\n".join(lines)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
