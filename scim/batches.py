"""Many deactivations at once: told to the admins, and undone in one go (SCIM-12, C11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import ngettext

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import mail_admins
from accounts.models import Membership, Organization
from accounts.organizations.members import reactivate_member
from accounts.prepared import Prepared
from scim.models import Directory

ONE_BATCH = timedelta(hours=1)
UNDOABLE_FOR = timedelta(hours=24)
NAMED = 3
TELL_FROM = 5
TELL_SHARE = Decimal("0.2")

_COUNT = """UPDATE scim_directory d SET
    batch_size = CASE WHEN d.batch_began_at > %(since)s THEN d.batch_size + 1 ELSE 1 END,
    batch_told = d.batch_told AND coalesce(d.batch_began_at > %(since)s, false),
    batch_began_at = CASE WHEN d.batch_began_at > %(since)s THEN d.batch_began_at ELSE %(now)s END
"""
_COUNT_ONE = Prepared(
    "batch",
    f"""{_COUNT} WHERE d.organization_id = %(organization)s
    RETURNING batch_size, batch_told, (SELECT coalesce(sum(members), 0) FROM scim_total t
                                       WHERE t.organization_id = d.organization_id)""",  # noqa: S608 - the statement above
)
# The same as part of a WITH, for a deactivation that is the part `changed`.
COUNTED = f"counted AS ({_COUNT} FROM changed WHERE d.organization_id = %(organization)s)"


@dataclass(frozen=True, slots=True)
class Batch:
    """Members deactivated by the provider within one hour, and still out."""

    began_at: datetime
    ended_at: datetime
    memberships: list[Membership]

    @property
    def key(self) -> str:
        return str(int(self.began_at.timestamp() * 1_000_000))

    @property
    def title(self) -> str:
        """Name the first few, and how many more there are."""
        names = ", ".join(membership.name for membership in self.memberships[:NAMED])
        more = len(self.memberships) - NAMED
        if more <= 0:
            return names
        return ngettext("%(names)s and %(n)d more", "%(names)s and %(n)d more", more) % {
            "names": names,
            "n": more,
        }

    @property
    def undoable_until(self) -> datetime:
        return self.began_at + UNDOABLE_FOR


def count_one(organization: Organization, actor: Actor) -> None:
    """Count a deactivation; tell the admins once where a good part of the company goes."""
    now = timezone.now()
    values: dict[str, Any] = {"organization": organization.pk, "now": now, "since": now - ONE_BATCH}
    [(size, told, members)] = _COUNT_ONE.rows(values)
    tell_if_many(organization, size, told, members, actor)


def tell_if_many(
    organization: Organization, size: int, told: bool, members: int, actor: Actor
) -> None:
    """Tell the admins once; of two that notice at the same time, one does."""
    if told or size < TELL_FROM or size < TELL_SHARE * members:
        return
    untold = Directory.objects.filter(organization=organization, batch_told=False)
    with transaction.atomic():
        if untold.update(batch_told=True):
            _tell(organization, size, actor)


def _tell(organization: Organization, size: int, actor: Actor) -> None:
    record_event(
        Event.SCIM_MASS_DEACTIVATION,
        organization=organization,
        actor=actor,
        data={"members": size},
    )
    mail_admins("scim_mass_deactivation", organization, count=size, provider=actor.name)


def recent_batches(organization: Organization) -> list[Batch]:
    """Give the batches that can still be undone, the newest first."""
    rows = (
        Membership.objects.filter(
            organization=organization,
            status=Membership.Status.DEACTIVATED,
            deactivated_by=Membership.DeactivatedBy.SCIM,
            deactivated_at__gt=timezone.now() - UNDOABLE_FOR,
        )
        .select_related("organization", "user")
        .order_by("deactivated_at", "pk")
    )
    grouped: list[list[Membership]] = []
    for membership in rows:
        if grouped and _at(membership) - _at(grouped[-1][0]) <= ONE_BATCH:
            grouped[-1].append(membership)
        else:
            grouped.append([membership])
    return [Batch(_at(group[0]), _at(group[-1]), group) for group in reversed(grouped)]


def _at(membership: Membership) -> datetime:
    at = membership.deactivated_at
    assert at is not None  # noqa: S101 - a CHECK constraint of the table
    return at


@transaction.atomic
def undo_batch(organization: Organization, key: str, *, actor: Actor) -> int:
    """Reactivate all of a batch; returns how many. Nothing for a key that is no longer undoable."""
    batch = next((one for one in recent_batches(organization) if one.key == key), None)
    if batch is None:
        return 0
    count = sum(reactivate_member(membership, actor=actor) for membership in batch.memberships)
    record_event(
        Event.SCIM_DEACTIVATIONS_UNDONE,
        organization=organization,
        actor=actor,
        data={"members": count},
    )
    return count
