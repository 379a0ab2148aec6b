"""Journeys: people in a real browser, over the application as `make run` starts it.

`journey` acts by what people perceive: labels, buttons, links. The same journey runs by mouse, by
keyboard alone, and without JavaScript:

    @in_every_way
    def test_ann_claims_a_domain(journey): ...
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.application import Application
from tests.journeys.journey import Journey, Way
from tests.support.database import PROJECT

SCREENSHOTS = PROJECT / ".artifacts" / "journeys"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.journey)
            item.add_marker(pytest.mark.timeout(180))


@pytest.fixture(scope="session")
def application(services: Any) -> Application:
    """The running application, one for the whole run: people and names are a journey's own."""
    return Application(**services.application())


@pytest.fixture
def journey(
    request: pytest.FixtureRequest, browser: Any, application: Application
) -> Iterator[Journey]:
    """Somebody at a browser; further people come by journey.somebody_else()."""
    way = getattr(request, "param", Way.MOUSE)
    name = re.sub(r"[^\w-]+", "-", request.node.name)
    journey = Journey(browser, application, way, screenshots=SCREENSHOTS / name)
    yield journey
    journey.end()
