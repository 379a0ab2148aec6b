"""Where somebody without an organization may look first: other apps register their page."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse

from accounts.models import User

_pages: list[tuple[str, Callable[[User], bool]]] = []


def register(url_name: str, has_something: Callable[[User], bool]) -> None:
    """Add a page that newcomers are sent to where it has something for them."""
    _pages.append((url_name, has_something))


def first_page(user: User) -> str | None:
    """Return the address of the first page with something for this person."""
    return next((reverse(name) for name, has_something in _pages if has_something(user)), None)
