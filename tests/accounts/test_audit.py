"""The audit log: sentences, filters, paging, export."""

import csv
import io
import json
import re

import pytest
from django.db import connection, transaction
from django.db.utils import Error as DatabaseError
from django.urls import reverse

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.export import harmless
from accounts.audit.record import record_event
from accounts.audit.sentences import sentence
from accounts.models import AuditEvent
from accounts.organizations import members as service
from tests.factories import MembershipFactory, OrganizationFactory, TeamFactory

pytestmark = pytest.mark.django_db


def page(organization, name="audit", **query):
    return reverse(f"organizations:{name}", args=[organization.public_id], query=query)


def sentences(response):
    found = re.findall(r"<p>([^<]+) <span class=\"muted small nowrap\">", response.content.decode())
    return [line.replace("&#x27;", "'").replace("&lt;", "<").replace("&gt;", ">") for line in found]


def note(organization, event, target=None, actor=None, **data):
    with transaction.atomic():
        return record_event(
            event,
            organization=organization,
            actor=actor or Actor.person(organization.owner),
            target=target,
            data=data,
        )


@pytest.mark.requirement("ACC-3")
def test_each_event_is_one_sentence_under_its_day(client, acme, sign_in):
    member = MembershipFactory(
        organization=acme, user__email="bo@corp.example", user__first_name="Bo",
        user__last_name="Burns",
    )  # fmt: skip
    service.change_role(member, "admin", actor=Actor.person(acme.owner))
    sign_in(client, acme.owner)

    lines = sentences(client.get(page(acme)))

    assert lines == [
        "Ann Archer signed in with a password",
        "Ann Archer changed the role of Bo Burns <bo@corp.example> from Member to Admin",
    ]


@pytest.mark.parametrize("event", list(Event))
def test_every_event_has_a_sentence_even_with_nothing_known_of_it(acme, event):
    row = note(acme, event)

    assert sentence(row).startswith(("Ann Archer", " ", "Orgsecurity"))
    assert "{" not in sentence(row)


@pytest.mark.requirement("ACC-3")
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 3),
        ({"event": "admin:team:created"}, 1),
        ({"event": "no:such:event"}, 3),
        ({"q": "blue"}, 1),
        ({"actor": "archer"}, 2),
        ({"actor": "nobody"}, 0),
        ({"since": "2020-01-01", "until": "2020-12-31"}, 0),
        ({"since": "not a day"}, 3),
        ({"after": "evt_of_nobody"}, 3),
    ],
)
def test_filters_narrow_the_log(client, acme, sign_in, query, count):
    sign_in(client, acme.owner)
    note(acme, Event.TEAM_CREATED, TeamFactory(organization=acme, name="Blue"))
    note(acme, Event.DOMAIN_VERIFIED, "corp.example", Actor.system("sweep"))
    note(OrganizationFactory(), Event.TEAM_CREATED, actor=Actor.system("elsewhere"))

    # The page itself notes that Ann came in.
    assert len(sentences(client.get(page(acme, **query)))) == count


@pytest.mark.requirement("ACC-3")
def test_the_log_is_paged_by_key(client, acme, sign_in):
    sign_in(client, acme.owner)
    client.get(page(acme))
    for number in range(119):
        note(acme, Event.DOMAIN_CLAIMED, f"d{number:03}.example")

    first = client.get(page(acme))
    link = re.search(r'rel="next" href="([^"]+)"', first.content.decode()).group(1)
    second = client.get(page(acme) + link)
    back = re.search(r'rel="prev" href="([^"]+)"', second.content.decode()).group(1)

    assert "d118.example" in sentences(first)[0]
    assert "d068.example" in sentences(second)[0]
    assert sentences(client.get(page(acme) + back)) == sentences(first)


# --- Export


def export(client, organization, kind, **query):
    response = client.post(page(organization, "audit_export", **query), {"format": kind})
    return b"".join(response.streaming_content).decode("utf-8-sig")


@pytest.mark.requirement("ACC-3")
def test_the_log_is_exported_as_csv_and_json_lines_as_the_filter_says(client, acme, sign_in):
    sign_in(client, acme.owner)
    note(acme, Event.TEAM_CREATED, TeamFactory(organization=acme, name='Blue, "the" team'))
    note(acme, Event.DOMAIN_CLAIMED, "corp.example")

    rows = list(csv.DictReader(io.StringIO(export(client, acme, "csv", q="blue"))))
    lines = [json.loads(line) for line in export(client, acme, "jsonl").splitlines()]

    assert [row["target_name"] for row in rows] == ['Blue, "the" team']
    assert {line["event"] for line in lines} >= {"admin:team:created", "admin:domain:claimed"}
    events = AuditEvent.objects.filter(event="admin:audit:exported").order_by("id")
    assert [event.data["format"] for event in events] == ["csv", "jsonl"]
    assert events[0].data["filter"] == {"q": "blue"}


@pytest.mark.threat("A2")
@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(client, acme, sign_in, start):
    sign_in(client, acme.owner)
    note(acme, Event.DOMAIN_CLAIMED, f'{start}HYPERLINK("http://evil.example","x")')

    rows = list(
        csv.DictReader(io.StringIO(export(client, acme, "csv", event="admin:domain:claimed")))
    )

    assert rows[0]["target_name"].startswith(("'", "\\"))
    assert harmless("plain") == "plain"


@pytest.mark.threat("A1")
def test_a_name_with_line_breaks_and_script_is_one_escaped_line(client, acme, sign_in):
    sign_in(client, acme.owner)
    row = note(acme, Event.DOMAIN_CLAIMED, "a\r\nb\x1b[31m<script>alert(1)</script>\u202e")

    text = client.get(page(acme)).content.decode()

    assert row.target_name == "a\\r\\nb\\x1b[31m<script>alert(1)</script>\\u202e"
    assert "<script>alert" not in text


# --- The promise


@pytest.mark.requirement("ACC-3")
@pytest.mark.threat("A4")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditevent SET event = 'x'",
        "DELETE FROM accounts_auditevent",
        "TRUNCATE accounts_auditevent",
    ],
)
def test_the_database_refuses_to_change_what_happened(acme, statement):
    note(acme, Event.DOMAIN_CLAIMED, "corp.example")

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert AuditEvent.objects.filter(event="admin:domain:claimed").exists()


@pytest.mark.threat("A3")
def test_a_change_that_is_taken_back_leaves_no_event(acme):
    with pytest.raises(service.LastOwner):
        service.remove_member(acme.owner_membership, actor=Actor.person(acme.owner))

    assert not AuditEvent.objects.exists()


@pytest.mark.threat("A3")
@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused(acme):
    with pytest.raises(RuntimeError, match="transaction of its change"):
        record_event(Event.DOMAIN_CLAIMED, organization=acme, actor=Actor.system("x"))


@pytest.mark.requirement("ACC-3")
def test_the_log_outlives_the_people_it_names(acme):
    note(acme, Event.DOMAIN_CLAIMED, "corp.example")
    public_id = acme.public_id

    acme.delete()

    row = AuditEvent.objects.get(organization_id=public_id)
    assert (row.organization_name, row.actor_name) == ("Acme", "Ann Archer")


@pytest.mark.requirement("ACC-3")
def test_an_organization_reads_of_a_sign_in_only_what_opened_it(client, acme, sign_in):
    elsewhere = MembershipFactory(user=acme.owner, role="owner").organization
    sign_in(client, acme.owner)
    client.get(page(elsewhere))

    lines = sentences(client.get(page(acme)))
    again = sentences(client.get(page(acme)))

    assert lines == ["Ann Archer signed in with a password"]
    assert again == lines
