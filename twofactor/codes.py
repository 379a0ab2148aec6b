"""One-time codes as people type them (F4)."""

from __future__ import annotations

import unicodedata

DIGITS = 6
LONGEST_INPUT = 64


class NotACode(ValueError):
    """What was typed can't be a code of six digits."""


def clean_code(typed: str) -> str:
    """Return the six ASCII digits that ``typed`` means.

    Spaces and dashes between the digits are what apps show and people copy; digits may be
    full-width or of any script. Everything else is refused: ``int()`` would read ``1_23456`` and
    ``+123456`` as codes, and django-otp does.
    """
    if len(typed) > LONGEST_INPUT:
        raise NotACode
    digits: list[str] = []
    for sign in typed:
        if unicodedata.category(sign) == "Nd":
            digits.append(str(unicodedata.decimal(sign)))
        elif not (sign.isspace() or unicodedata.category(sign) == "Pd"):
            raise NotACode
    if len(digits) != DIGITS:
        raise NotACode
    return "".join(digits)
