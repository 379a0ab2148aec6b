"""The switches of an organization: one registry, one way to change them.

Each app registers its own columns of ``SecurityPolicy``. ``change()`` locks the row, turns off
what excludes the new state, and writes every event, in one transaction; so no app imports its
neighbour to turn it off. ``rehearse()`` says beforehand whom it touches (ACC-6).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.audit.record import record_event
from accounts.models import Membership, Organization, Plan, SecurityPolicy
from accounts.signin.rules import Affected, access_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor
    from accounts.audit.events import Event

SAMPLE = 50


class PolicyRefused(Exception):
    """The change is not allowed now; ``sentence`` says why and names the cure."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True)
class Switch:
    """One column of the policy row.

    ``off`` is its harmless value. ``plans`` lists the plans that include it (None: all).
    ``excludes`` are columns that are turned off when this one leaves ``off``; ``requires`` are
    columns without which it is turned off. ``check`` may raise PolicyRefused. ``turned_off``
    runs in the transaction after this column went back to ``off``; ``changed`` after any change.
    """

    column: str
    label: str | Promise
    event_on: Event
    event_off: Event
    off: Any = False
    plans: frozenset[str] | None = None
    excludes: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    # Columns that mean nothing while this one is off, with their resting value.
    details: dict[str, Any] = field(default_factory=dict)
    check: Callable[[Organization, SecurityPolicy, Any], None] | None = None
    turned_off: Callable[[Organization, Actor], None] | None = None
    # What the rehearsal says of turning it off, where no rule speaks of it.
    consequence: Callable[[Organization], str] | None = None

    def is_on(self, policy: SecurityPolicy) -> bool:
        """Whether the switch is away from its resting value."""
        return bool(getattr(policy, self.column) != self.off)


_switches: dict[str, Switch] = {}


def register_switch(switch: Switch) -> None:
    """Add a switch; call it from ``AppConfig.ready()``."""
    _switches[switch.column] = switch


def switches() -> tuple[Switch, ...]:
    """Return all registered switches."""
    return tuple(_switches.values())


@dataclass
class Group:
    """Some people whom a change touches: a sentence, a number, and the first of them."""

    code: str
    sentence: str
    count: int
    sample: list[Membership]

    @property
    def more(self) -> int:
        """How many are not in the sample."""
        return self.count - len(self.sample)


@dataclass
class Rehearsal:
    """What a change would do, before anybody confirms it."""

    groups: list[Group]
    # Switches that go off with it, in words.
    turns_off: list[str]
    members: int

    @property
    def is_empty(self) -> bool:
        """Whether nobody would notice."""
        return not self.groups and not self.turns_off


def change(organization: Organization, *, actor: Actor, **columns: Any) -> SecurityPolicy:
    """Set ``columns`` of the policy row, and turn off what can't stand beside them.

    Idempotent: asking for the present state changes and records nothing. Raises PolicyRefused,
    with nothing changed, where the plan or a switch's own check forbids it.
    """
    with transaction.atomic():
        policy = SecurityPolicy.objects.select_for_update().get(organization=organization)
        before = copy.copy(policy)
        after = resolve(organization, policy, columns, refuse=True)
        changed = [
            field.attname
            for field in SecurityPolicy._meta.concrete_fields  # public by documentation
            if getattr(before, field.attname) != getattr(after, field.attname)
        ]
        if not changed:
            return policy
        after.save(update_fields=changed)
        organization.policy = after
        _record(organization, before, after, changed, actor)
        return after


def resolve(
    organization: Organization,
    policy: SecurityPolicy,
    columns: dict[str, Any],
    *,
    refuse: bool,
) -> SecurityPolicy:
    """Return the policy as it would be after ``columns``, saved nowhere.

    ``refuse`` runs the switches' checks and the plan's; a rehearsal shows the state without.
    """
    after = copy.copy(policy)
    for name, value in columns.items():
        setattr(after, name, value)
    for switch in switches():
        if switch.is_on(after) and not switch.is_on(policy):
            if refuse:
                _judge(switch, organization, policy, after)
            for excluded in switch.excludes:
                setattr(after, excluded, _switches[excluded].off)
    # Off brings off: repeated, for what goes off may be what another requires.
    for _round in switches():
        for switch in switches():
            _turn_off_if_unsupported(switch, after, refuse=refuse and switch.column in columns)
    _rest(after)
    return after


def _rest(after: SecurityPolicy) -> None:
    """Give the details of switches that are off their resting values."""
    for switch in switches():
        if not switch.is_on(after):
            for name, value in switch.details.items():
                setattr(after, name, value)


def _judge(
    switch: Switch, organization: Organization, policy: SecurityPolicy, after: SecurityPolicy
) -> None:
    """Refuse to turn a switch on where the plan or its own check forbids it."""
    _refuse_without_plan(switch, after)
    if switch.check:
        switch.check(organization, policy, getattr(after, switch.column))


def _turn_off_if_unsupported(switch: Switch, after: SecurityPolicy, *, refuse: bool) -> None:
    """Turn a switch off that misses what it requires, or its plan; ``refuse`` says so instead."""
    if not switch.is_on(after):
        return
    missing = [name for name in switch.requires if not _switches[name].is_on(after)]
    if missing and refuse:
        label = _switches[missing[0]].label
        raise PolicyRefused("requires", _("Turn on %(switch)s first.") % {"switch": label})
    if missing or (switch.plans is not None and after.plan not in switch.plans):
        setattr(after, switch.column, switch.off)


def rehearse(organization: Organization, **columns: Any) -> Rehearsal:
    """Say whom a change would ask, redirect or shut out, and what would go off with it (ACC-6).

    The access rules themselves give the conditions; one query counts, whatever the number of
    members, and one more for each group that is not empty names its first people.
    """
    before = SecurityPolicy.objects.get(organization=organization)
    after = resolve(organization, before, columns, refuse=False)
    found = [affected for rule in access_rules() for affected in rule.affected(before, after)]
    active = Membership.objects.filter(organization=organization).active()
    counts = active.aggregate(
        members=Count("pk"),
        **{f"group_{i}": Count("pk", filter=a.condition) for i, a in enumerate(found)},
    )
    groups = [
        _group(active, affected, counts[f"group_{index}"])
        for index, affected in enumerate(found)
        if counts[f"group_{index}"]
    ]
    turns_off = [
        switch.consequence(organization) if switch.consequence else str(switch.label)
        for switch in switches()
        if switch.is_on(before) and not switch.is_on(after) and switch.column not in columns
    ]
    return Rehearsal(groups=groups, turns_off=turns_off, members=counts["members"])


def change_plan(organization: Organization, plan: Plan, *, actor: Actor) -> SecurityPolicy:
    """Put the organization on ``plan``; what the plan no longer gives goes off with it."""
    return change(organization, actor=actor, plan=plan)


def _group(active: Any, affected: Affected, count: int) -> Group:
    people = active.filter(affected.condition).select_related("user").order_by("joined_at", "pk")
    return Group(affected.code, affected.sentence(count), count, list(people[:SAMPLE]))


def _refuse_without_plan(switch: Switch, after: SecurityPolicy) -> None:
    if switch.plans is not None and after.plan not in switch.plans:
        names = " / ".join(str(plan.label) for plan in Plan if plan.value in switch.plans)
        raise PolicyRefused(
            "plan",
            _("%(switch)s comes with the %(plans)s plan.")
            % {"switch": switch.label, "plans": names},
        )


def _record(
    organization: Organization,
    before: SecurityPolicy,
    after: SecurityPolicy,
    changed: list[str],
    actor: Actor,
) -> None:
    """Write one event a switch, and one for the plan."""
    from accounts.audit.events import Event  # noqa: PLC0415  # a cycle at import only

    def values(names: list[str]) -> dict[str, Any]:
        return {
            "before": {name: plain(getattr(before, name)) for name in names},
            "after": {name: plain(getattr(after, name)) for name in names},
        }

    if "plan" in changed:
        record_event(
            Event.PLAN_CHANGED, organization=organization, actor=actor, data=values(["plan"])
        )
    for switch in switches():
        mine = [name for name in (switch.column, *switch.details) if name in changed]
        if not mine:
            continue
        event = switch.event_on if switch.is_on(after) else switch.event_off
        record_event(event, organization=organization, actor=actor, data=values(mine))
        if switch.is_on(before) and not switch.is_on(after) and switch.turned_off:
            switch.turned_off(organization, actor)


def plain(value: Any) -> Any:
    """Return a column's value as JSON can hold it."""
    return value.isoformat() if hasattr(value, "isoformat") else value


__all__ = [
    "Group",
    "PolicyRefused",
    "Rehearsal",
    "Switch",
    "change",
    "change_plan",
    "register_switch",
    "rehearse",
    "switches",
]
