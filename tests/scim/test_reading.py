"""What providers send, as they send it, and what we make of it."""

import json

import pytest
from scim2_models import InvalidSyntaxException, InvalidValueException

from scim.wire.reading import load, read_count, read_resource
from scim.wire.schemas import ENTERPRISE_URN, USER

OKTA_CREATES = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "ann@corp.example",
    "name": {"givenName": "Ann", "familyName": "Lee"},
    "emails": [{"primary": True, "value": "ann@corp.example", "type": "work"}],
    "displayName": "Ann Lee",
    "locale": "en-US",
    "externalId": "00u1abcd",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
}
ENTRA_CREATES = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE_URN],
    "externalId": "ann",
    "userName": "Ann@corp.example",
    "active": True,
    "emails": [{"primary": True, "type": "work", "value": "ann@corp.example"}],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "Ann Lee", "familyName": "Lee", "givenName": "Ann"},
    "roles": [],
    ENTERPRISE_URN: {"department": "R&D", "manager": "2c9f"},
}
ONELOGIN_CREATES = {
    "schemas": ["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0"],
    "id": None,
    "active": "true",
    "userName": "ann@corp.example",
    "title": "",
    "meta": {"location": None},
    "urn:scim:schemas:extension:enterprise:2.0": {
        "department": "Ops",
        "manager": {"managerId": "", "displayName": ""},
    },
}
JUMPCLOUD_UPDATES = {
    "schemas": [ENTERPRISE_URN, "urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "ann@corp.example",
    "emails": None,
    "phoneNumbers": [],
    "addresses": [{"type": "work"}],
    "active": True,
}


@pytest.mark.requirement("SCIM-9")
def test_okta_creates_and_its_password_is_never_kept():
    document = read_resource(USER, OKTA_CREATES)

    assert document["name"] == {"givenName": "Ann", "familyName": "Lee"}
    assert document["active"] is True
    assert document["emails"] == OKTA_CREATES["emails"]
    assert not {"password", "groups", "schemas"} & set(document)


@pytest.mark.requirement("SCIM-9")
def test_entra_sends_the_manager_as_a_bare_id():
    document = read_resource(USER, ENTRA_CREATES)

    assert document["userName"] == "Ann@corp.example"
    assert document[ENTERPRISE_URN] == {"department": "R&D", "manager": {"value": "2c9f"}}
    assert not {"meta", "roles"} & set(document)


@pytest.mark.requirement("SCIM-9")
def test_onelogin_speaks_with_the_urns_of_the_drafts_and_strings_for_booleans():
    document = read_resource(USER, ONELOGIN_CREATES)

    assert document == {
        "active": True,
        "userName": "ann@corp.example",
        ENTERPRISE_URN: {"department": "Ops"},
    }


@pytest.mark.requirement("SCIM-9")
def test_nulls_empty_lists_and_entries_that_say_nothing_are_no_attributes():
    assert read_resource(USER, JUMPCLOUD_UPDATES) == {
        "userName": "ann@corp.example",
        "active": True,
    }


@pytest.mark.parametrize("value", ["true", "True", "TRUE", True])
def test_booleans_come_as_strings(value):
    assert read_resource(USER, {"ACTIVE": value}) == {"active": True}


@pytest.mark.parametrize(
    "payload",
    [
        {"active": "maybe"},
        {"active": 1},
        {"userName": 5},
        {"userName": ["a@corp.example"]},
        {"name": "Ann Lee"},
        {"name": {"givenName": {"a": 1}}},
        {"emails": "a@corp.example"},
        {"emails": [7]},
        {"displayName": "x" * 1_025},
        {"userName": "x" * 255},
        {"emails": [{"value": "a"}] * 101},
    ],
)
def test_values_of_the_wrong_type_or_size_are_refused(payload):
    with pytest.raises(InvalidValueException):
        read_resource(USER, payload)


def test_unknown_attributes_and_extensions_are_ignored():
    payload = {
        "userName": "a@corp.example",
        "shoeSize": {"eu": 44},
        "urn:acme:params:custom:User": {"badge": 7},
        "name.givenName": "Ann",
        "is_staff": True,
        "role": "owner",
        "organization": "org_other",
    }

    assert read_resource(USER, payload) == {
        "userName": "a@corp.example",
        "name": {"givenName": "Ann"},
    }


def test_one_email_as_an_object_is_one_entry():
    document = read_resource(USER, {"emails": {"value": "a@corp.example", "Primary": "True"}})

    assert document["emails"] == [{"value": "a@corp.example", "primary": True}]


def test_only_one_entry_is_primary():
    emails = [{"value": "a", "primary": True}, {"value": "b", "primary": True}]

    assert [one["primary"] for one in read_resource(USER, {"emails": emails})["emails"]] == [
        True,
        False,
    ]


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_is_invalid_syntax(body):
    with pytest.raises(InvalidSyntaxException):
        load(body)


@pytest.mark.threat("C6")
@pytest.mark.parametrize(
    "body",
    [
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": 1' + b"0" * 5_000 + b"}",
        b'{"a": "\\u0000"}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        json.dumps({"a": [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}).encode(),
    ],
)
def test_what_no_database_can_hold_is_refused(body):
    with pytest.raises((InvalidSyntaxException, InvalidValueException)):
        load(body)


@pytest.mark.threat("C7")
def test_counts_are_capped_on_both_sides():
    assert read_count("1000000000", default=100, least=0, most=200, name="count") == 200
    assert read_count("-5", default=100, least=0, most=200, name="count") == 0
    assert read_count("", default=100, least=0, most=200, name="count") == 100
    with pytest.raises(InvalidValueException):
        read_count("ten", default=100, least=0, most=200, name="count")
