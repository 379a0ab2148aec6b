"""How many people an organization has, as its pages say it."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Organization, Role
from accounts.prepared import Prepared

# One walk over the members for all that a page asks of them.
_PEOPLE = Prepared(
    "people_of",
    f"""
    SELECT count(*), count(person.two_factor_set_at),
        count(*) FILTER (WHERE role = '{Role.OWNER}'),
        count(*) FILTER (WHERE role IN ('{Role.OWNER}', '{Role.ADMIN}')),
        count(person.two_factor_set_at) FILTER (WHERE role IN ('{Role.OWNER}', '{Role.ADMIN}'))
    FROM accounts_membership membership
    JOIN accounts_user person ON person.id = membership.user_id AND person.is_active
    WHERE membership.organization_id = %s AND membership.status = 'active'
    """,  # noqa: S608  # values of our own enum, no input
)


@dataclass(frozen=True)
class People:
    """The active members, and how many of them have a second factor set up.

    ``admins`` are owners and admins.
    """

    members: int
    enrolled: int
    owners: int
    admins: int
    admins_enrolled: int

    @property
    def missing(self) -> int:
        """How many have no second factor."""
        return self.members - self.enrolled

    @property
    def percent(self) -> int:
        """The share with a second factor, rounded down, so that 100 means all."""
        return 100 * self.enrolled // self.members if self.members else 100


def people_of(organization: Organization) -> People:
    """Return the numbers of today, in one query."""
    [counts] = _PEOPLE.rows([organization.pk])
    return People(*counts)
