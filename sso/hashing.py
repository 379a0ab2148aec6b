"""Secrets that somebody carries in a link or a cookie are stored as hashes."""

from __future__ import annotations

import hashlib


def hash_of(secret: str) -> str:
    """Return what of a code, a nonce or a token is stored: SHA-256, hex."""
    return hashlib.sha256(secret.encode()).hexdigest()
