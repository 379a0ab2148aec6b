"""The table of states against random answers, and the moves the requirements name."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains import schedule
from domains.states import (
    ABSENT_DAYS_TO_UNVERIFY,
    HOLDING,
    MOVES,
    UNVERIFY_AFTER,
    Cause,
    Grace,
    Standing,
    State,
    Verdict,
    matters,
    move_for,
)

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)

verdicts = st.sampled_from(Verdict)
waits = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=10))
histories = st.lists(st.tuples(verdicts, waits), max_size=60)


def walk(history, standing=None, at=MONDAY):
    """Yield (before, verdict, at, after, move) for each answer of ``history``."""
    standing = standing or Standing(State.PENDING)
    for verdict, wait in history:
        at += wait
        after, move = standing.after(verdict, at)
        yield standing, verdict, at, after, move
        standing = after


@pytest.mark.requirement("DOM-4")
@pytest.mark.threat("D7")
@given(histories)
def test_no_answer_never_moves_a_claim_nor_its_grace(history):
    for before, verdict, _at, after, move in walk(history):
        assert verdict != Verdict.NO_ANSWER or (after == before and move is None)


@pytest.mark.requirement("DOM-4")
@given(histories)
def test_a_holder_loses_its_domain_only_after_seven_days_and_five_absent_ones(history):
    absent: list[datetime] = []
    for before, verdict, at, after, _move in walk(history):
        if verdict == Verdict.PRESENT:
            absent = []
        if verdict == Verdict.ABSENT and before.state in HOLDING:
            absent.append(at)
        if before.state in HOLDING and after.state not in HOLDING:
            assert at - absent[0] >= UNVERIFY_AFTER
            assert len({(when - absent[0]).days for when in absent}) >= ABSENT_DAYS_TO_UNVERIFY


@pytest.mark.requirement("DOM-3")
@given(histories)
def test_every_change_is_a_move_of_the_table(history):
    for before, _verdict, _at, after, move in walk(history):
        assert (before.state == after.state) == (move is None)
        assert move is None or (move in MOVES and move.source == before.state)
        assert (after.grace is not None) == (after.state == State.GRACE)


@given(histories)
def test_only_verdicts_that_matter_change_anything(history):
    for before, verdict, _at, after, _move in walk(history):
        assert verdict in matters(before.state) or after == before


@pytest.mark.requirement("DOM-4")
def test_a_week_of_absent_answers_ends_the_grace():
    standing, move = Standing(State.VERIFIED).after(Verdict.ABSENT, MONDAY)
    assert (standing.state, move.service) == (State.GRACE, "start_grace")

    for day in range(1, 7):
        standing, move = standing.after(Verdict.ABSENT, MONDAY + day * DAY)
        assert move is None
    standing, move = standing.after(Verdict.ABSENT, MONDAY + 7 * DAY)

    assert (standing.state, move.service) == (State.UNVERIFIED, "unverify")


@pytest.mark.threat("D7")
def test_an_outage_of_eight_days_ends_no_grace():
    standing, _ = Standing(State.VERIFIED).after(Verdict.ABSENT, MONDAY)

    for day in range(1, 9):
        standing, _ = standing.after(Verdict.NO_ANSWER, MONDAY + day * DAY)
    standing, _ = standing.after(Verdict.ABSENT, MONDAY + 9 * DAY)

    assert standing == Standing(State.GRACE, Grace(MONDAY, absent_days=2, last_absent_day=9))


@pytest.mark.threat("D7")
def test_a_jump_of_the_clock_ends_no_grace_and_a_clock_set_back_counts_no_day_twice():
    standing, _ = Standing(State.VERIFIED).after(Verdict.ABSENT, MONDAY)

    for jump in (30 * DAY, 2 * DAY, 3 * DAY, 4 * DAY, -5 * DAY):
        standing, _ = standing.after(Verdict.ABSENT, MONDAY + jump)

    assert standing.grace.absent_days == 2


@pytest.mark.requirement("DOM-4")
def test_the_record_back_ends_the_grace_at_once():
    standing, move = Standing(State.GRACE, Grace(MONDAY, 5, 6)).after(
        Verdict.PRESENT, MONDAY + 6 * DAY
    )

    assert (standing, move.service) == (Standing(State.VERIFIED), "recover")


def test_a_removed_claim_moves_no_more():
    assert all(move_for(State.REMOVED, cause) is None for cause in Cause)


# ── The schedule


def looks(count, verdict=Verdict.ABSENT, dice=0.5):
    """Waits between the first ``count`` looks of a pending claim."""
    times = [schedule.first_check(MONDAY)]
    while len(times) < count:
        times.append(
            schedule.next_check(State.PENDING, verdict, at=times[-1], claimed_at=MONDAY, dice=dice)
        )
    return [after - before for before, after in zip([MONDAY, *times], times, strict=False)]


@pytest.mark.requirement("DOM-3")
def test_a_pending_claim_is_looked_at_soon_then_more_and_more_rarely_and_never_given_up():
    waits = [int(wait.total_seconds()) for wait in looks(40)]

    assert waits[:8] == [10, 30, 60, 120, 300, 600, 1800, 3600]
    assert waits[-1] == 6 * 3600
    assert sum(waits[: waits.index(6 * 3600)]) == pytest.approx(24 * 3600, abs=3600)


@pytest.mark.requirement("DOM-3")
def test_pressing_check_now_does_not_use_up_the_early_looks():
    pressed = MONDAY + timedelta(seconds=15)

    planned = schedule.next_check(
        State.PENDING, Verdict.ABSENT, at=pressed, claimed_at=MONDAY, dice=0.5
    )

    assert planned == MONDAY + timedelta(seconds=40)


@pytest.mark.requirement("DOM-4")
@pytest.mark.parametrize(
    ("state", "verdict", "hours"),
    [
        (State.VERIFIED, Verdict.PRESENT, 24),
        (State.VERIFIED, Verdict.NO_ANSWER, 1),
        (State.GRACE, Verdict.ABSENT, 1),
        (State.GRACE, Verdict.NO_ANSWER, 1),
        (State.UNVERIFIED, Verdict.ABSENT, 6),
    ],
)
def test_each_state_has_its_rhythm_within_a_twentieth(state, verdict, hours):
    planned = [
        schedule.next_check(state, verdict, at=MONDAY, claimed_at=MONDAY - 30 * DAY, dice=dice)
        for dice in (0.0, 0.999)
    ]

    assert planned[0] - MONDAY == timedelta(hours=hours) * 0.95
    assert planned[1] - MONDAY == pytest.approx(timedelta(hours=hours) * 1.05, rel=0.01)


@pytest.mark.requirement("DOM-3")
def test_a_published_record_is_looked_at_again_within_half_a_minute():
    planned = schedule.next_check(
        State.PENDING,
        Verdict.ABSENT,
        at=MONDAY,
        claimed_at=MONDAY - DAY * 3,
        dice=0.5,
        published=True,
    )

    assert planned == MONDAY + schedule.PUBLISHED
