"""Numbers for operators: what the sweep did, and what waits for it."""

from collections.abc import Iterator

from django.db import DatabaseError, connection
from django.utils import timezone
from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector

from domains.states import Verdict

CHECKS = Counter("domain_checks", "Looks at DNS by verdict.", ["verdict"])
MOVES = Counter("domain_moves", "Changes of a claim's state.", ["before", "after"])
BATCHES = Histogram(
    "domain_batch_seconds",
    "Time from leasing a batch to its last row written.",
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60),
)
# A beat is 10 s: what waits longer than six of them is late.
OVERDUE_SECONDS = 60

WAITING = """
SELECT count(*),
       count(*) FILTER (WHERE next_check_at < %(now)s - make_interval(secs => %(overdue)s)),
       coalesce(extract(epoch FROM %(now)s - min(next_check_at)), 0)
  FROM domains_domainclaim WHERE NOT (state = 'removed') AND next_check_at <= %(now)s
"""


LAST_HOUR = """
SELECT verdict, count(*) FROM domains_domaincheck
 WHERE at > %(now)s - interval '1 hour' GROUP BY verdict
"""


class Waiting(Collector):
    """Asked of the rows at each scrape: a dead worker can't report that nothing is done."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            with connection.cursor() as cursor:
                cursor.execute(WAITING, {"now": timezone.now(), "overdue": OVERDUE_SECONDS})
                due, overdue, oldest = cursor.fetchone()
                cursor.execute(LAST_HOUR, {"now": timezone.now()})
                by_verdict = dict(cursor.fetchall())
        except DatabaseError:
            return  # the other metrics are still worth reading
        yield GaugeMetricFamily("domain_checks_due", "Claims whose check is due.", due)
        yield GaugeMetricFamily(
            "domain_checks_overdue", "Claims whose check is late by a minute or more.", overdue
        )
        yield GaugeMetricFamily(
            "domain_checks_oldest_seconds", "Age of the oldest due check.", float(oldest)
        )
        checked = GaugeMetricFamily(
            "domain_checks_last_hour", "Looks at DNS by verdict.", labels=["verdict"]
        )
        for verdict in Verdict:
            checked.add_metric([verdict.value], by_verdict.get(verdict.value, 0))
        yield checked

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Without a look at the database: registration happens before there is one."""
        return iter(())


def register() -> None:
    REGISTRY.register(Waiting())
