"""Every page, who looks at it, and in which state.

A new page that asks for nothing but the organization's id is walked by itself, as Acme's owner.
One whose address has more in it gets a line here:

    Page("domains:claim", args=lambda world: {"claim_id": world.claim.public_id})

Several states of a page are several lines. What shows no page stands in NO_PAGE, with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.urls import URLResolver, get_resolver

Prepare = Callable[[Any, Client], object]


@dataclass(frozen=True)
class Page:
    """One page in one state."""

    name: str
    state: str = ""
    who: str = "ann"  # nobody, or an attribute of the world
    args: Callable[[Any], dict[str, Any]] = lambda _world: {}
    query: str = ""
    prepare: Prepare | None = None
    status: int = 200
    # Sentences on it that are data, and no translator's.
    data: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}-{self.state}" if self.state else self.name


def typed_address(world: Any, client: Client) -> None:
    """Be past the first step of a sign-in."""
    client.post("/sign-in/", {"email": "ann@corp.example"})


PAGES = [
    # ── The demo
    Page("start", who="nobody", data=("*",)),
    Page("development:components", data=("*",)),
    Page("development:outbox", who="nobody"),
    Page("development:dns", state="no name server", who="nobody", status=503),
    # ── Sign-in
    Page("signin:address", who="nobody"),
    Page("signin:method", who="nobody", prepare=typed_address),
    Page("signin:sign_up", who="nobody"),
    Page("account_reset_password", who="nobody"),
    Page("account_reset_password_done", who="nobody"),
    # ── Somebody signed in
    Page("home", who="newcomer", state="empty"),
    Page("home", who="busy"),
    Page("organizations:create"),
    Page("profile:home"),
    # ── An organization
    Page("organizations:overview"),
    Page("organizations:overview", state="member", who="member"),
    Page("organizations:members"),
    Page("organizations:members", state="many", prepare=lambda world, _client: world.fill(200)),
    Page("organizations:projects"),
    Page("organizations:audit"),
    Page("organizations:plan"),
    Page("organizations:audit", state="role missing", who="member", status=403),
]

NO_PAGE = {
    "me": "JSON",
    "healthz": "for machines",
    "readyz": "for machines",
    "metrics": "for machines",
    "organizations:security": "leads to its first page",
    "signin:sign_out": "leads to the sign-in",
    "signin:send_link": "takes a POST",
    "signin:next": "leads to the next step",
}

# Django's own pages for operators have their own face and their own tests.
OPERATORS = "otpadmin:"
FILLED_IN = {"organization_id"}


def addresses(resolver: Any = None, namespace: str = "") -> dict[str, set[str]]:
    """Return every URL pattern's name, with the names of its arguments."""
    found: dict[str, set[str]] = {}
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            found |= addresses(pattern, inner)
        else:
            found[f"{namespace}{pattern.name}"] = set(pattern.pattern.converters)
    return {name: asked for name, asked in found.items() if not name.startswith(OPERATORS)}


def all_pages() -> list[Page]:
    """Return the pages of the table, and those that need no line in it."""
    named = {page.name for page in PAGES} | set(NO_PAGE)
    plain = [
        Page(name)
        for name, asked in sorted(addresses().items())
        if name not in named and asked <= FILLED_IN
    ]
    return PAGES + plain
