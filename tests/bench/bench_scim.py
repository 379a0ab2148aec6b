"""SCIM with 100,000 users in one organization, in process

What a provider does most, through the whole stack of middleware and the database; then the same at
1,000 users, for what must not grow with the organization.
"""

import itertools
import json
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import Organization
from domains import services as domains
from scim.tokens import describe_members, issue_token
from tests.bench.report import Report, in_turns
from tests.factories import MembershipFactory, OrganizationFactory

ROUNDS = 150
LARGE, SMALL = 100_000, 1_000
BASE = "/api/app/scim/v2"
SYSTEM = Actor.system("bench")

# By hand: factories would take an hour.
_MANY = """
WITH people AS (
    INSERT INTO accounts_user (public_id, email, first_name, last_name, password, is_superuser,
            is_staff, is_active, time_zone, date_joined, sessions_valid_from)
        SELECT 'usr_' || %(tag)s || lpad(n::text, 12, '0'), 'user' || n || '@' || %(domain)s,
            'User', 'N' || n, '!', false, false, true, '', now(), now()
        FROM generate_series(1, %(count)s) n RETURNING id, email
)
INSERT INTO accounts_membership (public_id, organization_id, user_id, role, status, source, email,
        first_name, last_name, joined_at, access_valid_from, deactivated_by)
    SELECT 'mem_' || %(tag)s || lpad(row_number() OVER (ORDER BY id)::text, 12, '0'),
        %(organization)s, id, 'member', 'active', 'scim', email, 'User', 'N', now(), now(), ''
    FROM people ORDER BY id
"""
_DESCRIBE = """
UPDATE scim_userresource r SET external_id = 'ext-' || m.id,
    document = jsonb_build_object(
        'name', jsonb_build_object('givenName', 'User', 'familyName', 'N'),
        'displayName', 'User N', 'title', 'Engineer', 'locale', 'en-US',
        'emails', jsonb_build_array(jsonb_build_object(
            'value', r.user_name, 'type', 'work', 'primary', true)),
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
        jsonb_build_object('department', 'R&D', 'employeeNumber', '7'))
    FROM accounts_membership m WHERE m.id = r.membership_id AND r.organization_id = %s
"""


class Provider:
    """An organization of a size, and the calls of its provider."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.domain = f"bench{size}.example"
        self.organization = OrganizationFactory(name=f"Bench {size}")
        MembershipFactory(
            organization=self.organization, role="owner", user__email=f"owner@{self.domain}"
        )
        domains.vouch(domains.claim(self.organization, self.domain, actor=SYSTEM), actor=SYSTEM)
        fill(self.organization, self.domain, size)
        self.token = issue_token(self.organization, actor=SYSTEM)[1]
        with connection.cursor() as cursor:
            cursor.execute(_DESCRIBE, [self.organization.pk])
        self.client = Client(
            headers={"Authorization": f"Bearer {self.token}"}, SERVER_NAME="127.0.0.1"
        )
        self.numbers = itertools.cycle(range(1, size))
        self.new = itertools.count(size + 1)

    def _id(self) -> str:
        number = next(self.numbers) * 7_919 % self.size + 1
        return f"mem_{tag(self.size)}{number:012d}"

    def get(self, path: str, **parameters: Any) -> None:
        response = self.client.get(BASE + path, parameters)
        assert response.status_code == 200, response.content

    def send(self, method: str, path: str, body: Any) -> None:
        response = self.client.generic(
            method, BASE + path, json.dumps(body), content_type="application/scim+json"
        )
        assert response.status_code < 300, response.content

    def filter(self) -> None:
        number = next(self.numbers) * 7_919 % self.size + 1
        self.get("/Users", filter=f'userName eq "user{number}@{self.domain}"')

    def read(self) -> None:
        self.get(f"/Users/{self._id()}")

    def list(self) -> None:
        self.get("/Users", count=100)

    def deep(self) -> None:
        self.get("/Users", startIndex=max(1, self.size - 150), count=100)

    def middle(self) -> None:
        self.get("/Users", startIndex=self.size // 2, count=100)

    def patch(self) -> None:
        number = next(self.numbers)
        body = {"op": "replace", "path": "active", "value": bool(number % 2)}
        identifier = f"mem_{tag(self.size)}{(number // 2) % self.size + 1:012d}"
        self.send("PATCH", f"/Users/{identifier}", {"Operations": [body]})

    def create(self) -> None:
        name = f"new{next(self.new)}@{self.domain}"
        self.send(
            "POST",
            "/Users",
            {
                "userName": name,
                "externalId": name,
                "name": {"givenName": "New", "familyName": "Person"},
                "emails": [{"value": name, "type": "work", "primary": True}],
                "active": True,
            },
        )


def tag(size: int) -> str:
    return f"b{size:07d}"


def fill(organization: Organization, domain: str, size: int) -> None:
    values: dict[str, Any] = {
        "organization": organization.pk,
        "domain": domain,
        "count": size,
        "tag": tag(size),
    }
    with connection.cursor() as cursor:
        cursor.execute(_MANY, values)
    describe_members(organization)
    with connection.cursor() as cursor:
        for table in ("accounts_user", "accounts_membership", "scim_userresource"):
            cursor.execute(f"VACUUM ANALYZE {table}")


def run(report: Report) -> None:
    from django.conf import settings  # noqa: PLC0415  the bench's own

    settings.RATE_LIMITS = False
    large, small = Provider(LARGE), Provider(SMALL)
    names = ("filter", "read", "list", "deep", "middle", "patch", "create")
    calls = {f"{name}_{one.size}": getattr(one, name) for one in (large, small) for name in names}
    medians = in_turns(ROUNDS, **calls)
    for name in names:
        at_most = 1.3 if name in ("filter", "read", "patch", "create") else None
        taken, floor = medians[f"{name}_{LARGE}"], medians[f"{name}_{SMALL}"]
        report.add(f"{name}, {LARGE:,} users", taken, floor=floor, at_most=at_most)
        report.add(f"{name}: queries", queries_of(getattr(large, name)), "queries")


def queries_of(call: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)
