"""The settings' menus: each app registers its own entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise

from accounts.links import link
from accounts.organizations.permissions import Permission, may

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.organizations.context import OrganizationContext


@dataclass(frozen=True)
class MenuItem:
    """An entry of ``section``: ``main`` (tabs), ``security`` (side menu) or ``users``."""

    section: str
    order: int
    label: str | Promise
    url_name: str
    # None: everybody in the organization.
    permission: Permission | None = None
    # The state in a word or two beside the name: "Off", "1 failing".
    state: Callable[[OrganizationContext], str] | None = None
    # Shown although the role does not suffice: the page behind says who can help.
    always: bool = False


@dataclass(frozen=True)
class ShownItem:
    """An entry as a template shows it."""

    label: str
    url: str
    state: str
    current: bool


_items: list[MenuItem] = []


def register(item: MenuItem) -> None:
    """Add an entry; call it from ``AppConfig.ready()``."""
    _items.append(item)
    _items.sort(key=lambda item: (item.section, item.order))


def shown(context: OrganizationContext, section: str, path: str) -> list[ShownItem]:
    """Return the entries of ``section`` for this member; the one of ``path`` is the current."""
    entries = []
    for item in _items:
        if item.section != section or not (
            item.always or item.permission is None or may(context.role, item.permission)
        ):
            continue
        url = link(item.url_name, context.organization.public_id)
        state = item.state(context) if item.state else ""
        entries.append((item, url, state))
    best = max((url for _, url, _ in entries if path.startswith(url)), key=len, default="")
    return [ShownItem(str(item.label), url, state, url == best) for item, url, state in entries]
