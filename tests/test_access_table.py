"""Every URL, for every role, an outsider, another tenant and somebody signed out (ACC-7, T1)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Organization, User
from tests.access_table import (
    FORBIDDEN,
    METHOD,
    NO_TOKEN,
    NOT_FOUND,
    OBJECTS,
    OPEN,
    PEOPLE,
    ROLES,
    SIGN_IN,
    TABLE,
    Row,
)
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.support.signing_in import sign_in

METHODS = ("get", "post")
REFUSALS = {401: NO_TOKEN, 403: FORBIDDEN, 404: NOT_FOUND, 405: METHOD}


@dataclass(frozen=True)
class Page:
    """A URL pattern: its name, and the names of what its path holds."""

    name: str
    route: str
    keys: tuple[str, ...]

    @property
    def objects(self) -> tuple[str, ...]:
        words = row_of(self).words
        return tuple(key for key in self.keys if key not in {"organization_id", *words})

    def url(self, organization: Organization, objects_of: Organization) -> str:
        """Return its address in an organization, with objects of another one, or the same."""
        values: dict[str, Any] = dict(row_of(self).words)
        values |= {key: OBJECTS[key](objects_of) for key in self.objects}
        if "organization_id" in self.keys:
            values["organization_id"] = organization.public_id
        return reverse(self.name, kwargs={k: v for k, v in values.items() if k in self.keys})


def pages(resolver: URLResolver, route: str = "", namespace: str = "") -> Iterator[Page]:
    for pattern in resolver.url_patterns:
        path = f"{route}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from pages(pattern, path, inner)
        elif isinstance(pattern, URLPattern):
            keys = re.findall(r"<(?:\w+:)?(\w+)>", path)
            yield Page(f"{namespace}{pattern.name or ''}", path, tuple(keys))


def row_of(page: Page) -> Row:
    """Return the line of a page: its own, or the nearest of those with a star."""
    if page.name in TABLE:
        return TABLE[page.name]
    stars = [name for name in TABLE if "*" in name and fnmatchcase(page.name, name)]
    return TABLE[max(stars, key=len)]


def is_known(page: Page) -> bool:
    return any(fnmatchcase(page.name, name) for name in TABLE)


ALL = list(pages(get_resolver()))
# Django's own admin has a hundred behind one door: its front and one list stand for them.
WALKED = [
    page
    for page in ALL
    if is_known(page)
    and (
        not page.name.startswith("otpadmin:")
        or page.name in {"otpadmin:index", "otpadmin:auth_group_changelist"}
    )
]


@dataclass(frozen=True)
class World:
    """Acme with one person for each role, and everybody who has no business there."""

    acme: Organization
    other: Organization
    people: dict[str, User | None]

    def client(self, person: str) -> Client:
        client = Client(raise_request_exception=False)
        user = self.people[person]
        return sign_in(client, user) if user else client


@pytest.fixture
def world(db: None) -> World:
    acme, other = OrganizationFactory(name="Acme"), OrganizationFactory(name="Other")
    people: dict[str, User | None] = {"signed out": None, "outsider": UserFactory(password=None)}
    owner_there = MembershipFactory(organization=other, role="owner", user__password=None)
    people["other tenant"] = owner_there.user
    for role in ROLES:
        member = MembershipFactory(organization=acme, role=role, user__password=None)
        people[role] = member.user
    return World(acme, other, people)


def outcome(client: Client, method: str, url: str) -> str:
    """Ask, undo what asking changed, and say what it came to."""
    with transaction.atomic():
        response = getattr(client, method)(url)
        transaction.set_rollback(True)
    if response.status_code >= 500:
        return f"an error: {response.status_code}"
    to = response.headers.get("Location", "")
    if to.startswith(("/sign-in/", "/operators/login/")):
        return SIGN_IN
    return REFUSALS.get(response.status_code, OPEN)


@pytest.mark.requirement("ACC-7", "ACC-2", "SET-2", "SET-3")
@pytest.mark.threat("T1", "T2")
@pytest.mark.parametrize("page", WALKED, ids=lambda page: page.name)
def test_a_page_opens_for_those_of_its_line_and_for_nobody_else(page: Page, world: World) -> None:
    url = page.url(world.acme, world.acme)

    met = {
        (person, method): outcome(world.client(person), method, url)
        for person in PEOPLE
        for method in METHODS
    }

    expected = row_of(page).answers
    wrong = [
        f"{person}, {method.upper()}: {answer}, not {' or '.join(sorted(expected[person]))}"
        for (person, method), answer in met.items()
        if answer not in {*expected[person], METHOD}
    ]
    assert not wrong, f"{page.name} {url}\n  " + "\n  ".join(wrong)
    assert {met["owner", method] for method in METHODS} != {METHOD}, f"{page.name} has no method"


@pytest.mark.requirement("ACC-7")
@pytest.mark.threat("T1")
@pytest.mark.parametrize(
    "page",
    [page for page in WALKED if "organization_id" in page.keys and page.objects],
    ids=lambda page: page.name,
)
@pytest.mark.parametrize("method", METHODS)
def test_another_tenants_object_is_not_found_under_ones_own_organization(
    page: Page, method: str, world: World
) -> None:
    url = page.url(world.acme, objects_of=world.other)

    assert outcome(world.client("owner"), method, url) in {NOT_FOUND, METHOD}


def test_every_page_has_a_line() -> None:
    unknown = [
        f'    "{page.name}": MEMBERS,  # or whoever may open /{page.route}'
        for page in ALL
        if not is_known(page)
    ]

    assert not unknown, "Add to TABLE in tests/access_table.py:\n" + "\n".join(unknown)


def test_every_line_has_a_page() -> None:
    idle = [name for name in TABLE if not any(fnmatchcase(page.name, name) for page in ALL)]

    assert not idle, f"tests/access_table.py names what is gone: {', '.join(idle)}"


def test_every_id_in_a_path_has_a_maker() -> None:
    unknown = {key for page in WALKED for key in page.objects if key not in OBJECTS}

    assert not unknown, f"Add to OBJECTS in tests/access_table.py: {', '.join(sorted(unknown))}"
