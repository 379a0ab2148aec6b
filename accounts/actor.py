"""Who does something: a person, an identity provider's token, the system, an operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from django.core.exceptions import PermissionDenied

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.models import User


@dataclass(frozen=True)
class Actor:
    """The one who acts, as the audit log will remember them.

    ``kind`` is one of user, system, operator, scim, idp, setup_link, anonymous.
    """

    kind: str
    user: User | None = None
    name: str = ""
    identifier: str = ""
    ip: str | None = None
    user_agent: str = ""
    request_id: str = ""

    @classmethod
    def of(cls, request: HttpRequest, user: User | None = None) -> Self:
        """Return the person of this request; ``user`` while a sign-in is under way."""
        person = user
        if person is None and request.user.is_authenticated:
            person = request.user
        return cls(
            kind="user" if person else "anonymous",
            user=person,
            ip=getattr(request, "client_address", None) or None,
            user_agent=request.headers.get("User-Agent", "")[:300],
            request_id=getattr(request, "id", ""),
        )

    @classmethod
    def acting(cls, request: HttpRequest, kind: str, name: str, identifier: str = "") -> Self:
        """Return somebody without an account here: a SCIM token, an IdP, a set-up link."""
        return cls(
            kind=kind,
            name=name,
            identifier=identifier,
            ip=getattr(request, "client_address", None) or None,
            user_agent=request.headers.get("User-Agent", "")[:300],
            request_id=getattr(request, "id", ""),
        )

    @classmethod
    def person(cls, user: User) -> Self:
        """Return a person outside any request (tests, commands)."""
        return cls(kind="user", user=user)

    @classmethod
    def system(cls, name: str) -> Self:
        """Return the product itself: a beat task, a sweep."""
        return cls(kind="system", name=name)

    @classmethod
    def operator(cls, command: str) -> Self:
        """Return whoever runs a management command on the installation."""
        return cls(kind="operator", name=command)


def person_of(request: HttpRequest) -> User:
    """Return who is signed in; for views that nobody else reaches."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user
