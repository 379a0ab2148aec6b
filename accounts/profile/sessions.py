"""Open sessions in words: which browser, from where, how proved, when last seen (ACC-4)."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.translation import gettext as _
from user_agents import parse

from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.audit.sentences import evidence as in_words
from accounts.signin.evidence import SESSION_KEY, Evidence, current
from accounts.signin.middleware import SEEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.actor import Actor
    from accounts.models import User


@dataclass(frozen=True)
class OpenSession:
    """One line of the list."""

    row: UserSession
    device: str
    place: str
    proved: str
    opened_at: datetime.datetime
    seen_at: datetime.datetime
    is_this: bool


def open_sessions(user: User, this: str | None) -> list[OpenSession]:
    """Return the sessions that still open something; ``this`` is the key of the reader's own."""
    rows = list(UserSession.objects.filter(user=user).order_by("-last_seen_at"))
    alive = Session.objects.in_bulk([row.session_key for row in rows])
    found = []
    for row in rows:
        session = alive.get(row.session_key)
        data = session.get_decoded() if session else {}
        evidence = current(Evidence.deserialize(data.get(SESSION_KEY)), user)
        if not evidence.labels() or data.get("_auth_user_hash") != user.get_session_auth_hash():
            continue
        seen = data.get(SEEN)
        found.append(
            OpenSession(
                row,
                device_in_words(row.user_agent),
                place_in_words(row.ip),
                in_words(evidence.labels()),
                row.created_at,
                datetime.datetime.fromtimestamp(seen, tz=datetime.UTC)
                if seen
                else row.last_seen_at,
                row.session_key == this,
            )
        )
    return sorted(found, key=lambda session: (not session.is_this, -session.seen_at.timestamp()))


@transaction.atomic
def end_sessions(user: User, rows: Iterable[UserSession], *, actor: Actor, event: Event) -> int:
    """End sessions of ``user``: each is over with its next request. Returns how many."""
    keys = [row.session_key for row in rows if row.user_id == user.pk]
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    if keys:
        record_event(event, actor=actor, target=user, data={"sessions": len(keys)})
    return len(keys)


def device_in_words(user_agent: str) -> str:
    """Return "Firefox on Ubuntu"."""
    told = parse(user_agent[:300])
    browser, system = told.browser.family, told.os.family
    if browser == "Other" and system == "Other":
        return _("Unknown browser")
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}


def place_in_words(ip: str) -> str:
    """Return from where: an address says no more than its network."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return _("an unknown place")
    if address.is_loopback:
        return _("this computer (%(ip)s)") % {"ip": ip}
    if address.is_private:
        return _("a private network (%(ip)s)") % {"ip": ip}
    return ip
