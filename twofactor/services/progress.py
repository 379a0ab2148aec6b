"""How enrolment grew: counted once an hour, kept a row for each day on which it changed."""

from __future__ import annotations

import datetime

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import charts
from accounts.models import Organization
from accounts.organizations.people import People
from twofactor.models import EnrolmentDay

SHOWN = datetime.timedelta(days=90)
KEPT = datetime.timedelta(days=366)


def count() -> int:
    """Note today's numbers of every organization where they are new; return how many rows.

    One statement over all memberships, whatever the number of organizations; twice a day is once.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO twofactor_enrolmentday AS kept (organization_id, day, members, with_method)
            SELECT now.organization_id, %(today)s, now.members, now.with_method
            FROM (
                SELECT membership.organization_id, count(*) AS members,
                       count(person.two_factor_set_at) AS with_method
                FROM accounts_membership membership
                JOIN accounts_user person ON person.id = membership.user_id AND person.is_active
                WHERE membership.status = 'active'
                GROUP BY membership.organization_id
            ) now
            LEFT JOIN LATERAL (
                SELECT members, with_method FROM twofactor_enrolmentday
                WHERE organization_id = now.organization_id
                ORDER BY day DESC LIMIT 1
            ) last ON true
            WHERE (now.members, now.with_method)
                  IS DISTINCT FROM (last.members::bigint, last.with_method::bigint)
            ON CONFLICT (organization_id, day) DO UPDATE
            SET members = excluded.members, with_method = excluded.with_method
            """,
            {"today": timezone.now().date()},
        )
        return int(cursor.rowcount)


def forget_old() -> int:
    """Delete rows that no chart shows; the newest of an organization says what still is so."""
    newer = EnrolmentDay.objects.filter(
        organization=OuterRef("organization"), day__gt=OuterRef("day")
    )
    old = EnrolmentDay.objects.filter(Exists(newer), day__lt=timezone.now().date() - KEPT)
    return int(old.delete()[0])


def curve(organization: Organization, people: People) -> charts.Line | None:
    """Return the last 90 days as a line up to ``people``, as it is now; None on the first day."""
    today = timezone.now().date()
    begin = today - SHOWN
    kept = EnrolmentDay.objects.filter(organization=organization, day__lt=today)
    # One row a day at most, and one from before: what held when the window opened.
    rows = {max(row.day, begin): row for row in reversed(kept.order_by("-day")[: SHOWN.days + 1])}
    if not rows:
        return None
    counts = {day: row.with_method for day, row in rows.items()} | {today: people.enrolled}
    first = min(counts)
    summary = _("From %(then)d on %(day)s to %(now)d today.") % {
        "then": counts[first],
        "day": charts.in_words(first),
        "now": people.enrolled,
    }
    most = max(people.members, *(row.members for row in rows.values()))
    return charts.line(_("Over time"), summary, list(counts.items()), top=most)
