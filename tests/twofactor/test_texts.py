"""Codes to phones, through Twilio's client and a provider that speaks Verify v2."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from tests.factories import MembershipFactory, UserFactory
from tests.twofactor.support import NUMBER, evidence_in, first_factor, set_up_app, set_up_phone
from twofactor import sms
from twofactor.errors import (
    BeingChecked,
    CodeExpired,
    TextRefused,
    TooManyTexts,
    UsedCode,
    WrongTextCode,
)
from twofactor.models import Enrolment, PhoneChallenge, PhoneDevice
from twofactor.services import texts as service
from twofactor.services.organization import require
from twofactor.sms import Channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def pat():
    return UserFactory(email="pat@corp.example", first_session_used_at=timezone.now())


def send(user, number=NUMBER, *, key="session", channel=Channel.SMS, device=None):
    return service.send(user, key, number, channel, actor=Actor.person(user), device=device)


def check(user, code, number=NUMBER, *, key="session"):
    service.check(user, key, code, number=number, actor=Actor.person(user), counted=False)


@pytest.mark.requirement("TFA-7")
def test_the_set_up_of_a_phone_through_its_pages(client, acme, texts):
    carl = MembershipFactory(organization=acme, user__first_session_used_at=timezone.now()).user
    require(acme, actor=Actor.person(acme.owner))
    first_factor(client, carl)

    chosen = client.post(reverse("twofactor:set_up"), {"method": "sms"})
    bad = client.post(chosen.url, {"country": "DE", "number": "030 901820"})
    good = client.post(chosen.url, {"country": "DE", "number": "0151 23456742"})
    page = client.get(good.url).content.decode()
    wrong = client.post(good.url, {"code": "000000"})
    shown = client.post(good.url, {"code": texts.newest(NUMBER)})
    client.post(reverse("twofactor:recovery_codes"), {"saved": "on"})

    assert "not a mobile number" in bad.content.decode()
    assert "Two-factor verification" in page
    assert NUMBER in page
    assert 'data-countdown="' in page
    assert "Not the code we sent" in wrong.content.decode()
    assert shown.content.decode().count("<li>") >= 10
    assert evidence_in(client) == ["password", "otp"]
    assert PhoneDevice.objects.get(user=carl).number == NUMBER


@pytest.mark.requirement("TFA-7")
def test_a_sign_in_sends_one_code_and_a_reload_sends_none(client, pat, texts):
    set_up_phone(pat)

    answer = first_factor(client, pat)
    page = client.get(answer.url).content.decode()
    client.get(answer.url)
    done = client.post(reverse("twofactor:challenge"), {"code": texts.newest(NUMBER)})

    assert len(texts.sent(NUMBER)) == 1
    assert "number ending 42" in page
    assert NUMBER not in page
    assert done.url == reverse("home")
    assert evidence_in(client) == ["password", "otp"]


@pytest.mark.requirement("TFA-11")
def test_the_code_by_voice_call(client, pat, texts, time_machine_forward):
    set_up_phone(pat)
    first_factor(client, pat)
    client.get(reverse("twofactor:challenge"))

    with time_machine_forward(seconds=31):
        client.post(reverse("twofactor:challenge_send"), {"channel": "call"})
        call = texts.sent(NUMBER)[0]
        client.post(reverse("twofactor:challenge"), {"code": call["code"]})

    assert call["channel"] == "call"
    assert evidence_in(client) == ["password", "otp"]


@pytest.mark.threat("F11")
def test_no_call_where_the_service_tells_the_code_to_a_mailbox(pat, texts):
    texts.set(dtmf_input_required=False)

    with pytest.raises(TextRefused):
        send(pat, channel=Channel.CALL)

    assert texts.sent(NUMBER) == []


@pytest.mark.requirement("TFA-7")
def test_the_cool_down_grows_and_is_said(pat, texts, time_machine_forward):
    waits = []
    moment = 0.0
    for _ in range(4):
        with time_machine_forward(seconds=moment):
            send(pat)
            waits.append(round(service.wait_for_next(pat).total_seconds()))
            with pytest.raises(TooManyTexts, match="0:"):
                send(pat)
        moment += waits[-1] + 1

    assert waits == [30, 60, 120, 120]


@pytest.mark.requirement("TFA-7")
def test_a_code_that_was_typed_leaves_no_cool_down(pat, texts):
    send(pat)
    check(pat, texts.newest(NUMBER))

    assert not service.wait_for_next(pat)
    send(pat)
    assert len(texts.sent(NUMBER)) == 2


@pytest.mark.threat("F9")
def test_ten_codes_a_day_for_a_person_whatever_the_number(pat, texts, time_machine_forward):
    for sent in range(10):
        with time_machine_forward(seconds=sent * 1900):
            send(pat, f"+49151234567{sent:02d}")

    with time_machine_forward(seconds=10 * 1900), pytest.raises(TooManyTexts):
        send(pat, "+4915123456799")


@pytest.mark.threat("F9")
def test_a_range_of_numbers_is_capped_over_all_people(texts):
    outcomes = []
    for n in range(35):
        user = UserFactory()
        try:
            send(user, f"+4915123456{n:03d}"[:15])
        except TooManyTexts:
            outcomes.append("capped")
        else:
            outcomes.append("sent")

    assert outcomes.count("sent") == service.PER_PREFIX


@pytest.mark.threat("F9")
def test_nothing_is_sent_before_a_first_factor(client, texts):
    for name in ("challenge", "set_up_sms", "set_up_phone_code"):
        client.get(reverse(f"twofactor:{name}"))
        client.post(reverse(f"twofactor:{name}"), {"country": "DE", "number": "0151 23456742"})
    client.post(reverse("twofactor:challenge_send"), {"channel": "sms"})
    client.post(reverse("twofactor:set_up_phone_send"), {"channel": "sms"})

    assert texts.sent(NUMBER) == []


@pytest.mark.threat("F10")
def test_a_code_belongs_to_its_session_and_number(pat, texts, time_machine_forward):
    send(pat, key="first")
    code = texts.newest(NUMBER)

    with pytest.raises(CodeExpired):
        check(pat, code, key="second")
    with pytest.raises(CodeExpired):
        check(pat, code, "+4915123456743", key="first")
    with pytest.raises(CodeExpired):
        check(UserFactory(), code, key="first")

    check(pat, code, key="first")  # the control: there it works


@pytest.mark.threat("F10")
def test_another_session_gets_a_code_of_its_own_and_the_first_one_dies(
    pat, texts, time_machine_forward
):
    send(pat, key="first")
    old = texts.newest(NUMBER)

    with time_machine_forward(seconds=31):
        send(pat, key="second")
        new = texts.newest(NUMBER)

        with pytest.raises(CodeExpired):
            check(pat, old, key="first")
        check(pat, new, key="second")
    assert texts.sent(NUMBER)[0]["verification"] != texts.sent(NUMBER)[1]["verification"]


@pytest.mark.requirement("TFA-7")
def test_a_code_is_old_after_ten_minutes_and_worn_out_after_five_tries(
    pat, texts, time_machine_forward
):
    send(pat)
    wrong = "000000" if texts.newest(NUMBER) != "000000" else "000001"
    for _ in range(5):
        with pytest.raises(WrongTextCode):
            check(pat, wrong)
    with pytest.raises(CodeExpired):
        check(pat, texts.newest(NUMBER))

    with time_machine_forward(minutes=20):
        send(pat)
    with time_machine_forward(minutes=31), pytest.raises(CodeExpired):
        check(pat, texts.newest(NUMBER))


@pytest.mark.threat("F1")
def test_a_code_works_once(pat, texts):
    send(pat)
    check(pat, texts.newest(NUMBER))

    with pytest.raises((UsedCode, CodeExpired)):
        check(pat, texts.newest(NUMBER))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("+12025550160", "can’t receive"),
        ("+12025550163", "landline"),
        ("+12025550164", "Too many codes"),
        ("+12025550167", "can’t send codes"),
        ("+12025550170", "can’t send codes"),
        ("+12025550168", "isn’t answering"),
        ("+12025550181", "isn’t answering"),
        ("+12025550182", "isn’t answering"),
        ("+12025550183", "isn’t answering"),
        ("+12025550184", "isn’t answering"),
    ],
)
@pytest.mark.requirement("TFA-7")
def test_the_providers_errors_in_peoples_words(pat, texts, number, words):
    with pytest.raises(TextRefused) as refused:
        send(pat, number)

    assert words in refused.value.sentence
    assert not PhoneChallenge.objects.exists()


@pytest.mark.threat("A7")
def test_a_silent_provider_is_given_up_and_takes_no_guess(pat, texts, monkeypatch):
    set_up_phone(pat)
    device = PhoneDevice.objects.get()
    send(pat, device=device)
    monkeypatch.setattr("twofactor.sms.twilio.TIMEOUT", 0.3)
    from twofactor.sms.twilio import _client  # noqa: PLC0415

    _client.cache_clear()
    texts.fault("slow", step="check", seconds=2)

    with pytest.raises(TextRefused, match="answering"):
        service.pass_phone(pat, "session", "123456", device=device, actor=Actor.person(pat))

    assert Enrolment.objects.get().guesses == 0
    assert PhoneChallenge.objects.get().checking_until is None
    _client.cache_clear()


@pytest.mark.threat("A5")
def test_codes_stand_in_no_log(pat, texts, caplog):
    with caplog.at_level("DEBUG", logger="twilio"), caplog.at_level("DEBUG", logger="twofactor"):
        send(pat)
        check(pat, texts.newest(NUMBER))

    assert texts.newest(NUMBER) not in caplog.text
    assert NUMBER not in "".join(
        record.getMessage() for record in caplog.records if "urllib3" not in record.name
    )


@pytest.mark.requirement("TFA-9")
@pytest.mark.parametrize("old", ["app", "sms"])
def test_the_other_method_takes_the_place_of_the_old_one(client, pat, texts, old):
    phone = set_up_app(pat)[0] if old == "app" else None
    old_codes = [] if old == "app" else set_up_phone(pat)
    assert old_codes or phone
    service_key = "set-up of a test"
    if old == "app":
        from twofactor.services import enrolment  # noqa: PLC0415

        pending = enrolment.begin_phone(pat, service_key, NUMBER)
        enrolment.confirm_phone(pat, pending, actor=Actor.person(pat))
        assert not pat.authenticatordevice_set.exists()
        assert pat.phonedevice_set.count() == 1
    else:
        set_up_app(pat)
        assert not pat.phonedevice_set.exists()
        assert pat.authenticatordevice_set.count() == 1
    assert pat.recovery_codes.count() == 10


@pytest.mark.threat("F1")
@pytest.mark.django_db(transaction=True)
def test_one_code_at_once_in_eight_threads_passes_once(run_threads, texts):
    user = UserFactory()
    challenge = send(user)
    code = texts.newest(NUMBER)

    def attempt(_):
        check(user, code)
        return "passed"

    outcomes = run_threads(8, attempt)

    assert outcomes.count("passed") == 1
    assert all(
        outcome == "passed" or isinstance(outcome, BeingChecked | UsedCode | CodeExpired)
        for outcome in outcomes
    )
    challenge.refresh_from_db()
    assert challenge.passed_at is not None


@pytest.mark.threat("F9")
@pytest.mark.django_db(transaction=True)
def test_eight_requests_for_a_code_at_once_send_one(run_threads, texts):
    user = UserFactory()

    run_threads(8, lambda _: send(user))

    assert len(texts.sent(NUMBER)) == 1


@pytest.mark.requirement("TFA-7")
def test_the_outbox_of_the_demo_keeps_what_would_have_been_sent(pat, settings):
    settings.TWOFACTOR_SMS_BACKEND = "twofactor.sms.outbox.Outbox"
    settings.DEBUG = True
    from twofactor.models import OutboxText  # noqa: PLC0415

    send(pat)
    kept = OutboxText.objects.get()
    check(pat, kept.code)

    assert kept.code in kept.text
    assert not sms.backend().check(str(kept.pk), kept.code)


def test_the_outbox_is_for_debug_only(settings):
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415

    settings.DEBUG = False
    settings.TWOFACTOR_SMS_BACKEND = "twofactor.sms.outbox.Outbox"

    with pytest.raises(ImproperlyConfigured):
        sms.backend()


@pytest.mark.threat("F9")
def test_codes_that_nobody_types_alarm_the_operators(pat):
    from twofactor.tasks import watch_texts  # noqa: PLC0415

    def sent(country, count, passed):
        PhoneChallenge.objects.bulk_create(
            PhoneChallenge(
                user=pat,
                key="k",
                number=NUMBER,
                channel="sms",
                country=country,
                reference="r",
                passed_at=timezone.now() if n < passed else None,
            )
            for n in range(count)
        )

    sent("DE", 60, 50)
    sent("US", 40, 0)
    assert watch_texts() == 0
    sent("TV", 60, 5)

    assert [row["country"] for row in service.suspicious_countries()] == ["TV"]
    assert watch_texts() == 1


def test_cancelled_and_old_rows_are_cleaned_up(pat, texts):
    from twofactor.tasks import clean_up  # noqa: PLC0415

    send(pat)
    PhoneChallenge.objects.update(sent_at=timezone.now() - datetime.timedelta(days=91))

    clean_up()

    assert not PhoneChallenge.objects.exists()
