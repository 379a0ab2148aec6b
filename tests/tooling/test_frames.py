"""Room for the frames of a deep call."""

import sys

import pytest

from orgsecurity.frames import with_room
from orgsecurity.wsgi import application


def test_what_is_called_with_room_answers_as_it_does_alone():
    assert with_room(divmod)(7, 2) == (3, 1)
    assert with_room(sorted)([1, 2], reverse=True) == [2, 1]
    with pytest.raises(ZeroDivisionError):
        with_room(divmod)(1, 0)


def test_a_call_with_room_may_go_as_deep_as_any_other():
    def deep(levels):
        return deep(levels - 1) if levels else 0

    most = sys.getrecursionlimit() - 200

    assert with_room(deep)(most) == deep(most)


def test_each_request_has_room():
    framesize = application.__code__.co_stacksize * 8

    assert framesize > 128 * 1024  # so that CPython makes a chunk of twice that
