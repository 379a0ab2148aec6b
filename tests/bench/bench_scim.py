"""SCIM with 1,000,000 users in one organization, in process

What a provider does most, through the whole stack of middleware and the database, in turns with the
same at 1,000 users: what must not grow with the organization. BENCH_USERS takes another number.
"""

import itertools
import json
import os
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.bench.report import Report, in_turns
from tests.bench.scim import population

ROUNDS = 150
LARGE, SMALL = int(os.environ.get("BENCH_USERS", "1000000")), 1_000
BASE = "/api/app/scim/v2"


class Provider:
    """An organization of a size, and the calls of its provider."""

    def __init__(self, size: int, token: str) -> None:
        self.size = size
        self.domain = population.domain(size)
        self.token = token
        self.client = Client(
            headers={"Authorization": f"Bearer {self.token}"}, SERVER_NAME="127.0.0.1"
        )
        self.numbers = itertools.cycle(range(1, size))
        self.new = itertools.count(size + 1)

    def _id(self) -> str:
        number = next(self.numbers) * 7_919 % self.size + 1
        return population.resource_id(self.size, number)

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
        identifier = population.resource_id(self.size, (number // 2) % self.size + 1)
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


def run(report: Report) -> None:
    from django.conf import settings  # noqa: PLC0415  the bench's own

    settings.RATE_LIMITS = False
    large, small = (Provider(size, population.populate(size)) for size in (LARGE, SMALL))
    compare(report, large, small)


def compare(report: Report, large: Provider, small: Provider) -> None:
    names = ("filter", "read", "list", "deep", "middle", "patch", "create")
    calls = {f"{name}_{one.size}": getattr(one, name) for one in (large, small) for name in names}
    medians = in_turns(ROUNDS, **calls)
    for name in names:
        at_most = 1.3 if name in ("filter", "read", "patch", "create") else None
        taken, floor = medians[f"{name}_{large.size}"], medians[f"{name}_{small.size}"]
        report.add(f"{name}, {large.size:,} users", taken, floor=floor, at_most=at_most)
        report.add(f"{name}: queries", queries_of(getattr(large, name)), "queries")


def queries_of(call: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)
