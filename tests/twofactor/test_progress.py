"""How enrolment grows: what is counted each hour, and the curve that the settings page draws."""

import datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.organizations.people import people_of
from tests.factories import MembershipFactory, OrganizationFactory
from twofactor.models import EnrolmentDay
from twofactor.services.progress import count, curve, forget_old
from twofactor.tasks import clean_up, count_enrolment

pytestmark = pytest.mark.django_db
NOON = datetime.datetime(2026, 5, 20, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def on_day(number, hour=12):
    return time_machine.travel(NOON.replace(hour=hour) + number * DAY, tick=False)


def enrol(organization, people):
    for _number in range(people):
        MembershipFactory(organization=organization, user__two_factor_set_at=timezone.now())


def kept(organization):
    rows = EnrolmentDay.objects.filter(organization=organization).order_by("day")
    return [((row.day - NOON.date()).days, row.with_method, row.members) for row in rows]


def drawn(organization):
    line = curve(organization, people_of(organization))
    return [(point.label, point.value) for point in line.points]


def test_a_row_is_kept_for_a_day_on_which_the_numbers_changed(acme):
    for day, newly in enumerate((1, 0, 0, 2)):
        enrol(acme, newly)
        with on_day(day):
            count()

    assert kept(acme) == [(0, 1, 2), (3, 3, 4)]


def test_the_last_count_of_a_day_is_the_days(acme):
    with on_day(0, hour=1):
        count()
    enrol(acme, 1)
    with on_day(0, hour=23):
        count()
        count()

    assert kept(acme) == [(0, 1, 2)]


def test_only_those_who_may_enter_are_counted(acme):
    enrol(acme, 1)
    MembershipFactory(
        organization=acme, status="deactivated", deactivated_at=NOON, user__two_factor_set_at=NOON
    )
    MembershipFactory(organization=acme, user__is_active=False, user__two_factor_set_at=NOON)

    with on_day(0):
        count()

    assert kept(acme) == [(0, 1, 2)]


def test_each_organization_has_its_own_numbers(acme):
    bright = OrganizationFactory()
    enrol(bright, 3)

    with on_day(0):
        assert count_enrolment() == 2

    assert (kept(acme), kept(bright)) == ([(0, 0, 1)], [(0, 3, 3)])


def test_all_organizations_are_counted_by_one_statement(acme):
    for _number in range(3):
        enrol(OrganizationFactory(), 2)

    with CaptureQueriesContext(connection) as captured:
        count()

    assert len(captured) == 1


def test_the_curve_leads_up_to_what_is_so_now(acme):
    with on_day(0):
        count()
    enrol(acme, 1)
    with on_day(3):
        count()
    enrol(acme, 1)

    with on_day(7):
        assert drawn(acme) == [("20 May 2026", 0), ("23 May 2026", 1), ("27 May 2026", 2)]
        line = curve(acme, people_of(acme))

    assert (line.summary, line.top) == ("From 0 on 20 May 2026 to 2 today.", 3)


def test_the_curve_begins_with_what_held_when_its_window_opened(acme):
    enrol(acme, 2)
    with on_day(0):
        count()

    with on_day(200):
        assert drawn(acme) == [("7 September 2026", 2), ("6 December 2026", 2)]


def test_the_curve_is_one_bounded_query_whatever_the_number_of_days(acme):
    EnrolmentDay.objects.bulk_create(
        EnrolmentDay(organization=acme, day=NOON.date() - n * DAY, members=9, with_method=n % 9)
        for n in range(1, 300)
    )
    now = people_of(acme)

    with on_day(0), CaptureQueriesContext(connection) as captured:
        line = curve(acme, now)

    assert len(captured) == 1
    assert "LIMIT 91" in captured[0]["sql"]
    assert len(line.points) == 91


def test_what_no_chart_shows_is_forgotten_but_for_what_still_is_so(acme):
    for day in (0, 10):
        enrol(acme, 1)
        with on_day(day):
            count()

    with on_day(500):
        assert forget_old() == 1
        clean_up()

    assert kept(acme) == [(10, 2, 3)]


def test_the_settings_page_says_when_the_curve_begins(client, acme, sign_in):
    sign_in(client, acme.owner)
    count()

    page = client.get(reverse("twofactor:settings", args=[acme.public_id])).content.decode()

    assert "from tomorrow on" in page
    assert '<svg class="chart__svg' not in page


def test_the_settings_page_draws_the_curve_and_says_it_in_words(client, acme, sign_in):
    EnrolmentDay.objects.create(
        organization=acme, day=timezone.now().date() - 5 * DAY, members=1, with_method=0
    )
    sign_in(client, acme.owner)

    page = client.get(reverse("twofactor:settings", args=[acme.public_id])).content.decode()

    assert '<svg class="chart__svg chart__svg--line' in page
    assert "to 0 today." in page
    assert "Show the numbers" in page
