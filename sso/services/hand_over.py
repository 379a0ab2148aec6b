"""The hand-over of an accepted sign-in from the SSO host to the main host (S19)."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import Organization, User
from accounts.prepared import Prepared
from accounts.rows import columns, instances
from sso.hashing import hash_of
from sso.models import HandOver, LogEntry
from sso.saml.reasons import Refused


@dataclass(frozen=True, slots=True)
class Arrived:
    """A hand-over that was taken, and whether what was granted still holds."""

    hand_over: HandOver
    still_admitted: bool


# What ended the identity provider's sessions meanwhile ends this one before it began.
_ARRIVED = f"""
SELECT {columns(HandOver, User, Organization)}, EXISTS (
    SELECT FROM accounts_membership member JOIN accounts_securitypolicy policy
        ON policy.organization_id = member.organization_id
    WHERE member.organization_id = sso_handover.organization_id
        AND member.user_id = sso_handover.user_id AND member.status = 'active'
        AND accounts_user.is_active
        AND policy.sso_enabled AND policy.sso_valid_from <= sso_handover.created_at
)
FROM {{source}} sso_handover
JOIN accounts_user ON accounts_user.id = sso_handover.user_id
JOIN accounts_organization ON accounts_organization.id = sso_handover.organization_id
"""  # noqa: S608  # names of our own tables, no input
_TAKE = Prepared(
    "take_hand_over",
    f"""
    WITH taken AS (
        UPDATE sso_handover SET used_at = %(now)s
        WHERE code_hash = %(code)s AND used_at IS NULL AND created_at > %(oldest)s RETURNING *
    )
    {_ARRIVED.format(source="taken")}
    """,  # noqa: S608  # the same
)
_TAKEN = Prepared(
    "taken_hand_over",
    _ARRIVED.format(source="sso_handover")
    + "WHERE sso_handover.id = %(id)s AND sso_handover.used_at > %(since)s",
)


def _arrived(row: Sequence[Any]) -> Arrived:
    hand_over, user, organization = instances(row, HandOver, User, Organization)
    hand_over.user, hand_over.organization = user, organization
    return Arrived(hand_over, still_admitted=row[-1])


def take(code: str, *, nonce: str) -> Arrived:
    """Take a hand-over by its code, once, within a minute, in the browser that asked.

    Raises Refused(hand_over | request_other_browser | inactive); the code is used up all the same.
    """
    code_hash = hash_of(code)
    now = timezone.now()
    taken = _TAKE.rows({"code": code_hash, "now": now, "oldest": now - HandOver.LIFETIME})
    if not taken:
        late = HandOver.objects.filter(code_hash=code_hash).first()
        if late is None:
            raise Refused("hand_over")
        if late.used_at is None:
            turn_away(late, Refused("hand_over"))
        raise Refused("hand_over", reference=late.reference)
    arrived = _arrived(taken[0])
    hand_over = arrived.hand_over
    if hand_over.nonce_hash and not hmac.compare_digest(hand_over.nonce_hash, hash_of(nonce)):
        turn_away(hand_over, Refused("request_other_browser"))
        raise Refused("request_other_browser", reference=hand_over.reference)
    return arrived


def taken_since(pk: int, since: datetime) -> Arrived | None:
    """Return a hand-over that was taken after ``since``, for whoever was asked to confirm it."""
    found = _TAKEN.rows({"id": pk, "since": since})
    return _arrived(found[0]) if found else None


def turn_away(hand_over: HandOver, refusal: Refused) -> None:
    """Note in the log that a sign-in that had been accepted was refused on its last step."""
    LogEntry.objects.filter(reference=hand_over.reference).update(
        outcome=LogEntry.Outcome.REFUSED, code=refusal.code, values=refusal.values
    )
