"""People and organizations at 100,000 members and events, in process

The same pages at 100, for what must not grow with the organization; the rehearsal beside one
statement by hand that gives the same counts; a sign-in by password beside its hash alone.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Organization, User
from accounts.policy import rehearse
from tests.bench.report import Report, in_turns
from tests.factories import PASSWORD, MembershipFactory, OrganizationFactory, UserFactory
from tests.support.signing_in import sign_in

LARGE, SMALL = 100_000, 100
ROUNDS = 60

# By hand: factories would take an hour. A third have a second factor, one in fifty is an admin.
_PEOPLE = """
WITH people AS (
    INSERT INTO accounts_user (public_id, email, first_name, last_name, password, is_superuser,
            is_staff, is_active, time_zone, date_joined, sessions_valid_from, two_factor_set_at)
        SELECT 'usr_' || %(tag)s || lpad(n::text, 12, '0'),
            'p' || n || '@' || %(tag)s || '.example',
            'First' || n, 'Last' || n %% 997, '!', false, false, true, '', now(), now(),
            CASE WHEN n %% 3 = 0 THEN now() END
        FROM generate_series(1, %(count)s) n RETURNING id
)
INSERT INTO accounts_membership (public_id, organization_id, user_id, role, status, source, email,
        first_name, last_name, joined_at, access_valid_from, deactivated_by)
    SELECT 'mem_' || %(tag)s || lpad(row_number() OVER (ORDER BY id)::text, 12, '0'),
        %(organization)s, id, CASE WHEN id %% 50 = 0 THEN 'admin' ELSE 'member' END, 'active',
        'invitation', '', '', '', now() - id * interval '1 second', '1970-01-01', ''
    FROM people
"""
_EVENTS = """
INSERT INTO accounts_auditevent (public_id, occurred_at, event, organization_id, organization_name,
        actor_kind, actor_id, actor_name, actor_email, target_kind, target_id, target_name,
        user_agent, request_id, data)
    SELECT 'evt_' || %(tag)s || lpad(n::text, 12, '0'), now() - n * interval '1 minute',
        (ARRAY['admin:member:role_changed', 'user:organization:entered', 'admin:team:created'])
            [1 + n %% 3],
        %(organization)s, 'Bench', 'user', 'usr_' || n %% 500, 'First' || n %% 500, '', '', '',
        'Target' || n, '', '', '{}'
    FROM generate_series(1, %(count)s) n
"""
# What the rehearsal of requiring a second factor counts, as one would write it by hand.
_COUNTS = """
SELECT count(*), count(*) FILTER (WHERE u.two_factor_set_at IS NULL)
    FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id
    WHERE m.organization_id = %s AND m.status = 'active' AND u.is_active
"""


class Office:
    """An organization of a size, with its owner at a browser."""

    def __init__(self, size: int) -> None:
        self.organization = OrganizationFactory(name=f"Bench {size}")
        owner = MembershipFactory(organization=self.organization, role="owner", user__password=None)
        fill(self.organization, size)
        self.client = sign_in(Client(SERVER_NAME="127.0.0.1"), owner.user)
        self.edge = f"mem_{tag(size)}{size // 2:012d}"

    def get(self, name: str, **query: str) -> None:
        url = reverse(f"organizations:{name}", args=[self.organization.public_id], query=query)
        assert self.client.get(url).status_code == 200

    def members(self) -> None:
        self.get("members")

    def members_middle(self) -> None:
        self.get("members", after=self.edge)

    def members_admins(self) -> None:
        self.get("members", role="admin")

    def members_search(self) -> None:
        self.get("members", q="last7")

    def members_search_of_one(self) -> None:
        self.get("members", q="First77777")

    def members_search_in_vain(self) -> None:
        self.get("members", q="nobody@elsewhere")

    def audit(self) -> None:
        self.get("audit")

    def audit_of_one_kind(self) -> None:
        self.get("audit", event="admin:team:created")


PAGES = ("members", "members_middle", "audit")
# Of these the small organization has fewer rows than a page holds: no ratio says anything.
SEARCHES = ("members_search", "members_search_of_one", "members_search_in_vain")
FILTERED = ("members_admins", *SEARCHES, "audit_of_one_kind")


def tag(size: int) -> str:
    return f"a{size:07d}"


def fill(organization: Organization, size: int) -> None:
    values: dict[str, Any] = {"count": size, "tag": tag(size), "organization": organization.pk}
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, values)
        cursor.execute(_EVENTS, {**values, "organization": organization.public_id})
        for table in ("accounts_user", "accounts_membership", "accounts_auditevent"):
            cursor.execute(f"VACUUM ANALYZE {table}")


def run(report: Report) -> None:
    large, small = Office(LARGE), Office(SMALL)
    medians = in_turns(
        ROUNDS,
        **{f"{name}_{size}": getattr(office, name) for name in (*PAGES, *FILTERED)
           for size, office in ((LARGE, large), (SMALL, small))},
    )  # fmt: skip
    for name in PAGES:
        taken, floor = medians[f"{name}_{LARGE}"], medians[f"{name}_{SMALL}"]
        report.add(f"{name.replace('_', ' ')}, {LARGE:,}", taken, floor=floor, at_most=1.5)
    report.add("members: queries", queries_of(large.members), "queries")
    for name in FILTERED:
        report.add(f"{name.replace('_', ' ')}, {LARGE:,}", medians[f"{name}_{LARGE}"])
    rehearsal(report, large.organization)
    signing_in(report)


def rehearsal(report: Report, organization: Organization) -> None:
    def by_hand() -> tuple[int, ...]:
        with connection.cursor() as cursor:
            cursor.execute(_COUNTS, [organization.pk])
            return tuple(cursor.fetchone())

    def by_rules() -> Any:
        return rehearse(organization, two_factor_required=True)

    medians = in_turns(ROUNDS, by_hand=by_hand, by_rules=by_rules)
    assert by_rules().members == by_hand()[0]
    report.add("rehearsal, one statement by hand", medians["by_hand"])
    report.add("rehearsal", medians["by_rules"], floor=medians["by_hand"], at_most=3)


def signing_in(report: Report) -> None:
    user: User = UserFactory()

    client = Client(SERVER_NAME="127.0.0.1")

    def by_password() -> None:
        client.cookies.pop(settings.SESSION_COOKIE_NAME, None)
        client.post("/sign-in/", {"email": user.email})
        answer = client.post("/sign-in/method/", {"password": PASSWORD})
        assert answer.status_code == 302

    hashed, taken = cpu(lambda: make_password(PASSWORD)), cpu(by_password)
    report.add("the hash of a password, CPU", hashed)
    report.add("sign-in by password, without it, CPU", taken - hashed, at_most=41)
    report.add("sign-in by password, CPU", taken, at_most=110)


def cpu(function: Callable[[], object]) -> float:
    """Return the median CPU time of a call, in milliseconds: goals of sign-in are given in it."""
    taken = []
    for _ in range(ROUNDS // 2):
        begun = time.process_time()
        function()
        taken.append((time.process_time() - begun) * 1000)
    return statistics.median(taken)


def queries_of(call: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)
