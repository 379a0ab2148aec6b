"""One's own pages, the organization's page, and the reset by an admin."""

import datetime
import re

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnCredential
from post_office.models import Email

from accounts.actor import Actor
from accounts.models import AuditEvent, Plan
from tests.factories import PASSWORD, MembershipFactory, OrganizationFactory, UserFactory
from tests.twofactor.support import (
    NUMBER,
    Phone,
    evidence_in,
    first_factor,
    set_up_app,
    set_up_phone,
)
from twofactor.devices import Methods, methods_of, summary_of
from twofactor.models import (
    AuthenticatorDevice,
    Enrolment,
    MemberReset,
    PhoneDevice,
    RecoveryCode,
    RememberedBrowser,
)
from twofactor.services.organization import require
from twofactor.services.reset import carry_out_due, open_reset

pytestmark = pytest.mark.django_db
CHALLENGE = "/sign-in/two-factor/"


@pytest.fixture
def pat(acme):
    user = UserFactory(email="pat@corp.example", first_session_used_at=timezone.now())
    MembershipFactory(organization=acme, user=user)
    return user


def later(**by):
    return time_machine.travel(datetime.datetime.now(tz=datetime.UTC) + datetime.timedelta(**by))


def seed_on(page):
    return re.search(r'id="secret-key"[^>]*>([A-Z2-7 ]+)<', page.content.decode())[1]


def codes_on(page):
    return re.findall(r"<li>([0-9a-z]{4}-[0-9a-z]{5}-[0-9a-z]{5})</li>", page.content.decode())


# --- Profile


def columns_of(rows):
    return [
        {field.attname: getattr(row, field.attname) for field in row._meta.fields} for row in rows
    ]


@pytest.mark.requirement("TFA-8")
@pytest.mark.parametrize("waiting", [True, False])
def test_the_statements_by_hand_find_what_the_models_find(pat, acme, waiting):
    now, hour = timezone.now(), datetime.timedelta(hours=1)
    stranger = UserFactory()
    for person in (pat, stranger):
        set_up_app(person)
        set_up_phone(person)
        WebAuthnCredential.objects.create(
            user=person,
            credential_id=b"id%d" % person.pk,
            public_key=b"key",
            aaguid="0",
            sign_count=0,
        )
        PhoneDevice.objects.create(user=person, number="+4917012345678", confirmed=False)
        for number, expires_at in enumerate((now + hour, now + hour, now - hour)):
            RememberedBrowser.objects.create(
                user=person, token_hash=f"{person.pk} {number}", expires_at=expires_at
            )
    spent = RecoveryCode.objects.filter(user=pat).first()
    RecoveryCode.objects.filter(pk=spent.pk).update(used_at=now)
    ends = [{"stopped_at": now}, {"done_at": now}, *([{}] if waiting else [])]
    for number, end in enumerate(ends):
        MemberReset.objects.create(
            user=pat, organization=acme, stop_token_hash=str(number), due_at=now + hour, **end
        )

    summary = summary_of(pat)

    confirmed = [
        model.objects.filter(user=pat, confirmed=True)
        for model in (AuthenticatorDevice, PhoneDevice, WebAuthnCredential)
    ]
    methods = summary.methods
    assert methods == methods_of(pat)
    assert methods.enrolment == Enrolment.objects.get(user=pat)
    assert [*map(columns_of, (methods.authenticators, methods.phones, methods.passkeys))] == [
        *map(columns_of, confirmed)
    ]
    assert methods.codes_left == RecoveryCode.objects.filter(user=pat, used_at=None).count() > 0
    assert summary.browsers == 2
    assert summary.reset == open_reset(pat)
    assert (summary.reset is not None) is waiting
    assert summary.reset is None or summary.reset.organization == acme


def test_whoever_set_nothing_up_has_no_methods(pat):
    summary = summary_of(pat)

    assert summary.methods == Methods()
    assert (summary.browsers, summary.reset) == (0, None)


@pytest.mark.requirement("TFA-8")
def test_set_up_method_logs_out_and_the_next_sign_in_runs_the_set_up(client, pat, sign_in):
    sign_in(client, pat)
    page = client.get(reverse("twofactor:profile")).content.decode()
    confirm = client.get(reverse("twofactor:change")).content.decode()

    client.post(reverse("twofactor:change"))
    assert evidence_in(client) == []
    answer = first_factor(client, pat)
    step = client.get(answer.url).content.decode()
    skipped = client.post(reverse("twofactor:skip"))

    assert "Set Up Method" in page
    assert "be logged out" in confirm
    assert answer.url == reverse("twofactor:set_up")
    assert "Not now" in step
    assert skipped.url == reverse("home")
    client.post("/sign-out/")
    assert first_factor(client, pat).url == reverse("home")  # and is not asked for ever


@pytest.mark.requirement("TFA-8", "TFA-9")
def test_change_method_passes_the_old_one_and_kills_it_when_the_new_one_is_confirmed(
    client, pat, sign_in
):
    phone, codes = set_up_app(pat)
    sign_in(client, pat)
    assert "Change Method" in client.get(reverse("twofactor:profile")).content.decode()

    client.post(reverse("twofactor:change"))
    assert first_factor(client, pat).url == CHALLENGE
    after = client.post(CHALLENGE, {"code": phone.code()})
    page = client.get(reverse("twofactor:set_up_app"))
    new = Phone(seed_on(page))
    shown = client.post(reverse("twofactor:set_up_app"), {"code": new.code()})
    client.post(reverse("twofactor:recovery_codes"), {"saved": "on"})

    assert after.url == reverse("twofactor:set_up")
    assert "keeps working until the new one is confirmed" in page.content.decode()
    assert len(codes_on(shown)) == 10
    assert evidence_in(client) == ["password", "otp"]
    client.post("/sign-out/")
    with later(minutes=2):
        first_factor(client, pat)
        assert client.post(CHALLENGE, {"code": phone.code()}).status_code == 200
        old_code = client.post(reverse("twofactor:recovery_code"), {"code": codes[0]})
        assert old_code.status_code == 200
        client.post(CHALLENGE, {"code": new.code()})
        assert evidence_in(client) == ["password", "otp"]


@pytest.mark.requirement("TFA-6")
def test_new_recovery_codes_take_password_and_code(client, pat, sign_in):
    phone, old = set_up_app(pat)
    sign_in(client, pat)
    url = reverse("twofactor:regenerate")

    wrong_password = client.post(url, {"password": "wrong", "code": phone.code()})
    wrong_code = client.post(url, {"password": PASSWORD, "code": "000000"})
    shown = client.post(url, {"password": PASSWORD, "code": phone.code()})

    assert codes_on(wrong_password) == codes_on(wrong_code) == []
    new = codes_on(shown)
    assert len(new) == 10
    assert not set(new) & set(old)
    assert RecoveryCode.objects.filter(user=pat).count() == 10


@pytest.mark.requirement("TFA-11")
def test_sms_people_add_an_authenticator_as_a_backup(client, pat, sign_in, texts):
    set_up_phone(pat)
    sign_in(client, pat)
    url = reverse("twofactor:add_backup")
    backup = Phone(seed_on(client.get(url)))

    client.post(url, {"name": "Work phone", "code": backup.code()})
    page = client.get(reverse("twofactor:profile")).content.decode()
    still_in = client.get(reverse("twofactor:profile")).status_code
    client.post("/sign-out/")
    first_factor(client, pat)
    challenge = client.get(CHALLENGE).content.decode()
    with later(minutes=1):
        client.post(reverse("twofactor:challenge_with", args=["app"]), {"code": backup.code()})

    assert "Work phone" in page
    assert "umber ending 42" in page
    assert still_in == 200
    assert "Use another method" in challenge
    assert evidence_in(client) == ["password", "otp"]
    assert Enrolment.objects.get(user=pat).primary.startswith("twofactor.phonedevice/")


@pytest.mark.requirement("TFA-11")
def test_a_backup_is_removed_with_the_password_and_the_last_method_is_not(client, pat, sign_in):
    set_up_app(pat)
    sign_in(client, pat)
    url = reverse("twofactor:add_backup")
    backup = Phone(seed_on(client.get(url)))
    client.post(url, {"name": "", "code": backup.code()})
    primary, second = AuthenticatorDevice.objects.order_by("id")
    remove = reverse("twofactor:remove_backup")

    client.post(remove, {"device": second.persistent_id, "password": "wrong"})
    assert AuthenticatorDevice.objects.count() == 2
    client.post(remove, {"device": second.persistent_id, "password": PASSWORD})
    assert AuthenticatorDevice.objects.count() == 1
    client.post(remove, {"device": primary.persistent_id, "password": PASSWORD})
    assert AuthenticatorDevice.objects.count() == 1


@pytest.mark.threat("F10")
def test_another_persons_device_is_not_found(client, pat, sign_in):
    other = UserFactory()
    set_up_app(other)
    set_up_app(pat)
    sign_in(client, pat)
    theirs = AuthenticatorDevice.objects.get(user=other).persistent_id

    answer = client.post(
        reverse("twofactor:remove_backup"), {"device": theirs, "password": PASSWORD}
    )

    assert answer.url == reverse("twofactor:profile")
    assert AuthenticatorDevice.objects.filter(user=other).exists()


@pytest.mark.requirement("TFA-4")
def test_the_profile_names_the_organization_and_its_deadline(client, acme, pat, sign_in):
    require(acme, actor=Actor.person(acme.owner), deadline_days=10)
    sign_in(client, pat, at=timezone.now() - datetime.timedelta(minutes=1))

    page = client.get(reverse("twofactor:profile")).content.decode()

    assert "Acme requires a method" in page
    assert Email.objects.filter(subject__contains="requires two-factor").count() == 2


# --- The organization's page


@pytest.mark.requirement("TFA-1", "SET-5")
def test_the_page_shows_who_is_set_up_and_who_is_not(client, acme, pat, sign_in):
    set_up_app(pat)
    sign_in(client, acme.owner)

    page = client.get(reverse("twofactor:settings", args=[acme.public_id])).content.decode()

    assert "1 of 2 set up" in page
    assert "Ann Archer" in page
    assert 'aria-checked="false"' in page


@pytest.mark.requirement("SET-2")
@pytest.mark.parametrize("role", ["member", "billing_admin"])
def test_other_roles_get_403_and_who_can_help(client, acme, sign_in, role):
    sign_in(client, MembershipFactory(organization=acme, role=role).user)

    answer = client.get(reverse("twofactor:settings", args=[acme.public_id]))

    assert answer.status_code == 403
    assert "Ann Archer" in answer.content.decode()


def test_a_reminder_goes_to_those_without_a_method_once_a_day(client, acme, pat, sign_in):
    set_up_app(pat)
    for _ in range(2):
        MembershipFactory(organization=acme)
    sign_in(client, acme.owner)
    url = reverse("twofactor:remind", args=[acme.public_id])

    first = client.post(url, follow=True).content.decode()
    second = client.post(url, follow=True).content.decode()

    assert "3 people" in first
    assert "went out already" in second
    assert Email.objects.filter(subject="Set up two-factor for Acme").count() == 3


@pytest.mark.requirement("TFA-3")
def test_with_sso_the_switch_is_locked_with_its_reason(client, acme, sign_in):
    acme.policy.sso_enabled = True
    acme.policy.save()
    sign_in(client, acme.owner)

    page = client.get(reverse("twofactor:settings", args=[acme.public_id])).content.decode()

    assert 'aria-disabled="true"' in page
    assert "asks for its own second factor" in page


def test_remembered_browsers_are_allowed_and_forbidden_with_the_password(client, acme, sign_in):
    sign_in(client, acme.owner)
    url = reverse("twofactor:remember", args=[acme.public_id])

    client.post(url, {"password": "wrong"})
    acme.policy.refresh_from_db()
    assert not acme.policy.two_factor_remember_allowed
    client.post(url, {"password": PASSWORD})
    acme.policy.refresh_from_db()
    assert acme.policy.two_factor_remember_allowed
    assert AuditEvent.objects.filter(event="admin:two_factor:settings").count() == 1


@pytest.mark.requirement("TFA-4")
@pytest.mark.parametrize("days", ["0", "31", "-1", "x"])
def test_a_deadline_is_from_1_to_30_days(client, acme, sign_in, days):
    sign_in(client, acme.owner)

    client.post(
        reverse("twofactor:require", args=[acme.public_id]),
        {"deadline_days": days, "password": PASSWORD},
    )

    acme.policy.refresh_from_db()
    assert not acme.policy.two_factor_required


@pytest.mark.requirement("TFA-1")
@pytest.mark.parametrize("plan", Plan.values)
def test_any_plan_may_require_it(client, sign_in, plan):
    organization = OrganizationFactory(plan=plan)
    owner = MembershipFactory(organization=organization, role="owner").user
    sign_in(client, owner)

    client.post(reverse("twofactor:require", args=[organization.public_id]), {"password": PASSWORD})

    organization.policy.refresh_from_db()
    assert organization.policy.two_factor_required


# --- TFA-12


@pytest.mark.requirement("TFA-12")
def test_an_admin_resets_a_member_who_is_told_and_can_stop_it(client, acme, pat, sign_in):
    phone, _ = set_up_app(pat)
    membership = acme.memberships.get(user=pat)
    sign_in(client, acme.owner)
    url = reverse("twofactor:reset_member", args=[acme.public_id, membership.public_id])

    client.post(url, {"reason": "Lost phone", "password": "wrong"})
    assert not MemberReset.objects.exists()
    client.post(url, {"reason": "Lost phone", "password": PASSWORD})
    mail = Email.objects.get(subject__contains="asked to reset your two-factor")
    link = re.search(r"http://127.0.0.1:8000(/sign-in/two-factor/reset/\S+)", mail.message)[1]
    client.cookies.clear()

    assert mail.to == ["pat@corp.example"]
    assert "Lost phone" in mail.message
    assert "stop it" in client.get(link).content.decode()
    assert MemberReset.objects.get().stopped_at is None  # a scanner followed it
    client.post(link)
    with later(minutes=70):
        assert carry_out_due() == 0
        first_factor(client, pat)
        client.post(CHALLENGE, {"code": phone.code()})
        assert evidence_in(client) == ["password", "otp"]
    assert Email.objects.filter(subject__contains="stopped a two-factor reset").exists()
    events = AuditEvent.objects.filter(organization_id=acme.public_id, event__contains="reset")
    assert sorted(event.event for event in events) == [
        "admin:two_factor:reset_asked",
        "user:two_factor:reset_stopped",
    ]


@pytest.mark.requirement("TFA-12")
def test_after_the_hour_the_next_sign_in_sets_up_a_new_method(client, acme, pat, sign_in):
    set_up_app(pat)
    require(acme, actor=Actor.person(acme.owner))
    membership = acme.memberships.get(user=pat)
    set_up_app(acme.owner)
    sign_in(client, acme.owner)
    url = reverse("twofactor:reset_member", args=[acme.public_id, membership.public_id])
    client.post(url, {"reason": "Lost phone", "password": PASSWORD})
    client.cookies.clear()

    with later(minutes=61):
        assert first_factor(client, pat).url == CHALLENGE
        answer = client.get(CHALLENGE)  # no beat ran: the page itself carries it out

    assert answer.url == reverse("twofactor:set_up")


@pytest.mark.requirement("TFA-12")
def test_the_page_says_why_a_reset_is_not_possible(client, acme, sign_in):
    nobody_yet = MembershipFactory(organization=acme)
    sign_in(client, acme.owner)
    url = reverse("twofactor:reset_member", args=[acme.public_id, nobody_yet.public_id])

    page = client.post(url, {"reason": "x", "password": PASSWORD}).content.decode()

    assert "nothing to reset" in page
    assert not MemberReset.objects.exists()


@pytest.mark.threat("T1")
def test_a_member_of_another_organization_is_not_found(client, acme, sign_in):
    stranger = MembershipFactory()
    set_up_app(stranger.user)
    sign_in(client, acme.owner)

    answer = client.post(
        reverse("twofactor:reset_member", args=[acme.public_id, stranger.public_id]),
        {"reason": "x", "password": PASSWORD},
    )

    assert answer.status_code == 404


# --- Bad input in the middle of a set-up


@pytest.mark.parametrize("left_at", ["set_up", "set_up_app", "set_up_sms"])
def test_a_set_up_page_after_the_switch_went_off_lets_the_person_in(client, acme, pat, left_at):
    from twofactor.services.organization import stop_requiring  # noqa: PLC0415

    require(acme, actor=Actor.person(acme.owner))
    first_factor(client, pat)
    client.get(reverse(f"twofactor:{left_at}"))
    stop_requiring(acme, actor=Actor.person(acme.owner))

    client.get(reverse(f"twofactor:{left_at}"), follow=True)

    assert evidence_in(client) == ["password"]


@pytest.mark.parametrize("typed", ["12345", "abcdef", "", "1234567"])
def test_what_is_no_code_is_said_so_and_the_secret_stays(client, acme, pat, typed):
    require(acme, actor=Actor.person(acme.owner))
    first_factor(client, pat)
    url = reverse("twofactor:set_up_app")
    seed = seed_on(client.get(url))

    page = client.post(url, {"code": typed})

    assert "Enter the 6 digits of the code" in page.content.decode()
    assert seed_on(page) == seed


@pytest.mark.threat("F10")
def test_another_persons_recovery_code_is_worth_nothing(client, pat):
    _, theirs = set_up_app(UserFactory())
    set_up_app(pat)
    first_factor(client, pat)

    client.post(reverse("twofactor:recovery_code"), {"code": theirs[0]})

    assert evidence_in(client) == []
    assert RecoveryCode.objects.filter(used_at=None).count() == 20


def test_numbers_stay_private(client, pat, texts):
    set_up_phone(pat)
    first_factor(client, pat)

    for name in ("challenge", "challenge_choose", "recovery_code"):
        assert NUMBER not in client.get(reverse(f"twofactor:{name}")).content.decode()
