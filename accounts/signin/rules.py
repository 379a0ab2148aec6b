"""Access rules: one object answers at the three moments of a sign-in's life.

``settings.ACCESS_RULES`` lists them by dotted path, in the order in which they are asked. A new
rule (an IP allow-list, device posture) is one class and one line there.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Q

    from accounts.models import Membership, Organization, SecurityPolicy, User
    from accounts.signin.evidence import Evidence


class Purpose(Enum):
    """What an address was typed for."""

    SIGN_IN = "sign_in"
    SIGN_UP = "sign_up"
    PROJECT_REQUEST = "project_request"


@dataclass(frozen=True)
class Step:
    """What a person is asked to do next, as a plain link."""

    url: str
    label: str
    sentence: str = ""
    # Whether "Sign in another way" is offered beside it.
    skippable: bool = False


@dataclass(frozen=True)
class Refusal:
    """No step of the person's own helps here."""

    code: str
    sentence: str


@dataclass(frozen=True)
class Entry:
    """Somebody at an organization's door: all that a rule may look at, loaded in one query."""

    user: User
    organization: Organization
    membership: Membership
    policy: SecurityPolicy


@dataclass(frozen=True)
class Affected:
    """Some members whom a change touches, for the rehearsal (ACC-6).

    ``condition`` selects them among the organization's active memberships; ``sentence`` says
    what will happen to ``n`` of them.
    """

    code: str
    condition: Q
    sentence: Callable[[int], str]


class AccessRule(Protocol):
    """One demand on a sign-in."""

    def at_address(self, address: str, purpose: Purpose) -> Step | None:
        """An address was typed: the step to offer, the same for known and unknown people."""

    def at_sign_in(self, user: User, evidence: Evidence) -> Step | None:
        """A factor was just given: the next step before the session may open."""

    def at_organization(self, entry: Entry, evidence: Evidence) -> Step | Refusal | None:
        """A request reaches an organization's page. Pure: no query, however many rules."""

    def affected(self, before: SecurityPolicy, after: SecurityPolicy) -> list[Affected]:
        """Whom a change of the policy will ask, redirect or shut out."""


@functools.cache
def rules_at(paths: tuple[str, ...]) -> tuple[AccessRule, ...]:
    """Return the rules at these dotted paths."""
    return tuple(import_string(path)() for path in paths)


def access_rules() -> tuple[AccessRule, ...]:
    """Return the rules of the settings, in their order."""
    return rules_at(tuple(settings.ACCESS_RULES))


def step_at_address(address: str, purpose: Purpose) -> Step | None:
    """Return the first step that a rule offers for an address."""
    return next(filter(None, (rule.at_address(address, purpose) for rule in access_rules())), None)


def step_at_sign_in(user: User, evidence: Evidence) -> Step | None:
    """Return the first step that a rule demands before a session opens."""
    return next(filter(None, (rule.at_sign_in(user, evidence) for rule in access_rules())), None)
