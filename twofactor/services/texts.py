"""Codes to phones: sent within caps, judged once (F9, F10).

The provider is asked outside any transaction (A7): a challenge row is taken first, the answer
recorded after, so that two requests with one code meet at the row.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone
from prometheus_client import Counter

from accounts import limits
from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Membership, User
from accounts.signin.evidence import Proof
from twofactor import sms
from twofactor.errors import (
    BeingChecked,
    CodeExpired,
    TextRefused,
    TooManyTexts,
    UsedCode,
    WrongTextCode,
)
from twofactor.models import Enrolment, PhoneChallenge, PhoneDevice
from twofactor.phone import country_of, prefix_of
from twofactor.services.challenge import note_failure
from twofactor.services.enrolment import second_factor, six_digits

# How long until another code, after the first, the second, and every further one.
COOL_DOWNS = [datetime.timedelta(seconds=seconds) for seconds in (30, 60, 120)]
COUNTED_FOR = datetime.timedelta(minutes=30)
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
PER_PERSON = PER_NUMBER = 10  # a day
PER_ADDRESS = 20  # an hour, of one IP address
PER_PREFIX = 30  # an hour, to numbers that begin alike
PER_COUNTRY = 1000  # an hour
PER_ORGANIZATION = 500  # a day
ALARM_FROM, ALARM_BELOW = 50, 0.3  # codes an hour to a country, and the share that is typed

texts_sent = Counter(
    "twofactor_texts_sent_total", "Codes sent, each paid for", ["channel", "country"]
)
texts_passed = Counter(
    "twofactor_texts_passed_total", "Codes sent that were typed", ["channel", "country"]
)
texts_refused = Counter("twofactor_texts_refused_total", "Codes not sent", ["reason"])


def send(
    user: User,
    key: str,
    number: str,
    channel: sms.Channel,
    *,
    actor: Actor,
    device: PhoneDevice | None = None,
) -> PhoneChallenge:
    """Send a code to ``number`` (E.164) for the session ``key``.

    Raises ``TooManyTexts`` within a cool-down or over a cap, ``TextRefused`` where the provider
    won't.
    """
    _refuse_too_soon(user)
    _refuse_over_caps(user, number, actor)
    _cancel_those_of_other_sessions(user, key, number)
    try:
        sent = sms.backend().send(number, channel)
    except (sms.SmsRefused, sms.SmsUnavailable) as error:
        texts_refused.labels(reason=getattr(error, "code", "unavailable")).inc()
        raise TextRefused(error.sentence) from error
    country = country_of(number)
    texts_sent.labels(channel=channel.value, country=country).inc()
    with transaction.atomic():
        PhoneChallenge.objects.open().filter(user=user, key=key).update(cancelled_at=timezone.now())
        challenge = PhoneChallenge.objects.create(
            user=user,
            key=key,
            number=number,
            device=device,
            channel=channel.value,
            country=country,
            reference=sent.reference,
        )
        record_event(
            Event.TWO_FACTOR_TEXT_SENT,
            actor=actor,
            target=user,
            data={"channel": channel.value, "country": country},
        )
    return challenge


def suspicious_countries() -> list[dict[str, Any]]:
    """Return the countries whose codes are sent and hardly ever typed: pumping looks so (F9)."""
    since = timezone.now() - HOUR
    counts = (
        PhoneChallenge.objects.filter(sent_at__gt=since)
        .values("country")
        .annotate(sent=Count("pk"), passed=Count("pk", filter=~Q(passed_at=None)))
        .order_by("country")
    )
    return [
        dict(row)
        for row in counts
        if row["sent"] >= ALARM_FROM and row["passed"] < row["sent"] * ALARM_BELOW
    ]


def open_challenge(user: User, key: str, number: str) -> PhoneChallenge | None:
    """Return the code on its way to ``number`` in this session."""
    challenges = PhoneChallenge.objects.open().filter(user=user, key=key, number=number)
    return challenges.order_by("-sent_at").first()


def wait_for_next(user: User) -> datetime.timedelta:
    """Return how long until another code may be sent to this person."""
    sent = _recent(user)
    if not sent:
        return datetime.timedelta(0)
    over = sent[0].sent_at + _cool_down(len(sent)) - timezone.now()
    return max(over, datetime.timedelta(0))


def pass_phone(user: User, key: str, typed: str, *, device: PhoneDevice, actor: Actor) -> Proof:
    """Judge the code that was sent to ``device``; counted with the guesses of all methods."""
    check(user, key, typed, number=device.number, actor=actor, counted=True)
    Enrolment.objects.clear_guesses(user)
    device.set_last_used_timestamp()
    return second_factor(device.persistent_id)


def check(user: User, key: str, typed: str, *, number: str, actor: Actor, counted: bool) -> None:
    """Judge a code sent to ``number`` in this session; returns where it is the one.

    Raises ``NotSixDigits``, ``CodeExpired``, ``WrongTextCode``, ``UsedCode``, ``BeingChecked``,
    ``TextRefused``, and with ``counted`` those of ``take_guess``.
    """
    code = six_digits(typed)
    challenge = open_challenge(user, key, number)
    if challenge is None:
        raise CodeExpired
    if counted:
        Enrolment.objects.take_guess(user)
    _take(challenge)
    try:
        approved = sms.backend().check(challenge.reference, code)
    except (sms.SmsRefused, sms.SmsUnavailable) as error:
        _answered(challenge, approved=False)
        if counted and isinstance(error, sms.SmsUnavailable):
            Enrolment.objects.return_guess(user)
        raise TextRefused(error.sentence) from error
    _answered(challenge, approved=approved)
    if not approved:
        with transaction.atomic():
            note_failure(user, "sms", actor)
        raise WrongTextCode
    limits.forget(f"two-factor-text:{user.pk}")
    texts_passed.labels(channel=challenge.channel, country=challenge.country).inc()


def _take(challenge: PhoneChallenge) -> None:
    """Take the row, so that nobody else asks the provider about it until it has answered."""
    now = timezone.now()
    free = Q(checking_until=None) | Q(checking_until__lt=now)
    taken = (
        PhoneChallenge.objects.open()
        .filter(free, pk=challenge.pk, checks__lt=PhoneChallenge.MOST_CHECKS)
        .update(checks=F("checks") + 1, checking_until=now + PhoneChallenge.CHECK_TAKES)
    )
    if taken:
        return
    challenge.refresh_from_db()
    if challenge.passed_at is not None:
        raise UsedCode
    if challenge.checks >= PhoneChallenge.MOST_CHECKS or challenge.cancelled_at is not None:
        raise CodeExpired
    raise BeingChecked


def _answered(challenge: PhoneChallenge, *, approved: bool) -> None:
    PhoneChallenge.objects.filter(pk=challenge.pk).update(
        checking_until=None, passed_at=timezone.now() if approved else None
    )


def _recent(user: User) -> list[PhoneChallenge]:
    since = timezone.now() - COUNTED_FOR
    # A code that was typed arrived: the cool-down is for those who wait for one.
    sent = PhoneChallenge.objects.filter(user=user, sent_at__gt=since, passed_at=None)
    return list(sent.order_by("-sent_at")[: len(COOL_DOWNS)])


def _cool_down(sent: int) -> datetime.timedelta:
    return COOL_DOWNS[min(sent, len(COOL_DOWNS)) - 1]


def _refuse_too_soon(user: User) -> None:
    """Keep the cool-down, also between two requests of the same instant."""
    sent = _recent(user)
    wait = wait_for_next(user)
    verdict = limits.hit(f"two-factor-text:{user.pk}", limit=1, per=_cool_down(len(sent) + 1))
    if wait or not verdict:
        raise TooManyTexts(wait or verdict.retry_after)


def _refuse_over_caps(user: User, number: str, actor: Actor) -> None:
    country = country_of(number)
    caps = [
        (f"text-person:{user.pk}", PER_PERSON, DAY),
        (f"text-number:{number}", PER_NUMBER, DAY),
        (f"text-prefix:{prefix_of(number)}", PER_PREFIX, HOUR),
        (f"text-country:{country}", PER_COUNTRY, HOUR),
    ]
    if actor.ip:
        caps.append((f"text-address:{actor.ip}", PER_ADDRESS, HOUR))
    organizations = Membership.objects.filter(user=user).active()
    caps += [
        (f"text-organization:{pk}", PER_ORGANIZATION, DAY)
        for pk in organizations.values_list("organization_id", flat=True)
    ]
    for key, limit, window in caps:
        verdict = limits.hit(key, limit=limit, per=window)
        if not verdict:
            texts_refused.labels(reason=key.partition(":")[0]).inc()
            raise TooManyTexts(verdict.retry_after)


def _cancel_those_of_other_sessions(user: User, key: str, number: str) -> None:
    """Make codes of other sessions worthless: the provider would send the same one again."""
    others = PhoneChallenge.objects.open().filter(number=number).exclude(user=user, key=key)
    for challenge in others:
        sms.backend().cancel(challenge.reference)
        PhoneChallenge.objects.filter(pk=challenge.pk).update(cancelled_at=timezone.now())
