"""In which order a run takes its tests."""

import pytest


def long_ones_first(items: list[pytest.Item]) -> None:
    """Begin with the tests that ask for more than everybody's minute; the others keep their order.

    With `--dist worksteal` the first worker begins with them while the others take the short ones,
    and at the end short ones are left to share out, no long test that everybody waits for.
    """
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)
