"""Fields shared by the models of every app."""

from __future__ import annotations

import datetime
import functools
import secrets
from typing import Any

from django.db import models
from django.utils.translation import get_language

# "Nothing is void": the evidence that led to a row is often older than the row.
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
# Crockford's alphabet in lower case: no i, l, o, u to misread over the telephone.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 20  # 100 bits: never guessed, never met twice


def new_public_id(prefix: str) -> str:
    """Return a random public id such as ``org_4k1m…``; never a sequence."""
    # One draw of 32 letters' bits each: secrets.choice() would ask the system for every letter.
    drawn = secrets.token_bytes(LENGTH)
    return f"{prefix}_{''.join(ALPHABET[byte & 31] for byte in drawn)}"


def public_id_field(prefix: str) -> models.CharField[Any, Any]:
    """Return the column that names a row to the outside."""
    return models.CharField(
        max_length=len(prefix) + 1 + LENGTH,
        unique=True,
        editable=False,
        default=functools.partial(new_public_id, prefix),
    )


def label_of(choices: type[models.TextChoices], value: str) -> str:
    """Return a choice in the reader's words; a value that is none of them as it is."""
    return _labels(choices, get_language()).get(value, value)


# Once a language, not once a row: a list of people shows two labels of each.
@functools.cache
def _labels(choices: type[models.TextChoices], _language: str | None) -> dict[str, str]:
    return {str(choice): str(choice.label) for choice in choices}
