"""The development pages show what was sent and edit the zone, while DEBUG and never else."""

import base64
import json
from collections.abc import Iterator
from importlib import reload
from types import ModuleType
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import clear_url_caches, include, path
from post_office import mail

from tests.loopback.clients import call
from tests.servers.launch import Server, running
from twofactor.models import OutboxText

BROWSER = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Site": "same-origin"}
RECORD = {"name": "corp.example", "type": "TXT", "value": "orgsecurity-domain-verify=abc"}


@pytest.fixture(scope="module")
def name_server() -> Iterator[Server]:
    with running("name_server") as server:
        yield server


@pytest.fixture(scope="module")
def sms_provider() -> Iterator[Server]:
    with running("sms_provider") as server:
        yield server


@pytest.fixture
def development(settings, name_server: Server, sms_provider: Server) -> Iterator[Client]:
    """A client of the product while DEBUG is on, with its loopback servers running."""
    import orgsecurity.urls  # noqa: PLC0415  read while the settings are other than usual

    call("DELETE", f"{name_server['control_url']}/records")
    call("DELETE", f"{sms_provider.url}/messages")
    settings.DEBUG = True
    settings.NAME_SERVER_CONTROL_URL = name_server["control_url"]
    settings.SMS_PROVIDER_URL = sms_provider.url
    from orgsecurity.development import urls  # noqa: PLC0415  importable under DEBUG only

    module = ModuleType("development_urls")
    vars(module)["urlpatterns"] = [*orgsecurity.urls.urlpatterns, path("", include(urls))]
    settings.ROOT_URLCONF = module
    clear_url_caches()
    yield Client(headers={"host": "127.0.0.1"})
    clear_url_caches()


def records(server: Server) -> list[tuple[str, str, str]]:
    listed = call("GET", f"{server['control_url']}/records").json
    return [(record["name"], record["type"], record["value"]) for record in listed]


def send_a_mail(subject: str = "Welcome, Ann") -> None:
    mail.send(
        ["ann@corp.example"],
        "demo@app.example",
        subject=subject,
        message="Open https://app.example/x",
        html_message='<p style="color:red">Open <a href="https://app.example/x">it</a></p>',
    )


def send_a_code(server: Server, channel: str) -> None:
    pair = f"{server['account_sid']}:{server['auth_token']}".encode()
    sent = call(
        "POST",
        f"{server.url}/v2/Services/{server['service_sid']}/Verifications",
        form={"To": "+12025550102", "Channel": channel},
        headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"},
    )
    assert sent.status == 201


@pytest.mark.django_db
def test_the_outbox_lists_mails_texts_and_calls_newest_first(development, sms_provider):
    send_a_mail()
    text = OutboxText.objects.create(
        number="+12025550101", channel="sms", code="123456", text="Your code is: 123456"
    )
    for channel in ("sms", "call"):
        send_a_code(sms_provider, channel)

    listed = development.get("/dev/outbox?format=json").json()

    assert all(
        list(message) == ["kind", "to", "subject", "text", "html", "sent_at"] for message in listed
    )
    assert sorted(message["kind"] for message in listed) == ["call", "mail", "sms", "sms"]
    assert [m["sent_at"] for m in listed] == sorted((m["sent_at"] for m in listed), reverse=True)
    letter = next(message for message in listed if message["kind"] == "mail")
    assert (letter["to"], letter["subject"]) == ("ann@corp.example", "Welcome, Ann")
    assert "https://app.example/x" in letter["text"]
    assert "<p style" in letter["html"]
    assert text.text in {message["text"] for message in listed}


@pytest.mark.django_db
def test_the_outbox_is_asked_for_one_receiver(development):
    send_a_mail()

    assert len(development.get("/dev/outbox?format=json&to=ann@").json()) == 1
    assert development.get("/dev/outbox?format=json&to=bob@").json() == []


@pytest.mark.django_db
def test_the_page_shows_a_mail_in_a_frame_of_its_own_policy(development):
    send_a_mail("<script>alert(1)</script>")

    page = development.get("/dev/outbox", headers=BROWSER)
    shown = page.content.decode()
    source = shown.split('src="/dev/outbox/')[1].split('"')[0]
    frame = development.get(f"/dev/outbox/{source}", headers=BROWSER)

    assert "&lt;script&gt;alert(1)" in shown
    assert "banner" not in shown
    assert "<script>alert(1)" not in shown
    assert "'unsafe-inline'" not in page["Content-Security-Policy"]
    assert "sandbox allow-popups" in frame["Content-Security-Policy"]
    assert "allow-scripts" not in frame["Content-Security-Policy"]
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert b'<base target="_blank"><p style="color:red">' in frame.content


@pytest.mark.django_db
def test_the_outbox_says_that_the_provider_is_away(development, settings):
    settings.SMS_PROVIDER_URL = "http://127.0.0.1:1"
    send_a_mail()

    assert "does not answer" in development.get("/dev/outbox", headers=BROWSER).content.decode()
    assert len(development.get("/dev/outbox?format=json").json()) == 1


@pytest.mark.parametrize(
    "ways",
    [
        {"data": RECORD},
        {"data": json.dumps(RECORD), "content_type": "application/json"},
        {"query_params": RECORD},
    ],
    ids=["form", "json", "query"],
)
def test_a_program_publishes_a_record_without_a_token(name_server, development, ways):
    careful = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1"})

    answer = careful.post("/dev/dns", **ways)

    assert answer.status_code == 201
    assert answer.json()["value"] == RECORD["value"]
    assert records(name_server) == [tuple(RECORD.values())]


@pytest.mark.parametrize(
    "ways",
    [
        {"data": urlencode(RECORD), "content_type": "application/x-www-form-urlencoded"},
        {"data": json.dumps(RECORD), "content_type": "application/json"},
        {"query_params": RECORD},
    ],
    ids=["form", "json", "query"],
)
def test_a_program_removes_a_record_the_same_way(name_server, development, ways):
    for value in (RECORD["value"], "another"):
        development.post("/dev/dns", {**RECORD, "value": value})

    answer = development.delete("/dev/dns", **ways)

    assert answer.json() == {"removed": 1}
    assert records(name_server) == [("corp.example", "TXT", "another")]


def test_a_removal_names_what_it_removes(name_server, development):
    development.post("/dev/dns", RECORD)

    assert development.delete("/dev/dns").status_code == 400
    assert records(name_server) == [tuple(RECORD.values())]


@pytest.mark.parametrize(
    "record",
    [
        {"name": "", "value": "x"},
        {"name": "a..example", "value": "x"},
        {"name": "a.example", "type": "A", "value": "nonsense"},
        {"name": "a.example", "type": "SRV", "value": "x"},
    ],
)
@pytest.mark.django_db
def test_a_record_that_is_none_is_refused_with_its_reason(name_server, development, record):
    program = development.post("/dev/dns", record)
    person = development.post("/dev/dns", record, headers=BROWSER)

    assert (program.status_code, person.status_code) == (400, 400)
    assert program.json()["error"]
    assert b"There is a problem" in person.content
    assert records(name_server) == []


@pytest.mark.django_db
def test_a_person_publishes_and_removes_by_the_page(name_server, development):
    published = development.post("/dev/dns", RECORD, headers=BROWSER)
    page = development.get("/dev/dns", headers=BROWSER).content.decode()
    removed = development.post("/dev/dns/remove", RECORD, headers=BROWSER)

    assert published["Location"] == removed["Location"] == "/dev/dns"
    assert "Remove<span" in page
    assert records(name_server) == []


def test_another_site_s_page_changes_nothing(name_server, development):
    answer = development.post("/dev/dns", RECORD, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert records(name_server) == []


@pytest.mark.django_db
def test_a_name_server_that_is_away_is_said(development, settings):
    settings.NAME_SERVER_CONTROL_URL = "http://127.0.0.1:1"

    assert development.post("/dev/dns", RECORD).status_code == 503
    assert b"does not answer" in development.get("/dev/dns", headers=BROWSER).content


@pytest.mark.threat("A11")
@pytest.mark.parametrize("address", ["/dev/outbox", "/dev/outbox/1/html", "/dev/dns"])
def test_without_debug_the_pages_are_not_there(development, settings, address):
    settings.DEBUG = False

    assert development.get(address).status_code == 404


@pytest.mark.threat("A11")
def test_without_debug_their_addresses_cannot_even_be_read(development, settings):
    from orgsecurity.development import urls  # noqa: PLC0415  importable under DEBUG only

    settings.DEBUG = False

    with pytest.raises(ImproperlyConfigured):
        reload(urls)
