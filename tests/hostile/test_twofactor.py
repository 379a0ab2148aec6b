"""Threats F: what will be tried on the second factor, each beside its positive control."""

import datetime
import time

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import AuditEvent, Membership, User
from accounts.signin.evidence import Evidence, Proof, current
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.twofactor.support import (
    Phone,
    cheap_recovery_codes,
    evidence_in,
    first_factor,
    set_up_app,
)
from twofactor.errors import (
    GuessingClosed,
    ResetNotAllowed,
    SetUpExpired,
    TooManyGuesses,
    TooManyRecoveryGuesses,
    TwoFactorError,
    UsedCode,
    WrongCode,
    WrongRecoveryCode,
)
from twofactor.models import (
    AuthenticatorDevice,
    Enrolment,
    MemberReset,
    PendingSetUp,
    RecoveryCode,
    RememberedBrowser,
)
from twofactor.services import enrolment
from twofactor.services.challenge import pass_authenticator, pass_recovery_code
from twofactor.services.organization import require
from twofactor.services.reset import ask_for_reset, carry_out_due, reset_at_once

pytestmark = pytest.mark.django_db
__all__ = ["cheap_recovery_codes"]  # an autouse fixture


@pytest.fixture
def pat():
    return UserFactory(email="pat@corp.example", first_session_used_at=timezone.now())


def by_app(user, code):
    return pass_authenticator(user, code, actor=Actor.person(user))


def by_recovery_code(user, code):
    return pass_recovery_code(user, code, actor=Actor.person(user))


def wrong_code(phone: Phone) -> str:
    """Six digits that the app shows at none of the steps near now."""
    near = {phone.code(steps) for steps in range(-3, 4)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)


def later(**by: float) -> time_machine.travel:
    return time_machine.travel(datetime.datetime.now(tz=datetime.UTC) + datetime.timedelta(**by))


# --- F1: once


@pytest.mark.threat("F1")
@pytest.mark.django_db(transaction=True)
def test_one_totp_at_once_in_eight_threads_passes_once(run_threads):
    user = UserFactory()
    phone, _ = set_up_app(user)
    code = phone.code()

    outcomes = run_threads(8, lambda _: by_app(User.objects.get(pk=user.pk), code))

    assert sum(isinstance(outcome, Proof) for outcome in outcomes) == 1
    assert all(isinstance(outcome, Proof | UsedCode | TooManyGuesses) for outcome in outcomes), (
        outcomes
    )


@pytest.mark.threat("F1")
@pytest.mark.django_db(transaction=True)
def test_one_recovery_code_at_once_in_eight_threads_passes_once(run_threads):
    user = UserFactory()
    _, codes = set_up_app(user)

    outcomes = run_threads(8, lambda _: by_recovery_code(User.objects.get(pk=user.pk), codes[0]))

    assert sum(isinstance(outcome, Proof) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, WrongRecoveryCode) for outcome in outcomes) == 7
    assert RecoveryCode.objects.filter(user=user, used_at=None).count() == 9


@pytest.mark.threat("F1")
@pytest.mark.django_db(transaction=True)
def test_one_sign_in_by_one_code_from_two_browsers_at_once(run_threads):
    from django.test import Client  # noqa: PLC0415

    user = UserFactory(first_session_used_at=timezone.now())
    phone, _ = set_up_app(user)
    clients = [Client(), Client()]
    for client in clients:
        first_factor(client, user)
    code = phone.code()

    run_threads(2, lambda n: clients[n].post(reverse("twofactor:challenge"), {"code": code}))

    assert sorted(evidence_in(client) for client in clients) == [[], ["password", "otp"]]


# --- F2: guesses


@pytest.mark.threat("F2")
def test_five_guesses_are_free_then_the_wait_doubles_to_fifteen_minutes(pat):
    phone, _ = set_up_app(pat)
    now = datetime.datetime.now(tz=datetime.UTC)
    waits = []
    with time_machine.travel(now, tick=False) as clock:
        for _ in range(4):
            with pytest.raises(WrongCode):
                by_app(pat, wrong_code(phone))
        for _ in range(7):
            with pytest.raises(WrongCode):
                by_app(pat, wrong_code(phone))
            with pytest.raises(TooManyGuesses) as refused:
                by_app(pat, phone.code())  # the right one is not looked at either
            waits.append(round(refused.value.wait.total_seconds() / 60))
            clock.shift(refused.value.wait)
        assert by_app(pat, phone.code()).method == "otp"  # the control: after the wait it works

    assert waits == [1, 2, 4, 8, 15, 15, 15]
    assert Enrolment.objects.get(user=pat).guesses == 0


@pytest.mark.threat("F2")
@pytest.mark.django_db(transaction=True)
def test_guesses_of_many_sessions_at_once_are_one_count(run_threads):
    user = UserFactory()
    phone, _ = set_up_app(user)
    bad = wrong_code(phone)

    outcomes = run_threads(20, lambda _: by_app(User.objects.get(pk=user.pk), bad))

    assert sum(isinstance(outcome, WrongCode) for outcome in outcomes) == 5
    assert sum(isinstance(outcome, TooManyGuesses) for outcome in outcomes) == 15


@pytest.mark.threat("F2")
def test_a_fresh_first_factor_gives_no_fresh_guesses(client, pat):
    phone, _ = set_up_app(pat)
    for _ in range(5):
        first_factor(client, pat)
        client.post(reverse("twofactor:challenge"), {"code": wrong_code(phone)})
        client.cookies.clear()

    first_factor(client, pat)
    answer = client.post(reverse("twofactor:challenge"), {"code": phone.code()})

    assert "Too many tries. Wait 1 minute or use a recovery code." in answer.content.decode()
    assert evidence_in(client) == []


@pytest.mark.threat("F2")
def test_at_a_hundred_codes_close_until_a_recovery_code_and_a_new_method(client, pat):
    phone, codes = set_up_app(pat)
    Enrolment.objects.update(guesses=100)

    with pytest.raises(GuessingClosed):
        by_app(pat, phone.code())
    first_factor(client, pat)
    answer = client.post(reverse("twofactor:recovery_code"), {"code": codes[0]})
    page = client.get(reverse("twofactor:set_up_app")).content.decode()
    new = Phone(page.split('id="secret-key"')[1].split(">")[1].split("<")[0])
    client.post(reverse("twofactor:set_up_app"), {"code": new.code()})
    client.post(reverse("twofactor:recovery_codes"), {"saved": "on"})

    assert answer.url == reverse("twofactor:set_up")
    assert evidence_in(client) == ["password", "otp"]
    assert Enrolment.objects.get().guesses == 0
    with later(seconds=40):
        assert by_app(pat, Phone(new.seed).code()).method == "otp"


@pytest.mark.threat("F2")
def test_recovery_codes_have_a_count_of_their_own(pat):
    phone, codes = set_up_app(pat)
    for _ in range(10):
        with pytest.raises(WrongRecoveryCode):
            by_recovery_code(pat, "0000-00000-00000")

    with pytest.raises(TooManyRecoveryGuesses):
        by_recovery_code(pat, codes[0])
    assert by_app(pat, phone.code()).method == "otp"  # the app is not locked by them
    with later(minutes=61):
        assert by_recovery_code(pat, codes[0]).method == "otp"


@pytest.mark.threat("F2")
def test_a_stranger_without_the_password_locks_nobody_out(client, pat):
    phone, _ = set_up_app(pat)
    for _ in range(20):
        client.post("/sign-in/", {"email": pat.email})
        client.post(reverse("twofactor:challenge"), {"code": "000000"})

    assert Enrolment.objects.get().guesses == 0
    assert by_app(pat, phone.code()).method == "otp"


# --- F3, F4: which codes


@pytest.mark.threat("F3")
def test_old_codes_are_refused_and_the_phones_clock_is_named(client, pat):
    phone, _ = set_up_app(pat)
    first_factor(client, pat)

    old = client.post(reverse("twofactor:challenge"), {"code": phone.code(-4)})
    late = client.post(reverse("twofactor:challenge"), {"code": phone.code(-1)})

    assert "Is your phone’s clock set automatically?" in old.content.decode()
    assert late.status_code == 302


@pytest.mark.threat("F4")
@pytest.mark.parametrize("spoil", ["{0}_{1}", "+{0}{1}", "{0}.{1}", "{0}{1}0", "0x{0}{1}"])
def test_what_int_would_read_as_the_code_is_refused_and_costs_no_guess(pat, spoil):
    phone, _ = set_up_app(pat)
    code = phone.code()

    with pytest.raises(TwoFactorError):
        by_app(pat, spoil.format(code[:3], code[3:]))

    assert Enrolment.objects.get().guesses == 0
    assert by_app(pat, f"{code[:3]} {code[3:]}").method == "otp"


# --- F5: the exempt first session


@pytest.mark.threat("F5")
def test_the_exempt_session_lasts_a_day_at_most(client, acme, sign_in):
    member = MembershipFactory(organization=acme).user
    sign_in(client, member, first_session=True)
    require(acme, actor=Actor.person(acme.owner))
    page = reverse("organizations:overview", args=[acme.public_id])

    with later(hours=23):
        be_seen(client)
        assert client.get(page).status_code == 200
    with later(hours=24, minutes=1):
        be_seen(client)
        assert client.get(page).url == reverse("twofactor:set_up")


def be_seen(client):
    """Note a request a moment ago, so that the session is not idle."""
    session = client.session
    session["seen_at"] = time.time()
    session.save()


@pytest.mark.threat("F5")
@pytest.mark.django_db(transaction=True)
def test_two_first_sign_ins_at_once_are_one_exemption(run_threads):
    from django.test import Client  # noqa: PLC0415

    organization = OrganizationFactory(policy={"two_factor_required": True})
    member = MembershipFactory(organization=organization).user
    clients = [Client(), Client()]
    for client in clients:
        client.post("/sign-in/", {"email": member.email})

    answers = run_threads(
        2, lambda n: clients[n].post("/sign-in/method/", {"password": "correct horse battery"})
    )

    assert sorted(answer.url for answer in answers) == sorted(
        [reverse("home"), reverse("twofactor:set_up")]
    )


# --- F6: set-ups left, doubled, foreign


@pytest.mark.threat("F6")
def test_a_set_up_left_half_way_leaves_the_old_method(client, pat):
    phone, codes = set_up_app(pat)
    enrolment.ask_for_set_up(pat, actor=Actor.person(pat))
    first_factor(client, pat)
    answer = client.post(reverse("twofactor:challenge"), {"code": phone.code()})
    assert answer.url == reverse("twofactor:set_up")
    client.get(reverse("twofactor:set_up_app"))
    client.cookies.clear()

    with later(seconds=40):
        assert by_app(pat, phone.code()).method == "otp"
        assert by_recovery_code(pat, codes[0]).method == "otp"


@pytest.mark.threat("F6")
def test_two_tabs_show_one_secret_and_set_one_method(pat):
    first = enrolment.begin_authenticator(pat, "session")
    second = enrolment.begin_authenticator(pat, "session")
    code = Phone(first.seed).code()

    enrolment.confirm_authenticator(pat, "session", code, actor=Actor.person(pat))
    with pytest.raises(SetUpExpired):
        enrolment.confirm_authenticator(pat, "session", code, actor=Actor.person(pat))

    assert first.seed == second.seed
    assert AuthenticatorDevice.objects.count() == 1


@pytest.mark.threat("F6")
@pytest.mark.django_db(transaction=True)
def test_two_confirmations_at_once_set_one_method(run_threads):
    user = UserFactory()
    code = Phone(enrolment.begin_authenticator(user, "session").seed).code()

    outcomes = run_threads(
        4,
        lambda _: enrolment.confirm_authenticator(
            User.objects.get(pk=user.pk), "session", code, actor=Actor.person(user)
        ),
    )

    assert sum(isinstance(outcome, list) for outcome in outcomes) == 1
    assert AuthenticatorDevice.objects.count() == 1
    assert RecoveryCode.objects.count() == 10


@pytest.mark.threat("F6")
def test_another_sessions_pending_secret_confirms_nothing(pat):
    mine = enrolment.begin_authenticator(pat, "mine")
    mallory = UserFactory()

    for user, key in ((mallory, "mine"), (pat, "other"), (mallory, "other")):
        with pytest.raises(SetUpExpired):
            enrolment.confirm_authenticator(
                user, key, Phone(mine.seed).code(), actor=Actor.person(user)
            )

    assert not AuthenticatorDevice.objects.exists()


# --- F7: a hijacked session


@pytest.mark.threat("F7")
def test_an_open_session_alone_sets_adds_and_changes_nothing(client, pat, sign_in):
    set_up_app(pat)
    hour_ago = timezone.now() - datetime.timedelta(hours=1)
    User.objects.update(sessions_valid_from=hour_ago, two_factor_set_at=hour_ago)
    pat.refresh_from_db()
    sign_in(client, pat, at=hour_ago)

    for name in ("set_up", "set_up_app", "set_up_sms", "add_backup"):
        answer = client.get(reverse(f"twofactor:{name}"))
        assert answer.status_code == 302, name
    codes = client.post(reverse("twofactor:regenerate"), {"password": "a guess", "code": "000000"})

    assert "password" in codes.content.decode()
    assert not PendingSetUp.objects.exists()
    assert RecoveryCode.objects.filter(used_at=None).count() == 10


@pytest.mark.threat("F7")
def test_an_old_open_session_of_somebody_without_a_method_can_set_none(client, pat, sign_in):
    hour_ago = timezone.now() - datetime.timedelta(hours=1)
    User.objects.update(sessions_valid_from=hour_ago)
    pat.refresh_from_db()
    sign_in(client, pat, at=hour_ago)

    answer = client.get(reverse("twofactor:set_up_app"))

    assert answer.url.startswith("/sign-in/?")
    assert not PendingSetUp.objects.exists()


@pytest.mark.threat("F7")
def test_each_change_is_told_by_mail(pat):
    from post_office.models import Email  # noqa: PLC0415

    phone, _ = set_up_app(pat)
    set_up_app(pat)
    enrolment.regenerate_codes(pat, actor=Actor.person(pat))

    subjects = [email.subject for email in Email.objects.order_by("id")]
    assert any("set up" in subject for subject in subjects)
    assert "Your two-factor method was changed" in subjects
    assert "New recovery codes were made for your account" in subjects
    assert phone.seed not in "".join(email.message for email in Email.objects.all())


# --- F8: passed by a device that is gone


@pytest.mark.threat("F8")
def test_passed_with_a_changed_method_is_asked_again(client, acme, sign_in):
    set_up_app(acme.owner)
    sign_in(client, acme.owner)
    page = reverse("organizations:overview", args=[acme.public_id])
    assert client.get(page).status_code == 200

    set_up_app(acme.owner)

    assert client.get(page).url == reverse("twofactor:challenge")


@pytest.mark.threat("F8")
def test_a_method_changed_in_the_middle_of_a_sign_in_counts_against_it(pat):
    set_up_app(pat)
    evidence = Evidence((Proof.now("password"), enrolment.second_factor("old")))
    assert current(evidence, pat).has_second_factor

    set_up_app(pat)

    assert not current(evidence, pat).has_second_factor


# --- F12 to F15


@pytest.mark.threat("F12")
def test_a_guess_hashes_once_and_only_where_the_prefix_exists(pat, monkeypatch):
    from twofactor import recovery  # noqa: PLC0415

    _, codes = set_up_app(pat)
    hashes = []

    def fits(_, kept):
        hashes.append(kept)
        return False

    monkeypatch.setattr(recovery, "fits", fits)

    with pytest.raises(WrongRecoveryCode):
        by_recovery_code(pat, codes[0][:4] + "-00000-00000")
    assert len(hashes) == 1
    with pytest.raises(WrongRecoveryCode):
        by_recovery_code(pat, "zzzz-00000-00000")
    assert len(hashes) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT prefix, secret_hash FROM twofactor_recoverycode")
        rows = cursor.fetchall()
    assert all(kept.startswith("argon2$argon2id$") for _, kept in rows)
    assert len({kept.split("$")[4] for _, kept in rows}) == 10  # a salt each


@pytest.mark.requirement("TFA-10")
@pytest.mark.threat("F13")
def test_the_last_code_runs_the_reset_and_abandoned_it_is_due_at_the_next_sign_in(client, pat):
    phone, codes = set_up_app(pat)
    RecoveryCode.objects.exclude(prefix=codes[0][:4]).update(used_at=timezone.now())
    first_factor(client, pat)

    spent = client.post(reverse("twofactor:recovery_code"), {"code": codes[0]})
    kept = client.post(reverse("twofactor:skip"))
    client.cookies.clear()  # the browser is closed
    again = first_factor(client, pat)
    without_the_factor = client.get(reverse("twofactor:set_up_app"))
    by_the_old_method = client.post(reverse("twofactor:challenge"), {"code": phone.code()})

    assert spent.url == reverse("twofactor:set_up")
    assert kept.url == reverse("twofactor:set_up")  # can't be skipped
    assert again.url == reverse("twofactor:challenge")  # the first factor alone never suffices
    assert without_the_factor.url == reverse("twofactor:challenge")
    assert by_the_old_method.url == reverse("twofactor:set_up")
    assert evidence_in(client) == []


@pytest.mark.threat("F13")
def test_the_only_owner_without_anything_left_is_helped_by_the_operator(acme):
    from post_office.models import Email  # noqa: PLC0415

    set_up_app(acme.owner)
    RecoveryCode.objects.update(used_at=timezone.now())

    reset_at_once(acme.owner, actor=Actor.operator("reset_two_factor"))

    assert not User.objects.get(pk=acme.owner.pk).has_second_factor
    assert not AuthenticatorDevice.objects.exists()
    assert Email.objects.filter(subject__startswith="Support reset").exists()
    assert AuditEvent.objects.filter(event="system:two_factor:reset").count() == 2


@pytest.mark.threat("F14")
def test_a_rogue_organization_resets_nobody_it_has_invited(acme):
    victim = MembershipFactory(organization=acme, user__email="vic@corp.example")
    rogue = OrganizationFactory(name="Rogue")
    boss = MembershipFactory(organization=rogue, role="owner")
    invited = MembershipFactory(organization=rogue, user=victim.user)
    set_up_app(victim.user)

    with pytest.raises(ResetNotAllowed):
        ask_for_reset(invited, by=boss, reason="lost", actor=Actor.person(boss.user))
    assert not MemberReset.objects.exists()

    # The control: an account that belongs to nobody else.
    own = MembershipFactory(organization=rogue)
    set_up_app(own.user)
    ask_for_reset(own, by=boss, reason="lost", actor=Actor.person(boss.user))
    assert MemberReset.objects.count() == 1


@pytest.mark.threat("F14")
def test_a_verified_domain_lets_its_organization_reset(acme, monkeypatch):
    victim = MembershipFactory(organization=acme, user__email="vic@corp.example")
    MembershipFactory(user=victim.user)
    set_up_app(victim.user)
    by = acme.owner_membership

    monkeypatch.setattr(
        "twofactor.services.reset.is_proven_for",
        lambda organization, address: organization == acme and address == "vic@corp.example",
    )

    assert ask_for_reset(victim, by=by, reason="lost", actor=Actor.person(by.user)).pk


@pytest.mark.requirement("TFA-12")
@pytest.mark.parametrize("roles", [("admin", "owner"), ("billing_admin", "admin")])
def test_nobody_above_is_reset(acme, roles):
    by = MembershipFactory(organization=acme, role=roles[0])
    target = MembershipFactory(organization=acme, role=roles[1])
    set_up_app(target.user)

    with pytest.raises(ResetNotAllowed):
        ask_for_reset(target, by=by, reason="lost", actor=Actor.person(by.user))


@pytest.mark.requirement("TFA-12")
def test_a_reset_waits_an_hour_and_then_takes_everything(acme):
    member = MembershipFactory(organization=acme)
    phone, codes = set_up_app(member.user)
    by = acme.owner_membership
    ask_for_reset(member, by=by, reason="lost", actor=Actor.person(by.user))

    with later(minutes=59):
        assert carry_out_due() == 0
        assert by_app(member.user, phone.code()).method == "otp"
    with later(minutes=61):
        assert carry_out_due() == 1
        assert carry_out_due() == 0
        with pytest.raises(TwoFactorError):
            by_app(member.user, phone.code())
        with pytest.raises(TwoFactorError):
            by_recovery_code(member.user, codes[0])
    assert not User.objects.get(pk=member.user.pk).has_second_factor


@pytest.mark.requirement("TFA-12")
@pytest.mark.django_db(transaction=True)
def test_a_due_reset_is_carried_out_once_by_many_workers(run_threads):
    organization = OrganizationFactory()
    by = MembershipFactory(organization=organization, role="owner")
    member = MembershipFactory(organization=organization)
    set_up_app(member.user)
    ask_for_reset(member, by=by, reason="lost", actor=Actor.person(by.user))
    MemberReset.objects.update(due_at=timezone.now())

    outcomes = run_threads(4, lambda _: carry_out_due())

    assert sum(outcomes) == 1


@pytest.mark.threat("F15")
def test_secrets_stand_in_no_url_audit_row_mail_or_log(client, acme, caplog):
    from post_office.models import Email  # noqa: PLC0415

    carl = MembershipFactory(organization=acme, user__first_session_used_at=timezone.now()).user
    require(acme, actor=Actor.person(acme.owner))
    with caplog.at_level("DEBUG", logger="orgsecurity"):
        first_factor(client, carl)
        page = client.get(reverse("twofactor:set_up_app"))
        seed = PendingSetUp.objects.get().seed
        shown = client.post(page.request["PATH_INFO"], {"code": Phone(seed).code()})

    codes = [li.split("<")[0] for li in shown.content.decode().split("<li>")[-10:]]
    assert len(codes) == 10
    audit = " ".join(f"{e.data} {e.target_name}" for e in AuditEvent.objects.all())
    mails = " ".join(email.message + email.html_message for email in Email.objects.all())
    for secret in (seed, *codes):
        for place in (audit, mails, caplog.text, str(dict(client.session))):
            assert secret not in place
    assert page.headers["Cache-Control"] == shown.headers["Cache-Control"] == "no-store"


# --- S1, S2, S15: no way around, no step out of turn


@pytest.mark.threat("S2")
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "name",
    [
        "set_up",
        "set_up_app",
        "set_up_sms",
        "set_up_phone_code",
        "set_up_passkey",
        "recovery_codes",
    ],
)
def test_a_later_step_shows_the_open_one(client, pat, name, method):
    set_up_app(pat)
    first_factor(client, pat)

    answer = getattr(client, method)(reverse(f"twofactor:{name}"))

    assert answer.url == reverse("twofactor:challenge")
    assert evidence_in(client) == []


@pytest.mark.threat("S2")
@pytest.mark.parametrize("name", ["challenge", "recovery_code"])
def test_an_empty_post_passes_nothing(client, pat, name):
    set_up_app(pat)
    first_factor(client, pat)

    answer = client.post(reverse(f"twofactor:{name}"), {})

    assert answer.status_code == 200
    assert evidence_in(client) == []
    assert Enrolment.objects.get().guesses == 0


@pytest.mark.threat("S2")
def test_a_set_up_that_is_due_can_t_be_skipped(client, acme):
    member = MembershipFactory(organization=acme, user__first_session_used_at=timezone.now()).user
    require(acme, actor=Actor.person(acme.owner))
    first_factor(client, member)

    for url in (reverse("twofactor:skip"), reverse("signin:next"), reverse("home")):
        client.post(url)
        client.get(url)

    assert evidence_in(client) == []


@pytest.mark.threat("S15")
def test_the_session_key_changes_at_each_factor(client, pat):
    phone, _ = set_up_app(pat)
    client.get("/sign-in/")
    first_factor(client, pat)
    before = client.session.session_key

    client.post(reverse("twofactor:challenge"), {"code": phone.code()})

    assert client.session.session_key != before


@pytest.mark.threat("F7")
def test_a_remembered_browser_ends_with_password_method_and_prohibition(client, pat):
    from django.test import RequestFactory  # noqa: PLC0415

    from twofactor.services import browsers  # noqa: PLC0415

    phone, _ = set_up_app(pat)
    first_factor(client, pat)
    client.post(reverse("twofactor:challenge"), {"code": phone.code(), "remember": "on"})
    cookie = client.cookies["remembered_browser"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    request = RequestFactory().get("/")
    request.COOKIES["remembered_browser"] = cookie.value
    assert browsers.recognise(request, pat) is not None
    assert not RememberedBrowser.objects.filter(token_hash=cookie.value).exists()

    with later(days=31):
        assert browsers.recognise(request, pat) is None
    assert browsers.recognise(request, UserFactory()) is None
    pat.set_password("another horse battery")
    assert browsers.recognise(request, pat) is None
    pat.refresh_from_db()
    organization = OrganizationFactory(policy={"two_factor_required": True})
    membership = MembershipFactory(organization=organization, user=pat)
    assert browsers.recognise(request, pat) is None
    Membership.objects.filter(pk=membership.pk).delete()
    assert browsers.recognise(request, pat) is not None
    set_up_app(pat)
    assert browsers.recognise(request, get_user_model().objects.get(pk=pat.pk)) is None


@pytest.mark.threat("F7")
def test_a_remembered_browser_passes_the_challenge_and_changes_no_method(client, pat):
    phone, _ = set_up_app(pat)
    first_factor(client, pat)
    client.post(reverse("twofactor:challenge"), {"code": phone.code(), "remember": "on"})
    client.post("/sign-out/")

    first_factor(client, pat)
    client.get(reverse("twofactor:challenge"), follow=True)
    assert evidence_in(client) == ["password", "otp"]
    client.post(reverse("twofactor:change"))
    assert evidence_in(client) == []
    first_factor(client, pat)
    page = client.get(reverse("twofactor:challenge"))

    assert page.status_code == 200  # asked, although the browser is remembered
    assert client.get(reverse("twofactor:set_up")).url == reverse("twofactor:challenge")
