"""Every page in both themes and at three widths: axe, console, scrolling, translation."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import resolve, reverse

from tests.face.conftest import World
from tests.face.pages import ADDRESSES, NO_PAGE, PAGES, Page, all_pages
from tests.face.walking import marked_translations, unmarked_sentences

ALL_PAGES = all_pages()


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_every_address_is_walked_or_says_why_not(name):
    known = {page.name for page in ALL_PAGES} | set(NO_PAGE)

    assert name in known, f'add Page("{name}", args=…), or its reason, to tests/face/pages.py'


@pytest.mark.parametrize("name", sorted({page.name for page in PAGES} | set(NO_PAGE)))
def test_the_table_names_no_address_that_is_gone(name):
    assert name in ADDRESSES


def path_to(page: Page, world: World) -> str:
    address, arguments = ADDRESSES[page.name], page.args(world)
    if "organization_id" in address.keys:
        arguments |= {"organization_id": world.organization.public_id}
    if set(arguments) < set(address.keys):
        return address.url(world.organization, world.organization) + page.query
    return reverse(page.name, kwargs=arguments) + page.query


@pytest.fixture
def arrive(world: World, client: Any, sign_in: Any, settings: Any) -> Any:
    """Return the address of a page, its visitor signed in and its state prepared."""
    settings.DEBUG = True  # the demo's pages are pages too

    def arrive_at(page: Page) -> str:
        if page.named:
            settings.BASE_URL = settings.SSO_BASE_URL = "http://localhost:8000"
        if page.who != "nobody":
            sign_in(client, getattr(world, page.who))
        made = page.prepare(world, client) if page.prepare else None
        # A state may have made objects for more than one page.
        if isinstance(made, str) and resolve(urlsplit(made).path).view_name == page.name:
            return made
        return path_to(page, world)

    return arrive_at


@pytest.mark.journey
@pytest.mark.django_db
@pytest.mark.parametrize("page", ALL_PAGES, ids=str)
def test_page_is_whole_in_both_themes_and_at_three_widths(page, arrive, walker, world):
    if walker.visit(arrive(page), status=page.status, submit=page.submit):
        if page.fill:
            walker.send_first_form(page.fill(world))
        walker.judge(str(page).replace(":", "-"))

    assert not walker.problems, "\n".join(["", *walker.problems])


@pytest.mark.django_db
@pytest.mark.parametrize("page", ALL_PAGES, ids=str)
def test_every_sentence_of_a_page_can_be_translated(page, arrive, client, monkeypatch):
    path = arrive(page)
    with marked_translations(monkeypatch):
        response = client.get(path)

    if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        assert response.status_code == page.status
    shown = page.data != ("*",) and response.content
    found = unmarked_sentences(response.content) if shown else []
    assert [sentence for sentence in found if sentence not in page.data] == []
