"""Room for the frames of a deep call, in one piece."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# Of a frame that asks for 136 kB CPython makes a chunk of 256: behind it fit some four hundred
# frames, twice what a page needs. Only what is used of it becomes memory.
SLOTS = 17_000  # pointers


def with_room(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that calls ``function`` where no call of it ends at the edge of a chunk.

    CPython keeps frames in chunks of 16 kB, and gives a chunk back with its last frame. A loop in a
    template whose calls happen to cross the edge allocates and frees a chunk at each of them: the
    list of people took 11 or 22 ms, by the number of middlewares around it
    (python/cpython#142183, mended in the last releases of 3.13 and in 3.14 and later).
    """

    @wraps(function)
    def roomy(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    bare: Any = roomy
    bare.__code__ = bare.__code__.replace(co_stacksize=SLOTS)
    return roomy
