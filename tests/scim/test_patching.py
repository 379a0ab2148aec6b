"""Every PATCH shape of the providers, on plain documents."""

import pytest
from scim2_models import (
    InvalidPathException,
    InvalidValueException,
    MutabilityException,
    NoTargetException,
)

from scim.wire.groups import patch_group, read_group
from scim.wire.patching import patch_user, read_operations
from scim.wire.schemas import ENTERPRISE_URN, USER

ID = "mem_1"


def patched(document, *operations):
    payload = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": list(operations),
    }
    document = {"userName": "ann@corp.example", **document}
    return patch_user(USER, document, read_operations(payload), resource_id=ID)


@pytest.mark.requirement("SCIM-9")
@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "value": {"active": False}},
        {
            "op": "REPLACE",
            "path": "urn:ietf:params:scim:schemas:core:2.0:User:Active",
            "value": False,
        },
        {"OP": "add", "Path": "active", "Value": "false", "name": "deactivate"},
    ],
)
def test_providers_deactivate_in_many_words(operation):
    assert patched({"active": True}, operation)["active"] is False


def test_entra_changes_several_attributes_in_order():
    changed = patched(
        {"displayName": "Ann", "emails": [{"type": "work", "value": "old", "primary": True}]},
        {"op": "Replace", "path": "displayName", "value": "Ann L."},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "ann.l@corp.example"},
        {"op": "Add", "path": f"{ENTERPRISE_URN}:department", "value": "Ops"},
        {"op": "Replace", "path": "active", "value": "False"},
    )

    assert changed["displayName"] == "Ann L."
    assert changed["emails"] == [{"type": "work", "value": "ann.l@corp.example", "primary": True}]
    assert changed[ENTERPRISE_URN] == {"department": "Ops"}
    assert changed["active"] is False


def test_entra_gathers_attributes_under_dotted_and_prefixed_keys():
    value = {
        "displayName": "Ann",
        "name.givenName": "Ann",
        f"{ENTERPRISE_URN}:department": "Ops",
        'emails[type eq "work"].value': "ann@corp.example",
    }

    changed = patched({}, {"op": "replace", "value": value})

    assert changed["name"] == {"givenName": "Ann"}
    assert changed[ENTERPRISE_URN] == {"department": "Ops"}
    assert changed["emails"] == [{"type": "work", "value": "ann@corp.example"}]


@pytest.mark.parametrize("verb", ["Add", "Replace"])
@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ('emails[type eq "other"].value', {"type": "other", "value": "b"}),
        ("emails[primary eq true].value", {"primary": True, "value": "b"}),
        ('emails[primary eq "True"].value', {"primary": True, "value": "b"}),
        ('emails[Type EQ "other" and primary eq true].value',
         {"type": "other", "primary": True, "value": "b"}),
    ],
)  # fmt: skip
def test_an_entry_that_the_path_describes_is_created(verb, path, entry):
    changed = patched({}, {"op": verb, "path": path, "value": "b"})

    assert changed["emails"] == [entry]


def test_a_part_of_an_address_changes_inside_its_entry():
    document = {
        "addresses": [{"type": "work", "locality": "Bern"}, {"type": "home", "locality": "X"}]
    }

    changed = patched(
        document,
        {"op": "Add", "path": 'addresses[type eq "work"].streetAddress', "value": "Gasse 1"},
    )

    assert changed["addresses"][0] == {
        "type": "work",
        "locality": "Bern",
        "streetAddress": "Gasse 1",
    }
    assert len(changed["addresses"]) == 2


@pytest.mark.parametrize("value", ["M", {"value": "M"}, [{"$ref": "../Users/M", "value": "M"}]])
def test_a_manager_comes_in_three_forms(value):
    document = {ENTERPRISE_URN: {"manager": {"value": "before", "$ref": "x"}}}

    changed = patched(
        document, {"op": "Replace", "path": f"{ENTERPRISE_URN}:manager", "value": value}
    )

    assert changed[ENTERPRISE_URN]["manager"]["value"] == "M"
    assert changed[ENTERPRISE_URN]["manager"].get("$ref") in (None, "../Users/M")


@pytest.mark.parametrize("path", ["manager", "Manager.value"])
def test_a_manager_comes_without_its_urn_too(path):
    changed = patched({}, {"op": "Add", "path": path, "value": "M"})

    assert changed[ENTERPRISE_URN] == {"manager": {"value": "M"}}
    assert ENTERPRISE_URN not in patched(changed, {"op": "Remove", "path": path})


@pytest.mark.parametrize("value", ["", {"value": ""}, None, {"managerId": ""}])
def test_an_empty_manager_is_none(value):
    document = {ENTERPRISE_URN: {"manager": {"value": "before"}, "department": "Ops"}}

    changed = patched(document, {"op": "Add", "path": f"{ENTERPRISE_URN}:manager", "value": value})

    assert changed[ENTERPRISE_URN] == {"department": "Ops"}


@pytest.mark.parametrize("value", ["", None])
@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"title": "x"}, "title"),
        ({"name": {"givenName": "x"}}, "name.givenName"),
        ({"name": {"givenName": "x"}}, "name"),
        ({"emails": [{"type": "work", "value": "x"}]}, 'emails[type eq "work"].value'),
        ({"emails": [{"type": "work", "value": "x"}]}, "emails"),
        ({ENTERPRISE_URN: {"department": "x"}}, f"{ENTERPRISE_URN}:department"),
        ({ENTERPRISE_URN: {"department": "x"}}, ENTERPRISE_URN),
        ({"externalId": "x"}, "externalId"),
    ],
)
def test_nothing_as_a_value_clears_the_attribute(document, path, value):
    changed = patched(document, {"op": "Replace", "path": path, "value": value})

    assert changed == {"userName": "ann@corp.example"}


def test_removing_what_is_absent_succeeds():
    for path in ("title", "name.givenName", 'emails[type eq "work"]', "phoneNumbers", "shoeSize"):
        assert patched({}, {"op": "Remove", "path": path}) == {"userName": "ann@corp.example"}


def test_a_new_primary_takes_the_flag_from_the_others():
    changed = patched(
        {"emails": [{"value": "a", "primary": True}]},
        {"op": "add", "path": "emails", "value": [{"value": "b", "primary": True}]},
    )

    assert changed["emails"] == [{"value": "a", "primary": False}, {"value": "b", "primary": True}]


def test_an_entry_that_is_there_is_not_doubled():
    changed = patched(
        {"emails": [{"value": "a", "type": "work"}]},
        {"op": "add", "path": "emails", "value": [{"value": "A", "type": "Work", "display": "x"}]},
    )

    assert len(changed["emails"]) == 1


def test_unknown_paths_keys_and_password_are_ignored():
    changed = patched(
        {},
        {"op": "replace", "path": "urn:acme:custom:2.0:User:badge", "value": "7"},
        {"op": "replace", "value": {"password": "secret", "shoe size": 1, "title": "CEO"}},
        {"op": "replace", "path": "password", "value": "secret"},
        {"op": "add", "path": "groups", "value": [{"value": "team_1"}]},
    )

    assert changed == {"userName": "ann@corp.example", "title": "CEO"}


def test_the_same_id_is_no_error_and_another_is():
    assert patched({}, {"op": "replace", "value": {"id": ID, "title": "x"}})["title"] == "x"
    with pytest.raises(MutabilityException):
        patched({}, {"op": "replace", "value": {"id": "mem_2"}})


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ({"op": "remove"}, NoTargetException),
        ({"op": "remove", "path": "userName"}, MutabilityException),
        ({"op": "replace", "path": "userName", "value": ""}, InvalidValueException),
        ({"op": "replace", "path": "id", "value": "x"}, MutabilityException),
        ({"op": "replace", "path": "emails[type eq", "value": "x"}, InvalidPathException),
        ({"op": "replace", "path": "a b", "value": "x"}, InvalidPathException),
        ({"op": "replace", "path": "emails[]", "value": "x"}, InvalidPathException),
        ({"op": "replace", "path": 5, "value": "x"}, InvalidPathException),
        ({"op": "replace", "path": 'emails[value ne "x"].type', "value": "y"}, NoTargetException),
        ({"op": "replace", "value": "x"}, InvalidValueException),
        ({"op": "move", "path": "title"}, InvalidValueException),
        ({"op": "replace", "path": "active", "value": "maybe"}, InvalidValueException),
        ("replace", InvalidValueException),
    ],
)
def test_operations_that_mean_nothing_are_refused_and_change_nothing(operation, error):
    document = {"title": "before"}

    with pytest.raises(error):
        patched(document, {"op": "replace", "path": "title", "value": "after"}, operation)
    assert document == {"title": "before"}


@pytest.mark.threat("C6")
@pytest.mark.parametrize(
    "operations", [None, [], "x", [{"op": "remove", "path": "title"}] * 10_000]
)
def test_lists_of_operations_have_bounds(operations):
    with pytest.raises(InvalidValueException):
        read_operations({"Operations": operations})


# ── Groups


def group(*operations):
    return patch_group(read_operations({"Operations": list(operations)}), resource_id="team_1")


def test_a_group_is_renamed_by_okta_without_a_path():
    change = group({"op": "replace", "value": {"id": "team_1", "displayName": "New"}})

    assert (change.display_name, change.touches_members) == ("New", False)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Remove", "path": "members", "value": [{"value": "U1"}]},
        {"op": "remove", "path": 'members[value eq "U1"]'},
    ],
)
def test_one_member_is_removed(operation):
    change = group(operation)

    assert (change.members, change.removed) == (None, {"U1"})


@pytest.mark.parametrize("value", [[], [{"value": None}], [{"display": "Ann"}], ""])
def test_removing_a_list_of_nobody_takes_nobody_out(value):
    change = group({"op": "remove", "path": "members", "value": value})

    assert not change.touches_members


def test_members_are_added_replaced_and_cleared_in_order():
    change = group(
        {"op": "Add", "path": "members", "value": [{"$ref": None, "value": "U0"}]},
        {"op": "remove", "path": "members"},
        {
            "op": "add",
            "path": "members",
            "value": [{"value": "U1", "display": "Ann"}, {"value": "U2"}],
        },
        {"op": "remove", "path": 'members[value eq "U2"]'},
    )

    assert (change.members, change.added, change.removed) == (set(), {"U1"}, {"U2"})


def test_entra_creates_a_group_with_an_urn_of_its_own_and_no_members():
    change = read_group(
        {
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:Group",
                "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
            ],
            "externalId": "8aa1",
            "displayName": "Sales",
            "meta": {"resourceType": "Group"},
        }
    )

    assert (change.display_name, change.external_id, change.members) == ("Sales", "8aa1", set())


@pytest.mark.parametrize("payload", [{}, {"displayName": ""}, {"displayName": 5}])
def test_a_group_needs_a_name(payload):
    with pytest.raises(InvalidValueException):
        read_group(payload)
