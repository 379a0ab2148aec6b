"""Several at once: for what two people, or two tabs, do in the same moment."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

PATIENCE_SECONDS = 30


def run_threads(count: int, function: Callable[[int], Any]) -> list[Any]:
    """Call `function(0)` … `function(count - 1)` at the same moment, each in a thread.

    Returns what each returned, or the exception that it raised, in order. The test needs
    `@pytest.mark.django_db(transaction=True)`: each thread has a connection of its own.
    """
    results: list[Any] = [None] * count
    together = threading.Barrier(count)

    def call(number: int) -> None:
        together.wait(PATIENCE_SECONDS)
        try:
            results[number] = function(number)
        except Exception as error:  # noqa: BLE001  handed to the test
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    still_running = [thread for thread in threads if thread.is_alive()]
    assert not still_running, "threads wait for one another"
    return results
