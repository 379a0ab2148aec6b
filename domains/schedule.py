"""When a claim is looked at next (DOM-3, DOM-4). Pure: the clock and the dice are arguments."""

from datetime import datetime, timedelta
from itertools import accumulate

from domains.states import State, Verdict

FIRST_WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (10, 30, 60, 2 * 60, 5 * 60, 10 * 60, 30 * 60)
)
# By the claim's age, not by its number of looks: pressing "Check now" must not use them up.
FIRST_LOOKS = tuple(accumulate(FIRST_WAITS))
HOURLY = timedelta(hours=1)
HOURLY_UNTIL = timedelta(hours=24)
SIX_HOURLY = timedelta(hours=6)
DAILY = timedelta(days=1)
# A record that the domain's own servers publish already waits only for the resolvers' old answer.
PUBLISHED = timedelta(seconds=30)
LEAST_WAIT = timedelta(seconds=5)
# Daily looks drift apart by a tenth, so that a million claims of one Monday don't stay one Monday.
JITTER = 0.1


def first_check(claimed_at: datetime) -> datetime:
    return claimed_at + FIRST_LOOKS[0]


def next_check(
    state: State,
    verdict: Verdict,
    *,
    at: datetime,
    claimed_at: datetime,
    dice: float,
    published: bool = False,
) -> datetime:
    """The time of the look after the one at ``at``.

    ``state`` is the one after that look, ``dice`` a random number in [0, 1), ``published`` whether
    the domain's own servers gave the record while the resolvers did not.
    """
    wait = _wait(state, verdict, age=at - claimed_at)
    if published:
        wait = min(wait, PUBLISHED)
    if wait >= HOURLY:
        wait *= 1 + JITTER * (dice - 0.5)
    return at + wait


def _wait(state: State, verdict: Verdict, *, age: timedelta) -> timedelta:
    if state == State.VERIFIED:
        return HOURLY if verdict == Verdict.NO_ANSWER else DAILY
    if state == State.GRACE:
        return HOURLY
    if state == State.UNVERIFIED:
        return SIX_HOURLY
    for look in FIRST_LOOKS:
        if look - age >= LEAST_WAIT:
            return look - age
    return HOURLY if age < HOURLY_UNTIL else SIX_HOURLY
