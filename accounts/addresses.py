"""E-mail addresses: one spelling for each mailbox, and nothing that only looks like one."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

# RFC 5321, 4.5.3.1: 64 octets before the @, 254 in all. Quoted local parts are refused: no
# mailbox of a person needs one, and they hide a second @ (V1).
LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
MAX_LENGTH, MAX_LOCAL = 254, 64


class InvalidAddress(ValueError):
    """The text is no e-mail address we accept; its message says why, for the person."""


def normalize_address(raw: str) -> str:
    """Return the address in lower case, ASCII only (S10, S21).

    Unicode is refused, not folded: the Kelvin sign in lower case is a plain k.
    Raises InvalidAddress with a sentence for the person.
    """
    text = raw.strip(" \t\r\n")
    if not text.isascii():
        raise InvalidAddress(_("Use plain letters a–z in the address: this one holds others."))
    local, at, domain = text.rpartition("@")
    if not at or not LOCAL.fullmatch(local) or len(local) > MAX_LOCAL or len(text) > MAX_LENGTH:
        raise InvalidAddress(_("Enter an email address like name@company.com."))
    domain = domain.lower()
    labels = domain.split(".")
    if len(labels) < 2 or not all(LABEL.fullmatch(label) for label in labels):
        raise InvalidAddress(_("Enter an email address like name@company.com."))
    return f"{local.lower()}@{domain}"


def domain_of(address: str) -> str:
    """Return the domain after the last ``@``, in lower case, an A-label as addresses hold it."""
    return address.rpartition("@")[2].lower()
