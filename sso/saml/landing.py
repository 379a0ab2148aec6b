"""Where a person lands after the identity provider."""

from __future__ import annotations

from django.utils.http import url_has_allowed_host_and_scheme

LONGEST = 500  # characters
START_PAGE = "/home/"


def safe_path(candidate: str | None) -> str:
    """The candidate if it is a plain path of this site, else "".

    The RelayState of an IdP-initiated sign-in comes from outside: it may only name a page here.
    """
    if not candidate or len(candidate) > LONGEST:
        return ""
    if not candidate.startswith("/") or candidate.startswith("//"):
        return ""
    if "\\" in candidate or not candidate.isprintable():
        return ""
    if not url_has_allowed_host_and_scheme(candidate, None):
        return ""
    return candidate
