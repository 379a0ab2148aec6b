"""What protects an organization, in words and one number, and the next best step.

Each app registers what it can say: ``register(Protection(...))`` from ``AppConfig.ready()``. The
score is a way to begin, never a grade: each point it lacks is a reason with a link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.links import link

if TYPE_CHECKING:
    from accounts.organizations.context import OrganizationContext

# What each tone is worth of a protection's weight; neutral ones are left out of the score.
WORTH = {"good": 1.0, "warn": 0.5, "bad": 0.0}


@dataclass(frozen=True)
class Standing:
    """How a protection stands today.

    ``tone`` is good, warn, bad or neutral (it does not apply: shown, not counted); ``state`` a few
    words ("9 of 12 set up"); ``why`` the sentence that says what it is good for, or what is
    missing; ``action`` the name of the step, where one is left.
    """

    tone: str
    state: str
    why: str = ""
    action: str = ""


@dataclass(frozen=True)
class Protection:
    """One thing that protects an organization; ``judge`` answers None where it is not offered."""

    order: int
    label: str | Promise
    weight: int
    url_name: str
    judge: Callable[[OrganizationContext], Standing | None]


@dataclass(frozen=True)
class Line:
    """A protection as the page shows it."""

    label: str
    url: str
    weight: int
    standing: Standing

    @property
    def missing(self) -> float:
        """The points that the score lacks because of it."""
        return self.weight * (1 - WORTH.get(self.standing.tone, 1.0))


@dataclass(frozen=True)
class Score:
    """The overview of one organization."""

    percent: int
    lines: list[Line]

    @property
    def tone(self) -> str:
        """How the number is coloured; the words beside it say the same."""
        return "good" if self.percent >= 80 else "warn" if self.percent >= 40 else "bad"

    @property
    def next_step(self) -> Line | None:
        """What would raise the score most."""
        best = max(self.lines, key=lambda line: line.missing, default=None)
        return best if best and best.missing else None

    @property
    def protected(self) -> int:
        """How many protections are as they should be."""
        return sum(line.standing.tone == "good" for line in self.lines)

    @property
    def counted(self) -> int:
        """How many there are that apply."""
        return sum(line.standing.tone in WORTH for line in self.lines)


_protections: list[Protection] = []


def register(protection: Protection) -> None:
    """Add a protection; call it from ``AppConfig.ready()``."""
    _protections.append(protection)
    _protections.sort(key=lambda protection: protection.order)


def score(context: OrganizationContext) -> Score:
    """Return what protects the organization of ``context`` today."""
    judged = [(protection, protection.judge(context)) for protection in _protections]
    lines = [
        Line(
            str(protection.label),
            link(protection.url_name, context.organization.public_id),
            protection.weight,
            standing,
        )
        for protection, standing in judged
        if standing is not None
    ]
    most = sum(line.weight for line in lines if line.standing.tone in WORTH)
    missing = sum(line.missing for line in lines)
    return Score(round(100 * (most - missing) / most) if most else 0, lines)


def _two_owners(context: OrganizationContext) -> Standing:
    owners = context.people.owners
    state = ngettext("%(count)d owner", "%(count)d owners", owners) % {"count": owners}
    if owners >= 2:
        return Standing("good", state, _("If one is away, another can act."))
    why = _("If the only owner loses access, nobody can give it back.")
    return Standing("warn", state, why, _("Make a second owner"))


def _admins_have_second_factor(context: OrganizationContext) -> Standing:
    enrolled, admins = context.people.admins_enrolled, context.people.admins
    state = _("%(proven)d of %(all)d set up") % {"proven": enrolled, "all": admins}
    if enrolled == admins:
        return Standing("good", state, _("A stolen password opens no admin's account."))
    why = _("Whoever guesses an admin's password can change everything here.")
    return Standing("warn" if enrolled else "bad", state, why, _("See who is missing"))


register(
    Protection(
        60,
        gettext_lazy("Second factor of owners and admins"),
        3,
        "organizations:members",
        _admins_have_second_factor,
    )
)
register(Protection(70, gettext_lazy("A second owner"), 2, "organizations:members", _two_owners))
