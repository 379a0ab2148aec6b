"""Open sessions in words: which browser, from where, how proved, when last seen (ACC-4)."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.translation import gettext as _
from user_agents import parse

from accounts.actor import person_of
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.audit.sentences import evidence as in_words
from accounts.prepared import Prepared
from accounts.rows import columns, instances
from accounts.sessions import SessionStore
from accounts.signin.evidence import SESSION_KEY, Evidence, current
from accounts.signin.middleware import SEEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

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


# By hand: through the ORM the list and the data of its sessions cost 1 ms of CPU more.
_KEPT = Prepared(
    "sessions_of_user",
    f"""
    SELECT {columns(UserSession)}, django_session.session_data FROM usersessions_usersession
    JOIN django_session ON django_session.session_key = usersessions_usersession.session_key
    WHERE usersessions_usersession.user_id = %s
    """,  # noqa: S608  # names of our own tables, no input
)


def open_sessions(request: HttpRequest) -> list[OpenSession]:
    """Return the reader's sessions that still open something, the reader's own first.

    That one is noted, where it was not yet.
    """
    user, this = person_of(request), request.session.session_key
    kept = _kept_sessions(user)
    if this not in [row.session_key for row, data in kept]:
        UserSession.objects.create_from_request(request)
        kept = _kept_sessions(user)
    valid_hash = user.get_session_auth_hash()
    found = []
    for row, data in kept:
        evidence = current(Evidence.deserialize(data.get(SESSION_KEY)), user)
        if not evidence.labels() or data.get(HASH_SESSION_KEY) != valid_hash:
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


def _kept_sessions(user: User) -> list[tuple[UserSession, dict[str, Any]]]:
    """Return the sessions that the database keeps, each with its data."""
    decode = SessionStore().decode
    return [(instances(row, UserSession)[0], decode(row[-1])) for row in _KEPT.rows([user.pk])]


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
