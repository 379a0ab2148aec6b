"""The chart of the audit log: sign-ins by method and outcome."""

import datetime

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actor import Actor
from accounts.audit import sign_ins
from accounts.audit.events import Event
from accounts.audit.record import record_event
from tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db
PROVEN, ELSEWHERE, SINGLE, REFUSED = (
    "With a second factor",
    "Second factor left to your identity provider",
    "Without a second factor",
    "Refused",
)


@transaction.atomic
def note(organization, *evidence, event=Event.ORGANIZATION_ENTERED, days_ago=0):
    when = datetime.datetime.now(tz=datetime.UTC) - datetime.timedelta(days=days_ago)
    with time_machine.travel(when):
        record_event(
            event,
            organization=organization,
            actor=Actor.system("tests"),
            data={"evidence": list(evidence)},
        )


def counted(organization):
    chart = sign_ins.chart(organization)
    return {bar.label: {part.label: part.value for part in bar.parts} for bar in chart.bars}


def test_sign_ins_are_counted_by_method_and_by_what_else_was_shown(acme):
    note(acme, "password")
    note(acme, "password", "otp")
    note(acme, "password", "otp")
    note(acme, "magic_link")
    note(acme, "google", "otp")
    note(acme, "passkey", "otp")
    note(acme, "saml:conn_1")

    assert counted(acme) == {
        "Single sign-on": {ELSEWHERE: 1},
        "Passkey": {PROVEN: 1},
        "Google": {PROVEN: 1},
        "Link by email": {SINGLE: 1},
        "Password": {PROVEN: 2, SINGLE: 1},
    }
    assert sign_ins.chart(acme).summary == "7 sign-ins."


def test_a_session_with_several_proofs_counts_once_for_the_strongest(acme):
    note(acme, "password", "saml:conn_1")

    assert counted(acme) == {"Single sign-on": {ELSEWHERE: 1}}


def test_a_wrong_second_factor_is_a_refusal(acme):
    note(acme, event=Event.TWO_FACTOR_FAILED)

    assert counted(acme) == {"Wrong second factor": {REFUSED: 1}}


def test_what_is_older_than_a_month_and_what_others_did_is_left_out(acme):
    note(acme, "password", days_ago=29)
    note(acme, "password", days_ago=31)
    note(OrganizationFactory(), "password")

    assert counted(acme) == {"Password": {SINGLE: 1}}


def test_of_many_sign_ins_the_newest_are_read_by_their_index(acme, monkeypatch):
    monkeypatch.setattr(sign_ins, "MOST", 3)
    for days_ago in (5, 4, 3, 2):
        note(acme, "password", days_ago=days_ago)

    with CaptureQueriesContext(connection) as captured:
        chart = sign_ins.chart(acme)

    assert chart.summary.startswith("The newest 3 sign-ins, since ")
    assert [query["sql"].rpartition("LIMIT")[2] for query in captured] == [" 3", " 3"]


def page(organization, **query):
    return reverse("organizations:audit", args=[organization.public_id], query=query)


def test_the_chart_stands_above_the_newest_events_and_not_above_a_search(client, acme, sign_in):
    note(acme, "password")
    sign_in(client, acme.owner)

    assert "Sign-ins of the last 30 days" in client.get(page(acme)).content.decode()
    assert "Sign-ins of the last" not in client.get(page(acme, q="Ann")).content.decode()


def test_no_sign_in_is_no_chart(acme):
    assert sign_ins.chart(acme) is None
