"""The recorded words of each provider, through a whole life: create, change, out, in, delete."""

import pytest

from accounts.models import Membership
from scim.wire.schemas import ENTERPRISE_URN
from tests.scim.client import ScimClient, error_of
from tests.scim.test_reading import ENTRA_CREATES, JUMPCLOUD_UPDATES, OKTA_CREATES, ONELOGIN_CREATES

BOB = "bob@corp.example"
MICROSOFTS_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


def as_bob(words):
    return {**words, "userName": BOB}


@pytest.mark.requirement("SCIM-9", "SCIM-4", "SCIM-5", "SCIM-6", "SCIM-7")
def test_okta(scim, corp):
    assert scim.get("/Users?startIndex=1&count=2").status_code == 200
    assert scim.lookup(f'userName eq "{BOB}"', startIndex=1, count=100)["totalResults"] == 0

    created = scim.post("/Users", as_bob(OKTA_CREATES))
    user = created.json()
    assert created.status_code == 201
    assert user["name"] == {"givenName": "Ann", "familyName": "Lee"}
    assert (user["externalId"], user["locale"], user["active"]) == ("00u1abcd", "en-US", True)
    assert "password" not in user
    path = f"/Users/{user['id']}"

    # A profile push is a PUT of all that was read, with its changes.
    pushed = scim.put(
        path, {**user, "name": {"givenName": "Bobby", "familyName": "Lee"}, "groups": []}
    )
    assert pushed.json()["name"]["givenName"] == "Bobby"
    assert pushed.json()["id"] == user["id"]
    membership = Membership.objects.get(public_id=user["id"])
    assert (membership.first_name, membership.role, membership.source) == (
        "Bobby",
        "member",
        "scim",
    )

    assert scim.patch(path, {"op": "replace", "value": {"password": "x"}}).status_code == 200
    out = scim.patch(path, {"op": "replace", "value": {"active": False}})
    assert (out.status_code, out.json()["active"]) == (200, False)
    assert scim.lookup(f'userName eq "{BOB}"')["Resources"][0]["active"] is False
    back = scim.put(path, {**user, "active": True})
    assert back.json()["active"] is True

    group = scim.post(
        "/Groups", {"displayName": "Sales", "members": [{"value": user["id"]}]}
    ).json()
    renamed = scim.patch(
        f"/Groups/{group['id']}",
        {"op": "replace", "value": {"id": group["id"], "displayName": "Sales EU"}},
    )
    assert renamed.status_code in (200, 204)
    assert scim.get(f"/Groups/{group['id']}").json()["displayName"] == "Sales EU"
    assert scim.get(path).json()["groups"][0]["display"] == "Sales EU"
    assert scim.lookup('displayName eq "SALES eu"', "Groups")["totalResults"] == 1


@pytest.mark.requirement("SCIM-9")
def test_oktas_own_suite(scim, corp):
    first = scim.get("/Users?count=1&startIndex=1").json()["Resources"][0]
    for path in ("userName", "active", "id"):
        assert path in first
    assert first["name"]["familyName"]
    assert first["name"]["givenName"]
    assert first["emails"][0]["value"]
    assert scim.get(f"/Users/{first['id']}").status_code == 200
    assert error_of(scim.get("/Users/010101001010101011001010101011"))[0] == 404
    body = as_bob(OKTA_CREATES)
    assert scim.post("/Users", body, **{"Content-Type": "application/json"}).status_code == 201
    assert error_of(scim.post("/Users", body)) == (409, "uniqueness")
    assert scim.lookup(f'userName eq "{BOB.upper()}"')["totalResults"] == 1
    assert scim.get("/Groups").json()["totalResults"] == 0
    assert error_of(scim.call("GET", "/Users", Authorization="non-token")) == (401, None)


@pytest.mark.requirement("SCIM-9", "SCIM-6", "SCIM-7")
@pytest.mark.parametrize("flag", ["", "?aadOptscim062020"])
def test_entra(scim, flag):
    assert scim.lookup('userName eq "7f1c9b0e-0d8e-4c57-a12e-7e6f3f5b9d7a"')["totalResults"] == 0
    user = scim.post(f"/Users{flag}", as_bob(ENTRA_CREATES)).json()
    assert user[ENTERPRISE_URN]["manager"]["value"] == "2c9f"
    path = f"/Users/{user['id']}{flag}"

    changed = scim.patch(
        path,
        {"op": "Replace", "path": "displayName", "value": "Ann L."},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "ann.l@corp.example"},
        {"op": "Add", "path": f"{ENTERPRISE_URN}:department", "value": "Ops"},
        {"op": "Add", "path": 'addresses[type eq "work"].streetAddress', "value": "Gasse 1"},
        {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "User"},
    ).json()
    assert changed["displayName"] == "Ann L."
    assert changed["emails"] == [{"value": "ann.l@corp.example", "type": "work", "primary": True}]
    assert changed[ENTERPRISE_URN]["department"] == "Ops"
    assert changed["roles"] == [{"primary": True, "value": "User"}]
    assert scim.lookup('externalId eq "ann"')["totalResults"] == 1

    cleared = scim.patch(path, {"op": "Replace", "path": "displayName", "value": ""}).json()
    assert "displayName" not in cleared
    gathered = scim.patch(
        path,
        {"op": "replace", "value": {"displayName": "Ann", "name.givenName": "An",
                                    f"{ENTERPRISE_URN}:department": "HR"}},
    ).json()  # fmt: skip
    assert (gathered["displayName"], gathered["name"]["givenName"]) == ("Ann", "An")
    assert gathered[ENTERPRISE_URN]["department"] == "HR"

    disabled = scim.patch(path, {"op": "Replace", "path": "active", "value": "False"}).json()
    assert disabled["active"] is False
    restored = scim.patch(path, {"op": "Replace", "path": "active", "value": "True"}).json()
    assert restored["active"] is True

    by_manager = f'id eq "{user["id"]}" and manager eq "2c9f"'
    assert scim.lookup(by_manager, attributes="id")["Resources"] == [
        {"schemas": user["schemas"], "id": user["id"]}
    ]
    assert scim.delete(path).status_code == 204
    assert error_of(scim.delete(path))[0] == 404
    again = scim.post("/Users", as_bob(ENTRA_CREATES))
    assert again.status_code == 201
    assert again.json()["id"] != user["id"]


@pytest.mark.requirement("SCIM-9")
def test_entras_catalog_app_sends_no_name_and_one_is_made_up(scim):
    user = scim.create(BOB, displayName="Bob van Dyke")

    assert user["name"] == {"givenName": "Bob", "familyName": "van Dyke"}
    membership = Membership.objects.get(public_id=user["id"])
    assert membership.name == "Bob van Dyke"


@pytest.mark.requirement("SCIM-5", "SCIM-9")
def test_a_name_that_was_made_up_follows_the_display_name(scim):
    user = scim.create(BOB, displayName="Bob van Dyke")
    renamed = {"op": "Replace", "path": "displayName", "value": "Bob Lee"}

    answer = scim.patch(f"/Users/{user['id']}", renamed).json()

    assert answer["name"] == {"givenName": "Bob", "familyName": "Lee"}
    assert Membership.objects.get(public_id=user["id"]).name == "Bob Lee"


def test_a_name_of_one_word_is_said_once_here(scim):
    user = scim.create(BOB, displayName="Cher")
    path = f"/Users/{user['id']}"
    assert user["name"] == {"givenName": "Cher", "familyName": "Cher"}

    scim.patch(path, {"op": "Add", "path": "title", "value": "Singer"})
    assert Membership.objects.get(public_id=user["id"]).name == "Cher"
    scim.patch(path, {"op": "Replace", "path": "displayName", "value": "Cherilyn"})
    assert Membership.objects.get(public_id=user["id"]).name == "Cherilyn"


@pytest.mark.requirement("SCIM-9")
@pytest.mark.parametrize("verb", ["POST", "PATCH", "PUT"])
def test_a_name_that_was_sent_stays_when_the_display_name_changes(scim, verb):
    name = {"givenName": "Robert", "familyName": "van Dyke"}
    user = scim.create(BOB, displayName="Bob", **({"name": name} if verb == "POST" else {}))
    path = f"/Users/{user['id']}"
    if verb == "PATCH":
        scim.patch(path, {"op": "Add", "path": "name", "value": name})
    elif verb == "PUT":
        scim.put(path, {"userName": BOB, "displayName": "Bob", "name": name})

    answer = scim.patch(path, {"op": "Replace", "path": "displayName", "value": "Bobby"}).json()

    assert (answer["displayName"], answer["name"]) == ("Bobby", name)


@pytest.mark.requirement("SCIM-10")
def test_entras_groups(scim):
    users = [scim.create(f"user{number}@corp.example")["id"] for number in range(3)]
    group = scim.post(
        "/Groups",
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", MICROSOFTS_GROUP],
            "externalId": "8aa1a0c0",
            "displayName": "Sales",
            "meta": {"resourceType": "Group"},
        },
    ).json()
    path = f"/Groups/{group['id']}"
    assert "members" not in scim.get(f"{path}?excludedAttributes=members").json()

    added = scim.patch(
        path, {"op": "Add", "path": "members",
               "value": [{"$ref": None, "value": one} for one in [*users, "mem_unknown"]]},
    )  # fmt: skip
    assert (added.status_code, added.content) == (204, b"")
    assert {one["value"] for one in scim.get(path).json()["members"]} == set(users)
    asked = f'id eq "{group["id"]}" and members eq "{users[0]}"'
    assert scim.lookup(asked, "Groups", attributes="id")["totalResults"] == 1

    scim.patch(path, {"op": "Remove", "path": "members", "value": [{"value": users[0]}]})
    scim.patch(path, {"op": "remove", "path": f'members[value eq "{users[1]}"]'})
    assert [one["value"] for one in scim.get(path).json()["members"]] == [users[2]]
    assert scim.lookup(asked, "Groups")["totalResults"] == 0

    assert error_of(scim.post("/Groups", {"displayName": "sales"})) == (409, "uniqueness")
    assert scim.delete(path).status_code == 204
    assert error_of(scim.get(path))[0] == 404
    assert scim.get(f"/Users/{users[2]}").status_code == 200


@pytest.mark.requirement("SCIM-9", "SCIM-6")
def test_onelogin(token):
    scim = ScimClient(token, agent="")
    found = scim.get(
        "/Users?filter=userName+eq+%22nobody%40corp.example%22&", Accept="application/json"
    )
    assert found["Content-Type"] == "application/json"
    user = scim.post(
        "/Users", as_bob(ONELOGIN_CREATES), **{"Content-Type": "application/json"}
    ).json()
    assert user["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE_URN]
    assert "manager" not in user[ENTERPRISE_URN]
    path = f"/Users/{user['id']}?"

    without_active = {
        key: value for key, value in as_bob(ONELOGIN_CREATES).items() if key != "active"
    }
    assert scim.put(path, {**without_active, "title": "CTO"}).json()["title"] == "CTO"
    assert scim.put(path, {**without_active, "active": "false"}).json()["active"] is False
    still_out = scim.put(path, without_active).json()
    assert still_out["active"] is False
    assert "title" not in still_out
    one = scim.patch(
        path, {"op": "replace", "path": "emails", "value": {"value": BOB, "type": "work"}}
    ).json()
    assert one["emails"] == [{"value": BOB, "type": "work"}]

    group = scim.post("/Groups", {"displayName": "Role"}).json()
    scim.patch(
        f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
    )
    assert scim.get(f"/Groups/{group['id']}").json()["members"][0]["value"] == user["id"]
    assert scim.delete(path).status_code == 204


@pytest.mark.requirement("SCIM-9")
def test_jumpcloud(scim):
    assert scim.get("/Users").status_code == 200
    user = scim.create("test@corp.example")
    group = scim.post("/Groups", {"displayName": "Test", "members": [{"value": user["id"]}]}).json()
    updated = scim.put(
        f"/Users/{user['id']}", {**JUMPCLOUD_UPDATES, "userName": "test@corp.example"}
    )
    assert updated.status_code == 200
    assert "emails" not in updated.json()
    assert scim.delete(f"/Groups/{group['id']}").status_code == 204
    assert scim.delete(f"/Users/{user['id']}").status_code == 204


def test_words_come_back_byte_for_byte(scim):
    sent = {
        "phoneNumbers": [{"type": "work", "value": " +41 (0)44 / 123-45 67 "}],
        "locale": "Zaphod",
        "profileUrl": "no url at all",
        "title": "Ünïcödé 🦑 <script>",
        "x509Certificates": [{"value": "MIIC"}],
        "addresses": [{"formatted": "1\n2", "type": "home"}],
    }

    user = scim.create("Bob@Corp.example", **sent)

    assert {name: user[name] for name in sent} == sent
    assert scim.get(f"/Users/{user['id']}").json() == user
    assert user["userName"] == "Bob@Corp.example"
