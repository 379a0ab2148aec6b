"""Statements by hand: prepared on a connection, or sent whole through a pooler."""

import pytest
from django.db import connection

from accounts.models import Membership
from accounts.prepared import Prepared, at_once, named_values_of, values_of_new

TWICE = Prepared("test_twice", "SELECT %(b)s::text || '%%' || %(a)s::text || %(b)s::text")
ONCE = Prepared("test_once", "SELECT %s::int + %s::int")


@pytest.mark.django_db
@pytest.mark.parametrize("through_pooler", [False, True])
def test_values_find_their_places(monkeypatch: pytest.MonkeyPatch, through_pooler: bool):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", through_pooler)

    assert TWICE.rows({"a": "A", "b": "B", "not asked for": 1}) == [("B%AB",)]
    assert at_once((TWICE, {"a": "A", "b": "B"}), (ONCE, (1, 2))) == [(3,)]


def test_a_name_is_of_one_statement():
    with pytest.raises(ValueError, match="test_once"):
        Prepared("test_once", "SELECT 1")


def test_a_row_without_an_instance_has_the_same_values():
    given = {"organization_id": 7, "user_id": 8, "source": "scim", "public_id": "mem_x"}
    instance = Membership(**given)

    assert values_of_new(Membership, **given, joined_at=instance.joined_at) == named_values_of(
        instance
    )
