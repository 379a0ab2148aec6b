"""What holds for every request: authentication, media types, paths, errors, paging, ETags."""

from io import BytesIO

import pytest
from django.db import connection

from accounts.actor import Actor
from accounts.models import Plan
from accounts.policy import change_plan
from scim.models import Token
from tests.factories import MembershipFactory
from tests.scim.client import BASE, ScimClient, error_of


@pytest.mark.requirement("SCIM-2")
def test_a_token_lists_the_users_of_its_organization(scim, corp):
    MembershipFactory(organization=corp, user__email="bob@corp.example", user__first_name="Bob")

    answer = scim.get("/Users").json()

    assert answer["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
    assert (answer["totalResults"], answer["startIndex"], answer["itemsPerPage"]) == (2, 1, 2)
    first, second = answer["Resources"]
    assert first["userName"] == "ann@corp.example"
    assert first["name"] == {"givenName": "Ann", "familyName": "Archer"}
    assert first["emails"][0]["value"] == "ann@corp.example"
    assert first["active"] is True
    assert second["name"]["givenName"] == "Bob"


@pytest.mark.threat("C1")
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", "Basic YTpi", "non-token", "Bearer t\xf6ken", "Token {}"],
)
def test_without_a_token_that_lives_the_answer_is_401_in_scim(scim, token, authorization):
    header = authorization.format(token) if authorization else authorization

    response = scim.call("GET", "/Users", Authorization=header)

    assert error_of(response) == (401, None)
    assert response["WWW-Authenticate"] == 'Bearer realm="SCIM"'


@pytest.mark.threat("C1")
def test_a_token_in_the_query_is_none(scim, token):
    response = scim.call("GET", f"/Users?access_token={token}&token={token}", Authorization=None)

    assert response.status_code == 401


def test_the_scheme_is_read_in_any_case(scim, token):
    assert scim.call("GET", "/Users", Authorization=f"bearer  {token}").status_code == 200


@pytest.mark.requirement("SCIM-1")
def test_the_token_is_stored_as_a_hash_only(token):
    stored = Token.objects.get()

    assert token not in str(vars(stored))
    assert stored.ending == token[-4:]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("application/scim+json", 201),
        ("application/scim+json; charset=utf-8", 201),
        ("Application/JSON;charset=UTF-8", 201),
        ('application/json; charset="utf-8"', 201),
        ("application/json; odata=verbose", 201),
        ("application/json; charset=iso-8859-1", 415),
        ("application/scim+json; charset=utf-16", 415),
        ("", 201),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/xml", 415),
    ],
)
def test_media_types(scim, content_type, status):
    response = scim.post(
        "/Users", {"userName": "bob@corp.example"}, **{"Content-Type": content_type}
    )

    assert response.status_code == status
    assert response["Content-Type"] == "application/scim+json"


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/scim+json"),
        ("*/*", "application/scim+json"),
        ("application/json", "application/json"),
        ("application/scim+json, application/json", "application/scim+json"),
    ],
)
def test_the_answer_has_the_type_that_was_asked_for(scim, accept, answered):
    assert scim.get("/Users", Accept=accept)["Content-Type"] == answered
    assert scim.get("/Users/nobody", Accept=accept)["Content-Type"] == answered


@pytest.mark.parametrize(
    "path", ["/Users", "/Users/", "/Users?", "/users", "/Users?&", "/Users?aadOptscim062020"]
)
def test_paths_are_the_same_with_ornaments(scim, path):
    assert scim.get(path).status_code == 200


def test_a_dangling_question_mark_after_an_id_is_nothing(scim):
    identifier = scim.create()["id"]

    assert scim.get(f"/Users/{identifier}?").json()["id"] == identifier


@pytest.mark.parametrize(
    ("method", "path", "expected", "allow"),
    [
        ("GET", "/Users/nobody", (404, None), None),
        ("GET", "/Users/%00", (404, None), None),
        ("GET", "/Users/%ff%fe", (404, None), None),
        ("GET", "/Nowhere", (404, None), None),
        ("GET", "/Users/a/b", (404, None), None),
        ("PUT", "/Users", (405, None), "GET, POST"),
        ("DELETE", "/Users", (405, None), "GET, POST"),
        ("POST", "/Users/x", (405, None), "DELETE, GET, PATCH, PUT"),
        ("OPTIONS", "/Groups", (405, None), "GET, POST"),
        ("POST", "/Schemas", (405, None), "GET"),
        ("POST", "/Bulk", (501, None), None),
        ("GET", "/Me", (501, None), None),
        ("GET", "/Users?filter=shoeSize eq 44", (400, "invalidFilter"), None),
        ("GET", "/Users?filter=userName eq", (400, "invalidFilter"), None),
        ("GET", "/Users?filter=userName eq %22%00%22", (400, "invalidFilter"), None),
        ("GET", "/Users?count=ten", (400, "invalidValue"), None),
        ("GET", "/Schemas?filter=id pr", (403, None), None),
    ],
)
def test_errors_are_scim_everywhere(scim, method, path, expected, allow):
    response = scim.call(method, path)

    assert error_of(response) == expected
    assert response.get("Allow") == allow


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"userName": "bob@corp.example", "externalId": "x" * 256}, (400, "invalidValue")),
        ("", (400, "invalidSyntax")),
        ("{", (400, "invalidSyntax")),
        ("[]", (400, "invalidSyntax")),
        ({}, (400, "invalidValue")),
        ({"userName": ""}, (400, "invalidValue")),
        ({"userName": "bob"}, (400, "invalidValue")),
        ({"userName": "bob@corp.example\u0000"}, (400, "invalidValue")),
        ({"userName": "bob@elsewhere.example"}, (403, None)),
        ({"userName": "bob@sub.corp.example"}, (403, None)),
        ({"userName": "bob@notcorp.example"}, (403, None)),
        ({"userName": "bob@corp.example.evil.example"}, (403, None)),
        ({"userName": "ann@corp.example"}, (409, "uniqueness")),
        ({"userName": "ANN@CORP.example"}, (409, "uniqueness")),
    ],
)
@pytest.mark.requirement("SCIM-3", "SCIM-4")
def test_what_cannot_be_created(scim, body, expected):
    assert error_of(scim.post("/Users", body)) == expected


@pytest.mark.threat("C6")
@pytest.mark.parametrize("size", [1_000_001, 17_000_000])
def test_a_body_beyond_a_megabyte_is_refused(scim, size):
    response = scim.post("/Users", b"x" * size)

    assert error_of(response)[0] == 413


def test_a_body_too_large_is_read_to_its_end_so_that_the_answer_is_heard(scim):
    body = BytesIO(b"x" * 3_000_000)

    assert error_of(in_chunks(scim, body))[0] == 413
    assert body.read() == b""


def test_a_refusal_without_a_look_at_the_body_is_heard_too(db):
    body = BytesIO(b"x" * 3_000_000)

    assert error_of(in_chunks(ScimClient("wrong"), body))[0] == 401
    assert body.read() == b""


@pytest.mark.threat("C6")
def test_a_body_without_end_is_cut_off(scim):
    body = BytesIO(b"x" * 20_000_000)

    assert error_of(in_chunks(scim, body))[0] == 413
    assert body.read() != b""


@pytest.mark.requirement("SCIM-9")
def test_a_body_in_chunks_is_read_though_its_length_is_not_announced(scim):
    response = in_chunks(scim, BytesIO(b'{"userName": "bob@corp.example"}'))

    assert response.status_code == 201
    assert error_of(in_chunks(scim, BytesIO(b""))) == (400, "invalidSyntax")


def in_chunks(scim, body):
    """Send what the server hands on of a Transfer-Encoding: chunked."""
    return scim.http.request(
        **{
            "REQUEST_METHOD": "POST",
            "PATH_INFO": f"{BASE}/Users",
            "CONTENT_TYPE": "application/json",
            "HTTP_AUTHORIZATION": f"Bearer {scim.token}",
            "HTTP_TRANSFER_ENCODING": "chunked",
            "wsgi.input": body,
            "wsgi.input_terminated": True,
        }
    )


def test_created_users_carry_meta_location_and_version(scim):
    response = scim.post("/Users", {"userName": "Bob@corp.example"})
    user = response.json()

    assert user["userName"] == "Bob@corp.example"
    assert response["Location"] == user["meta"]["location"]
    assert user["meta"]["location"].endswith(f"{BASE}/Users/{user['id']}")
    assert response["ETag"] == user["meta"]["version"]
    assert {"resourceType", "created", "lastModified"} <= set(user["meta"])
    assert "null" not in response.content.decode()


def test_an_unknown_user_is_an_empty_list(scim):
    answer = scim.lookup('userName eq "nobody@corp.example"')

    assert (answer["totalResults"], answer["Resources"], answer["itemsPerPage"]) == (0, [], 0)


@pytest.mark.parametrize(
    "expression",
    [
        'userName eq "bob@corp.example"',
        'USERNAME Eq "BOB@corp.example"',
        'externalId eq "00u1"',
        'emails[type eq "work"].value eq "bob@corp.example"',
        'emails.value eq "BOB@corp.example"',
        'emails eq "bob@corp.example"',
        'name.familyName co "yer"',
        'userName sw "bob" and active eq true',
        'userName sw "bob" and (title eq "x" or not (title pr))',
        'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "bob@corp.example"',
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "R&D"',
        'userName sw "bob" and manager eq "M1"',
        'userName sw "bob" and meta.lastModified ge "2020-01-01T00:00:00.1234567Z"',
        'active eq "True" and meta.created le "2099-01-01T00:00:00Z" and userName sw "b"',
        'userName ew "corp.example" and userName ne "ann@corp.example"',
        'displayName eq "B \\"100%\\" _"',
    ],
)
@pytest.mark.requirement("SCIM-9")
def test_filters_that_occur_find_bob_alone(scim, expression):
    scim.create(
        externalId="00u1",
        name={"givenName": "Bob", "familyName": "Meyer"},
        displayName='B "100%" _',
        emails=[{"type": "work", "value": "bob@corp.example"}],
        **{
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "department": "R&D",
                "manager": "M1",
            }
        },
    )

    answer = scim.lookup(expression)

    assert [one["userName"] for one in answer["Resources"]] == ["bob@corp.example"]
    assert answer["totalResults"] == 1


@pytest.mark.parametrize(
    "expression",
    ['externalId eq "00U1"', 'userName eq "b%"', 'userName eq "b_b@corp.example"', "title pr"],
)
def test_filters_that_find_nobody(scim, expression):
    scim.create(externalId="00u1")

    assert scim.lookup(expression)["totalResults"] == 0


def test_members_never_provisioned_are_found_by_what_is_shown_of_them(scim):
    for expression in (
        'emails.value eq "ann@corp.example"',
        'name.givenName eq "ann"',
        'displayName eq "Ann Archer"',
    ):
        assert scim.lookup(expression)["totalResults"] == 1


@pytest.mark.threat("C6")
@pytest.mark.parametrize(
    "expression",
    ["(" * 500 + "title pr" + ")" * 500, " and ".join(["title pr"] * 51), "x" * 5_000,
     "not (" * 40 + "title pr" + ")" * 40],
)  # fmt: skip
def test_filters_have_bounds(scim, expression):
    response = scim.http.get(
        f"{BASE}/Users", {"filter": expression}, headers={"Authorization": f"Bearer {scim.token}"}
    )

    # Parentheses alone nest nothing; the rest is refused.
    assert response.status_code in (200, 400)


def test_a_name_is_given_back_as_it_was_sent_and_found_as_it_was_sent(scim):
    assert scim.create(" bob@corp.example ")["userName"] == " bob@corp.example "

    assert scim.lookup('userName eq " bob@corp.example "')["totalResults"] == 1
    assert scim.lookup('userName eq "bob@corp.example"')["totalResults"] == 1


def test_a_plus_in_an_address_arrives_encoded(scim):
    scim.create("bob+test@corp.example")

    found = scim.get("/Users?filter=userName+eq+%22bob%2Btest%40corp.example%22&").json()

    assert found["totalResults"] == 1


def test_pages_are_stable_and_complete(scim):
    for number in range(11):
        scim.create(f"user{number}@corp.example")

    seen = []
    for start in range(1, 14, 5):
        page = scim.get(f"/Users?startIndex={start}&count=5").json()
        assert (page["totalResults"], page["startIndex"]) == (12, start)
        assert page["itemsPerPage"] == len(page["Resources"])
        seen += [one["id"] for one in page["Resources"]]

    assert len(seen) == len(set(seen)) == 12


@pytest.mark.threat("C7")
@pytest.mark.parametrize(
    ("query", "items"),
    [
        ("count=0", 0),
        ("count=-3", 0),
        ("count=1000000000", 1),
        ("startIndex=-1", 1),
        ("startIndex=1180591620717411303424", 0),
        ("startIndex=2", 0),
    ],
)
def test_paging_at_its_edges(scim, query, items):
    page = scim.get(f"/Users?{query}").json()

    assert (page["totalResults"], page["itemsPerPage"]) == (1, items)


def test_deep_pages_are_read_from_the_nearer_end(scim, monkeypatch):
    monkeypatch.setattr("scim.reads.DEEP", 3)
    for number in range(9):
        scim.create(f"user{number}@corp.example")
    everybody = [one["id"] for one in scim.get("/Users").json()["Resources"]]

    for start in range(1, 13):
        page = scim.get(f"/Users?startIndex={start}&count=3").json()
        assert [one["id"] for one in page["Resources"]] == everybody[start - 1 : start + 2]
        assert page["totalResults"] == 10


def test_lists_are_sorted_where_asked(scim):
    scim.create("zoe@corp.example", title="b")
    scim.create("abe@corp.example", title="a")

    ascending = scim.get("/Users?sortBy=userName").json()["Resources"]
    descending = scim.get("/Users?sortBy=title&sortOrder=descending&filter=title pr").json()[
        "Resources"
    ]

    assert [one["userName"][:3] for one in ascending] == ["abe", "ann", "zoe"]
    assert [one["title"] for one in descending] == ["b", "a"]


def test_searches_by_body_do_what_the_query_does(scim):
    scim.create("bob@corp.example", title="x")

    found = scim.post("/Users/.search", {"filter": "title pr", "attributes": ["title"], "count": 5})
    both = scim.post("/.search", {"count": 10})

    assert found.json()["Resources"][0].keys() == {"schemas", "id", "title"}
    assert both.json()["totalResults"] == 2


def test_a_search_at_the_root_finds_users_and_groups(scim):
    scim.create("bob@corp.example", displayName="Sales")
    scim.post("/Groups", {"displayName": "Sales"})

    def search(**asked):
        return [
            one["meta"]["resourceType"] for one in scim.post("/.search", asked).json()["Resources"]
        ]

    assert search(filter='displayName eq "sales"') == ["User", "Group"]
    assert search(filter='userName eq "bob@corp.example"') == ["User"]
    assert search(filter="members pr or displayName pr", startIndex=1) == ["Group"]
    assert search(startIndex=3) == ["Group"]
    assert search(startIndex=2, count=1) == ["User"]
    assert error_of(scim.post("/.search", {"filter": "shoeSize pr"})) == (400, "invalidFilter")


def test_a_stale_version_changes_nothing(scim):
    created = scim.create()
    path, version = f"/Users/{created['id']}", created["meta"]["version"]
    assert scim.patch(path, {"op": "add", "path": "title", "value": "x"}).status_code == 200

    late = scim.patch(path, {"op": "add", "path": "title", "value": "y"}, **{"If-Match": version})

    assert error_of(late) == (412, None)
    assert "Read it again" in late.json()["detail"]
    assert error_of(scim.delete(path, **{"If-Match": version}))[0] == 412
    fresh = scim.get(path)
    assert fresh.json()["title"] == "x"
    assert scim.get(path, **{"If-None-Match": fresh["ETag"]}).status_code == 304
    assert scim.delete(path, **{"If-Match": fresh["ETag"]}).status_code == 204


def test_a_patch_that_changes_nothing_keeps_the_version(scim):
    created = scim.create(title="x")

    again = scim.patch(f"/Users/{created['id']}", {"op": "replace", "path": "title", "value": "x"})

    assert again.json()["meta"] == created["meta"]


@pytest.mark.requirement("SCIM-10")
def test_discovery_says_what_is_served(scim):
    config = scim.get("/ServiceProviderConfig").json()
    types = scim.get("/ResourceTypes").json()
    schemas = scim.get("/Schemas").json()

    assert config["patch"]["supported"]
    assert config["etag"]["supported"]
    assert config["bulk"]["supported"] is False
    assert config["filter"]["maxResults"] >= 100
    assert [one["id"] for one in types["Resources"]] == ["User", "Group"]
    assert schemas["totalResults"] == 3
    user = scim.get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User").json()
    names = {one["name"] for one in user["attributes"]}
    mapped = "userName name emails phoneNumbers addresses active title nickName userType locale"
    assert {*mapped.split(), "preferredLanguage", "timezone", "roles", "displayName"} <= names
    assert "password" not in names
    assert scim.get("/ResourceTypes/Group").json()["endpoint"] == "/Groups"
    assert scim.get("/Schemas/urn:nothing").status_code == 404
    for document in (config, types, schemas):
        assert "None" not in str(document)


@pytest.mark.requirement("SCIM-1")
def test_a_token_of_an_organization_without_the_plan_is_none(scim, corp):
    change_plan(corp, Plan.GROWTH, actor=Actor.system("tests"))

    assert scim.get("/Users").status_code == 401


def test_a_token_calls_at_its_pace_and_no_faster(scim, settings):
    settings.RATE_LIMITS, settings.SCIM_REQUESTS_PER_SECOND = True, 5

    answers = [scim.get("/Users?count=0") for _ in range(12)]

    statuses = [one.status_code for one in answers]
    assert statuses[:5] == [200] * 5
    assert 429 in statuses
    refused = next(one for one in answers if one.status_code == 429)
    assert error_of(refused) == (429, None)
    assert int(refused["Retry-After"]) >= 1


def test_head_is_answered_without_a_body(scim):
    response = scim.call("HEAD", "/Users")

    assert (response.status_code, response.content) == (200, b"")


def test_clients_of_two_organizations_do_not_meet(scim, other):
    assert ScimClient(other.scim.token).get("/Users").json()["totalResults"] == 1


def test_what_the_pages_would_refuse_in_html_is_answered_in_scim(scim):
    strange = scim.http.get(
        f"{BASE}/Users", headers={"Authorization": f"Bearer {scim.token}", "Host": "evil.example"}
    )
    many = scim.get("/Users?" + "&".join(f"p{number}=1" for number in range(1_000)))

    assert strange.status_code == 200
    assert "evil.example" not in strange.content.decode()
    assert error_of(many)[0] == 400
    assert not strange.cookies


@pytest.mark.django_db(transaction=True)
@pytest.mark.requirement("SCIM-11")
def test_an_answer_stands_where_the_line_of_the_log_cannot_be_written(scim):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE scim_requestrecord RENAME TO away")
    try:
        answer = scim.get("/Users")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO scim_requestrecord")

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/scim+json")
