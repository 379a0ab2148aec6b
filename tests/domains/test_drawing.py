"""The drawn states are those of the code."""

from domains.drawing import document
from domains.moves import _MOVES
from domains.states import MOVES
from tests.servers.launch import ROOT


def test_the_page_of_states_is_current():
    assert (ROOT / "docs" / "domain-states.md").read_text() == document()


def test_every_move_of_the_table_is_a_service():
    assert {move.service for move in MOVES} == {*_MOVES, "remove"}
