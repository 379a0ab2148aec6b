"""Looking at one claim's domain: the verdict, and on an absent record why it is absent. No ORM."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from domains import authorities
from domains.authorities import Zone
from domains.doctor import places_one_level_off
from domains.resolver import Answer, Look, Panel
from domains.states import Standing, State, Verdict, matters


@dataclass(frozen=True, slots=True)
class Subject:
    """What is needed of a claim to look at it, as it was when it was leased."""

    pk: int
    domain: str
    token: str
    standing: Standing
    claimed_at: datetime
    reminders: int = 0

    @property
    def value(self) -> bytes:
        return f"{settings.DOMAIN_TXT_PREFIX}={self.token}".encode()


@dataclass(frozen=True, slots=True)
class Examination:
    """All that one look saw."""

    subject: Subject
    at: datetime
    answer: Answer
    near: Mapping[str, Look] = field(default_factory=dict)
    zone: Zone = Zone()  # noqa: RUF009  # frozen
    published: bool = False

    @property
    def verdict(self) -> Verdict:
        return self.answer.verdict


async def examine(panel: Panel, subject: Subject, *, everyone: bool = False) -> Examination:
    """Look at one domain; ``everyone`` asks all resolvers (somebody pressed "Check now")."""
    answer = await panel.ask(
        subject.domain, subject.value, matters=matters(subject.standing.state), everyone=everyone
    )
    if answer.verdict != Verdict.ABSENT:
        return Examination(subject, timezone.now(), answer)
    places = places_one_level_off(subject.domain, settings.DOMAIN_TXT_PREFIX)
    near, zone = await asyncio.gather(
        panel.look_at(places), authorities.zone_of(panel, subject.domain)
    )
    published = (
        settings.DNS_ASK_AUTHORITATIVE
        and subject.standing.state != State.VERIFIED
        and await authorities.is_published(panel, zone, subject.domain, subject.value)
    )
    return Examination(subject, timezone.now(), answer, near, zone, published)


async def examine_all(panel: Panel, subjects: Iterable[Subject]) -> list[Examination]:
    """Look at all at once, as many as the panel keeps in flight."""
    return await asyncio.gather(*(examine(panel, subject) for subject in subjects))
