"""A world that has something on every page, and a browser to look at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.face.walking import HEIGHT, WIDTHS, Walker


@pytest.fixture(scope="session")
def shared_page(browser: Any) -> Iterator[Any]:
    """One tab for all walks of a worker: its caches stay warm."""
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": HEIGHT})
    yield context.new_page()
    context.close()


@pytest.fixture
def walker(shared_page: Any, client: Client) -> Iterator[Walker]:
    walker = Walker(shared_page, client)
    yield walker
    walker.leave()
