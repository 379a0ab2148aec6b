"""A world that has something on every page, and a browser to look at it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from tests.face.walking import Walker
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.twofactor.support import cheap_recovery_codes  # noqa: F401  # for every test here

# Read now, while DEBUG is on: the demo's addresses are left out later, when tests run without it.
assert get_resolver().url_patterns


@pytest.fixture(scope="session")
def tab(browser: Any) -> Iterator[Walker]:
    """One tab for all walks of a worker: its caches stay warm."""
    context = browser.new_context()
    yield Walker(context.new_page())
    context.close()


@pytest.fixture
def walker(tab: Walker, client: Client) -> Iterator[Walker]:
    tab.enter(client)
    yield tab
    tab.leave()


class World(SimpleNamespace):
    """People and organizations for every page; each app adds what its pages need."""

    def fill(self, count: int) -> None:
        for _number in range(count):
            MembershipFactory(organization=self.organization)


@pytest.fixture
def world(acme: Any) -> World:
    busy = UserFactory(first_name="Bea", last_name="Busy")
    for organization in (acme, OrganizationFactory(name="Bright", plan="growth")):
        MembershipFactory(organization=organization, user=busy, role="admin")
    return World(
        organization=acme,
        ann=acme.owner,
        member=MembershipFactory(organization=acme).user,
        busy=busy,
        newcomer=UserFactory(),
    )
