"""What the short ways of reads and changes must not cost: a cut connection, a lost update."""

import pytest
from django.db import connection

from accounts.models import AuditEvent
from scim.models import RequestRecord
from tests.scim.client import ScimClient

OUT = {"op": "replace", "path": "active", "value": False}


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_cut_is_opened_anew(scim: ScimClient):
    assert scim.get("/Users").status_code == 200
    with pytest.raises(Exception, match=r"terminat|closed"), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    assert scim.get("/Users").status_code == 200


@pytest.mark.parametrize("active", [False, True])
def test_a_switch_in_one_round_trip_has_one_audit_event(scim: ScimClient, active: bool):
    identifier = scim.post("/Users", {"userName": "bob@corp.example"}).json()["id"]
    for value in (False, True)[: 2 if active else 1]:
        scim.patch(f"/Users/{identifier}", {"op": "replace", "path": "active", "value": value})

    event = AuditEvent.objects.filter(target_id=identifier).latest("pk")
    assert event.event.endswith(":reactivated" if active else ":deactivated")
    assert event.target_name.endswith("<bob@corp.example>")


@pytest.mark.requirement("SCIM-6")
@pytest.mark.django_db(transaction=True)
def test_of_eight_that_deactivate_what_they_read_one_does(scim: ScimClient, run_threads):
    user = scim.create("bob@corp.example")
    version = {"If-Match": user["meta"]["version"]}

    def switch(number: int) -> int:
        return scim.patch(f"/Users/{user['id']}", OUT, **version).status_code

    assert sorted(run_threads(8, switch)) == [200] + [412] * 7
    assert AuditEvent.objects.filter(event__endswith=":deactivated").count() == 1
    assert RequestRecord.objects.filter(outcome="changed", method="PATCH").count() == 1
    assert RequestRecord.objects.filter(outcome="refused").count() == 7


@pytest.mark.django_db(transaction=True)
def test_users_created_side_by_side_are_counted(scim: ScimClient, run_threads):
    created = run_threads(8, lambda number: scim.create(f"user{number}@corp.example"))
    for user in created[:3]:
        scim.delete(f"/Users/{user['id']}")

    assert scim.get("/Users?count=0").json()["totalResults"] == 6  # the owner, too


def test_a_creation_that_is_refused_has_one_line_and_it_says_so(scim: ScimClient):
    scim.create("bob@corp.example")
    scim.post("/Users", {"userName": "BOB@corp.example"})

    lines = RequestRecord.objects.order_by("pk").values_list("outcome", "status", "resource_id")
    assert [(outcome, status, bool(known)) for outcome, status, known in lines] == [
        ("changed", 201, True),
        ("refused", 409, False),
    ]
