"""In which order a run takes its tests."""

from typing import Any

from tests.support.order import long_ones_first


class Item:
    def __init__(self, name, *marks):
        self.name, self.marks = name, marks

    def get_closest_marker(self, name):
        return name if name in self.marks else None


def test_those_with_a_timeout_of_their_own_come_first_and_the_others_stay_in_order():
    journey, kill = Item("journey", "timeout"), Item("kill", "slow", "timeout")
    items: list[Any] = [Item("b"), journey, Item("a"), kill]

    long_ones_first(items)

    assert [item.name for item in items] == ["journey", "kill", "b", "a"]
