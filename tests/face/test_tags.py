"""Times, waits and icons as templates write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.template import Context, Template
from django.utils import timezone

from accounts.icons import ICONS

NOW = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)


def rendered(source, **values):
    return Template("{% load face %}" + source).render(Context(values))


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=4, seconds=59), "4 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=31), "2 April 2026"),
        (timedelta(seconds=-20), "in a moment"),
        (timedelta(minutes=-5), "in 5 minutes"),
        (timedelta(hours=-23), "in 23 hours"),
        (timedelta(days=-12), "in 12 days"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_a_time_is_said_as_people_say_it(distance, words):
    assert f">{words}</time>" in rendered("{% ago at %}", at=NOW - distance)


@time_machine.travel(NOW, tick=False)
def test_a_time_carries_utc_for_those_who_compare_logs():
    html = rendered("{% ago at %}", at=NOW - timedelta(minutes=4))

    assert 'datetime="2026-05-03T11:56:00+00:00"' in html
    assert 'title="2026-05-03 11:56:00 UTC"' in html


def test_a_day_is_the_readers_own():
    at = datetime(2026, 5, 3, 23, 30, tzinfo=UTC)

    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert ">4 May 2026</time>" in rendered("{% day at %}", at=at)
        assert ">4 May 2026, 01:30</time>" in rendered("{% moment at %}", at=at)


@pytest.mark.parametrize("tag", ["ago", "moment", "day"])
def test_what_never_happened_is_never(tag):
    assert rendered("{% " + tag + " at %}", at=None) == "never"


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=59.2), "1 minute"),
        (timedelta(seconds=61), "2 minutes"),
        (timedelta(hours=1, seconds=1), "2 hours"),
    ],
)
def test_a_wait_is_rounded_up_so_that_nobody_comes_back_too_early(length, words):
    assert rendered("{% wait length %}", length=length) == words


@pytest.mark.parametrize("name", sorted(ICONS))
def test_an_icon_is_hidden_from_those_who_hear_the_words_beside_it(name):
    html = rendered("{% icon name %}", name=name)

    assert 'aria-hidden="true"' in html
    assert "style=" not in html
