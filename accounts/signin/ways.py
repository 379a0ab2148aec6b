"""Further ways to sign in that other apps bring: a registry, so that accounts imports none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True)
class Way:
    """A button on the first page of signing in, beside the address."""

    label: str | Promise
    url_name: str
    # Asked at each page: a way may work on some installations only.
    is_offered: Callable[[], bool]


_ways: list[Way] = []


def register(way: Way) -> None:
    """Add a way; call it from ``AppConfig.ready()``."""
    _ways.append(way)


def offered() -> list[Way]:
    """Return the ways that work here."""
    return [way for way in _ways if way.is_offered()]
