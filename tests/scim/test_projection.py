"""`attributes` and `excludedAttributes` choose what an answer carries."""

import pytest

from scim.wire.projection import read_projection
from scim.wire.schemas import ENTERPRISE_URN, GROUP, USER

DOCUMENT = {
    "schemas": ["urn"],
    "id": "mem_1",
    "userName": "ann@corp.example",
    "name": {"givenName": "Ann", "familyName": "Lee"},
    "emails": [{"value": "a", "type": "work"}, {"type": "home"}],
    ENTERPRISE_URN: {"department": "Ops", "manager": {"value": "M"}},
    "meta": {"resourceType": "User"},
}


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ("userName", {"userName": "ann@corp.example"}),
        ("USERNAME, shoeSize", {"userName": "ann@corp.example"}),
        ("id", {}),
        ("name.givenName", {"name": {"givenName": "Ann"}}),
        ("name.givenName,name.familyName", {"name": DOCUMENT["name"]}),
        ("emails.value", {"emails": [{"value": "a"}, {}]}),
        (f"{ENTERPRISE_URN}:department", {ENTERPRISE_URN: {"department": "Ops"}}),
        (ENTERPRISE_URN, {ENTERPRISE_URN: DOCUMENT[ENTERPRISE_URN]}),
        ("title", {}),
    ],
)
def test_only_the_named_attributes_and_always_id_and_schemas(names, kept):
    projection = read_projection(USER, names, None)

    assert projection.apply(DOCUMENT) == {"schemas": ["urn"], "id": "mem_1", **kept}


def test_excluded_attributes_are_absent_and_the_rest_stays():
    projection = read_projection(USER, None, f"emails,name.familyName,id,{ENTERPRISE_URN}:manager")

    applied = projection.apply(DOCUMENT)

    assert "emails" not in applied
    assert applied["id"] == "mem_1"
    assert applied["name"] == {"givenName": "Ann"}
    assert applied[ENTERPRISE_URN] == {"department": "Ops"}


def test_entra_asks_for_groups_without_members():
    assert not read_projection(GROUP, None, "members").wants("members")
    assert read_projection(GROUP, None, None).wants("members")
    assert not read_projection(GROUP, "displayName", None).wants("members")
