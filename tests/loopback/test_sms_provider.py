"""The SMS provider answers twilio's own client as Verify does."""

import threading
from collections.abc import Iterator

import phonenumbers
import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.loopback.clients import call
from tests.servers.launch import Server, running
from tests.servers.sms_provider import NUMBERS

ANN = "+12025550101"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("sms_provider") as server:
        yield server


@pytest.fixture
def verify(server: Server) -> Iterator[object]:
    """Twilio's client, pointed here the way the product does it."""
    for what in ("messages", "faults"):
        call("DELETE", f"{server.url}/{what}")
    call("POST", f"{server.url}/settings", {"clock_ahead": 0, "dtmf_input_required": True})
    http = TwilioHttpClient(timeout=1)
    client = Client(server["account_sid"], server["auth_token"], http_client=http)
    client.verify.base_url = server.url
    yield client.verify.v2.services(server["service_sid"])
    http.session.close()


def newest(server: Server, to: str = ANN) -> dict[str, str]:
    return call("GET", f"{server.url}/messages?to={to.replace('+', '%2B')}").json[0]


def code_of(refusal) -> tuple[int, int]:
    return refusal.value.status, refusal.value.code


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


@pytest.mark.parametrize("channel", ["sms", "call"])
def test_the_sent_code_is_approved_once(server, verify, channel):
    sent = verify.verifications.create(to=ANN, channel=channel)
    message = newest(server)
    checked = verify.verification_checks.create(to=ANN, code=message["code"])

    assert (sent.status, sent.valid, checked.status, checked.valid) == (
        "pending",
        False,
        "approved",
        True,
    )
    assert (message["channel"], message["verification"]) == (channel, sent.sid)
    with pytest.raises(TwilioRestException) as again:
        verify.verification_checks.create(to=ANN, code=message["code"])
    assert code_of(again) == (404, 20404)


def test_a_code_is_checked_by_the_id_of_its_verification_too(server, verify):
    sent = verify.verifications.create(to=ANN, channel="sms")

    checked = verify.verification_checks.create(
        verification_sid=sent.sid, code=newest(server)["code"]
    )

    assert checked.status == "approved"


def test_one_code_checked_at_the_same_instant_is_approved_once(server, verify):
    verify.verifications.create(to=ANN, channel="sms")
    code = newest(server)["code"]
    url = f"{server.url}/v2/Services/{server['service_sid']}/VerificationCheck"
    auth = (server["account_sid"], server["auth_token"])
    statuses = []

    def check() -> None:
        answer = requests.post(url, {"To": ANN, "Code": code}, auth=auth, timeout=5)
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200] + [404] * 7


def test_a_wrong_code_stays_pending_five_times(server, verify):
    verify.verifications.create(to=ANN, channel="sms")
    code = newest(server)["code"]

    statuses = [
        verify.verification_checks.create(to=ANN, code=other_than(code)).status for _ in range(5)
    ]

    assert statuses == ["pending"] * 5
    with pytest.raises(TwilioRestException) as refusal:
        verify.verification_checks.create(to=ANN, code=code)
    assert code_of(refusal) == (429, 60202)


def test_a_code_sent_again_is_the_same_and_the_sixth_is_refused(server, verify):
    sids = {verify.verifications.create(to=ANN, channel="sms").sid for _ in range(5)}

    assert len(sids) == 1
    assert len({m["code"] for m in call("GET", f"{server.url}/messages").json}) == 1
    with pytest.raises(TwilioRestException) as refusal:
        verify.verifications.create(to=ANN, channel="sms")
    assert code_of(refusal) == (429, 60203)


def test_a_code_is_good_for_ten_minutes(server, verify):
    verify.verifications.create(to=ANN, channel="sms")
    code = newest(server)["code"]
    call("POST", f"{server.url}/settings", {"clock_ahead": 601})

    with pytest.raises(TwilioRestException) as refusal:
        verify.verification_checks.create(to=ANN, code=code)

    assert code_of(refusal) == (404, 20404)


def test_a_canceled_verification_is_gone(server, verify):
    sent = verify.verifications.create(to=ANN, channel="sms")

    canceled = verify.verifications(sent.sid).update(status="canceled")

    assert canceled.status == "canceled"
    with pytest.raises(TwilioRestException) as refusal:
        verify.verification_checks.create(to=ANN, code=newest(server)["code"])
    assert code_of(refusal) == (404, 20404)


def test_another_number_knows_nothing_of_the_code(server, verify):
    verify.verifications.create(to=ANN, channel="sms")

    with pytest.raises(TwilioRestException) as refusal:
        verify.verification_checks.create(to="+12025550102", code=newest(server)["code"])

    assert code_of(refusal) == (404, 20404)


@pytest.mark.threat("F11")
def test_a_call_tells_its_code_after_a_key_press_and_says_whether_it_does(server, verify):
    verify.verifications.create(to=ANN, channel="call")

    assert verify.fetch().dtmf_input_required
    assert "Press any key" in newest(server)["text"]


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("+12025550160", 400, 60200),
        ("+12025550161", 400, 21211),
        ("+12025550162", 400, 21614),
        ("+12025550163", 403, 60205),
        ("+12025550164", 429, 60203),
        ("+12025550165", 429, 60207),
        ("+12025550166", 429, 60212),
        ("+12025550167", 403, 60410),
        ("+12025550168", 429, 20429),
        ("+12025550169", 403, 60223),
        ("+12025550170", 403, 60605),
        ("+12025550173", 400, 21408),
        ("+12025550174", 400, 21610),
        ("+12025550175", 403, 60220),
        ("+12025550176", 403, 60238),
        ("+12025550181", 500, 20500),
        ("+12025550182", 503, 20500),
        ("+12025550183", 502, 502),
    ],
)
def test_a_number_provokes_its_error_at_sending(verify, number, status, code):
    with pytest.raises(TwilioRestException) as refusal:
        verify.verifications.create(to=number, channel="sms")

    assert code_of(refusal) == (status, code)


@pytest.mark.parametrize(
    ("number", "status", "code"), [("+12025550171", 404, 20404), ("+12025550172", 429, 60202)]
)
def test_a_number_provokes_its_error_at_checking(server, verify, number, status, code):
    verify.verifications.create(to=number, channel="sms")

    with pytest.raises(TwilioRestException) as refusal:
        verify.verification_checks.create(to=number, code=newest(server, number)["code"])

    assert code_of(refusal) == (status, code)


def test_a_landline_can_be_called(verify):
    assert verify.verifications.create(to="+12025550163", channel="call").status == "pending"


@pytest.mark.parametrize("number", ["+12025550184", "+12025550180"])
@pytest.mark.threat("A7")
def test_a_provider_that_hangs_or_hangs_up_is_an_error_of_the_connection(server, verify, number):
    call("POST", f"{server.url}/faults", {"fault": "slow", "to": number, "seconds": 2})

    with pytest.raises(requests.RequestException):
        verify.verifications.create(to=number, channel="sms")


def test_a_fault_strikes_everybody_as_often_as_was_asked(server, verify):
    fault = {"fault": "500", "step": "send", "times": 1}
    assert call("POST", f"{server.url}/faults", fault).status == 201

    with pytest.raises(TwilioRestException):
        verify.verifications.create(to=ANN, channel="sms")
    assert verify.verifications.create(to=ANN, channel="sms").status == "pending"


@pytest.mark.parametrize(
    ("to", "channel"), [("2025550101", "sms"), ("+12025550101", "email"), ("+0", "sms")]
)
def test_what_is_no_number_or_channel_is_refused(verify, to, channel):
    with pytest.raises(TwilioRestException) as refusal:
        verify.verifications.create(to=to, channel=channel)

    assert code_of(refusal) == (400, 60200)


def test_wrong_credentials_and_a_foreign_service_are_refused(server):
    stranger = Client(server["account_sid"], "wrong")
    stranger.verify.base_url = server.url
    member = Client(server["account_sid"], server["auth_token"])
    member.verify.base_url = server.url

    with pytest.raises(TwilioRestException) as refusal:
        stranger.verify.v2.services(server["service_sid"]).fetch()
    assert code_of(refusal) == (401, 20003)
    with pytest.raises(TwilioRestException) as refusal:
        member.verify.v2.services("VA" + "0" * 32).fetch()
    assert code_of(refusal) == (404, 20404)
    for client in (stranger, member):
        client.http_client.session.close()


@pytest.mark.parametrize("number", NUMBERS)
def test_every_number_with_a_fault_is_one_that_a_form_accepts(number):
    assert phonenumbers.is_valid_number(phonenumbers.parse(number))
