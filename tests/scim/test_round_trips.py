"""What the short ways of reads and changes must not cost: a cut connection, a lost update."""

import pytest
from django.db import connection

from accounts.models import AuditEvent
from tests.scim.client import ScimClient


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
