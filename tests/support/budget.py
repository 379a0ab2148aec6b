"""`make test-fast`: as many tests as fit into a minute, whatever the suite grows to.

Each run notes what its tests took. With --within=SECONDS those that failed last time run first,
then new ones, then the quickest, as long as all together fit; the rest is counted, and left to
`make test`.
"""

from typing import Any

import pytest

KEY = "orgsecurity/durations"
UNKNOWN_SECONDS = 0.1  # of a test that has never run here


def add_option(parser: pytest.Parser) -> None:
    parser.addoption(
        "--within",
        type=float,
        metavar="SECONDS",
        help="leave out the slowest tests, so that the others fit into so many seconds",
    )


def choose(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what fits, in the order of the suite; workers of pytest-xdist all choose the same."""
    seconds = config.getoption("within")
    if not seconds:
        return
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    chosen = fitting(
        [item.nodeid for item in items],
        taken=config.cache.get(KEY, {}),
        failed=set(config.cache.get("cache/lastfailed", {})),
        seconds=seconds * workers,
    )
    left_out = [item for item in items if item.nodeid not in chosen]
    items[:] = [item for item in items if item.nodeid in chosen]
    config.hook.pytest_deselected(items=left_out)


def fitting(
    names: list[str], *, taken: dict[str, float], failed: set[str], seconds: float
) -> set[str]:
    """Return the names that fit into `seconds`: the failed, then the new, then the quickest."""

    def rank(name: str) -> tuple[bool, bool, float]:
        return name not in failed, name in taken, taken.get(name, UNKNOWN_SECONDS)

    chosen: set[str] = set()
    for name in sorted(names, key=rank):
        seconds -= taken.get(name, UNKNOWN_SECONDS)
        if seconds < 0 and name not in failed:
            break
        chosen.add(name)
    return chosen


class Notebook:
    """Notes what each test took, in pytest's cache; a plugin of the controller."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._taken: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        taken = self._taken.get(report.nodeid, 0) + report.duration
        self._taken[report.nodeid] = round(taken, 3)

    def pytest_sessionfinish(self) -> None:
        cache: Any = getattr(self._config, "cache", None)
        if cache and self._taken:
            cache.set(KEY, cache.get(KEY, {}) | self._taken)
