"""Whatever people do in whatever order: never locked out, never let in without the factor."""

import datetime
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from accounts.actor import Actor
from accounts.models import User
from accounts.signin.evidence import Evidence, Proof, current
from tests.factories import MembershipFactory, UserFactory
from tests.twofactor.support import Phone
from twofactor.access import SecondFactorRule, challenge, set_up
from twofactor.errors import TwoFactorError
from twofactor.models import AuthenticatorDevice, PhoneDevice
from twofactor.services import enrolment
from twofactor.services.challenge import pass_authenticator, pass_recovery_code
from twofactor.services.reset import ask_for_reset, carry_out_due, reset_at_once, stop_reset

pytestmark = pytest.mark.django_db


@dataclass
class Pocket:
    """What the person holds: apps that were confirmed, the present codes, and all that is dead."""

    primary: Phone | None = None
    backups: list[Phone] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    dead_apps: list[Phone] = field(default_factory=list)
    dead_codes: list[str] = field(default_factory=list)
    number: str = ""

    def bury(self) -> None:
        """The primary method and the codes are replaced."""
        if self.primary:
            self.dead_apps.append(self.primary)
        self.primary, self.number = None, ""
        self.dead_codes += self.codes
        self.codes = []


class Lives(RuleBasedStateMachine):
    """One account, through set-ups, changes, abandoned ones, spent codes and resets."""

    @initialize(demanded=st.booleans())
    def begin(self, demanded):
        self.clock = time_machine.travel(datetime.datetime.now(tz=datetime.UTC), tick=False)
        self.now = self.clock.start()
        self.user = UserFactory(first_session_used_at=datetime.datetime.now(tz=datetime.UTC))
        self.membership = MembershipFactory(
            user=self.user, organization__policy={"two_factor_required": demanded}
        )
        self.boss = MembershipFactory(organization=self.membership.organization, role="owner")
        self.demanded = demanded
        self.pocket = Pocket()
        self.pending: tuple[str, Phone] | None = None
        self.reset: Any = None
        self.keys = 0

    def teardown(self):
        if hasattr(self, "clock"):
            self.clock.stop()

    @property
    def actor(self):
        return Actor.person(self.user)

    @property
    def has_method(self):
        return self.pocket.primary is not None or bool(self.pocket.number)

    def pass_time(self):
        self.now.shift(datetime.timedelta(minutes=2))

    @rule()
    def start_a_set_up_and_leave_it(self):
        self.keys += 1
        key = f"session {self.user.pk} {self.keys}"
        self.pending = (key, Phone(enrolment.begin_authenticator(self.user, key).seed))

    @precondition(lambda self: self.pending is not None)
    @rule()
    def confirm_what_was_started(self):
        assert self.pending is not None
        key, phone = self.pending
        self.pending = None
        self.pass_time()
        try:
            codes = enrolment.confirm_authenticator(self.user, key, phone.code(), actor=self.actor)
        except TwoFactorError:
            return  # too old
        enrolment.codes_saved(self.user)
        self.pocket.bury()
        self.pocket.primary, self.pocket.codes = phone, codes
        self.reset = None

    @rule()
    def set_up_a_phone(self):
        self.keys += 1
        pending = enrolment.begin_phone(
            self.user, f"session {self.user.pk} {self.keys}", f"+49151234567{self.keys % 90 + 10}"
        )
        codes = enrolment.confirm_phone(self.user, pending, actor=self.actor)
        enrolment.codes_saved(self.user)
        self.pocket.bury()
        self.pocket.number, self.pocket.codes = pending.number, codes
        self.reset = None

    @precondition(lambda self: self.has_method)
    @rule()
    def add_a_backup(self):
        self.keys += 1
        key = f"session {self.user.pk} {self.keys}"
        phone = Phone(enrolment.begin_authenticator(self.user, key).seed)
        enrolment.confirm_authenticator(self.user, key, phone.code(), actor=self.actor, backup=True)
        self.pocket.backups.append(phone)
        self.reset = None

    @precondition(lambda self: self.pocket.backups)
    @rule()
    def remove_a_backup(self):
        phone = self.pocket.backups.pop()
        device = next(
            d for d in AuthenticatorDevice.objects.filter(user=self.user) if d.seed == phone.seed
        )
        enrolment.remove_backup(self.user, device.persistent_id, actor=self.actor)
        self.pocket.dead_apps.append(phone)

    @rule()
    def ask_for_a_change(self):
        enrolment.ask_for_set_up(self.user, actor=self.actor)

    @rule()
    def keep_the_present_method(self):
        enrolment.keep_present_method(self.user)

    @precondition(lambda self: self.pocket.codes)
    @rule(how_many=st.integers(1, 10))
    def spend_recovery_codes(self, how_many):
        for code in self.pocket.codes[:how_many]:
            assert pass_recovery_code(self.user, code, actor=self.actor).method == "otp"
            self.pocket.dead_codes.append(code)
        del self.pocket.codes[:how_many]

    @precondition(lambda self: self.has_method)
    @rule()
    def regenerate(self):
        self.pocket.dead_codes += self.pocket.codes
        self.pocket.codes = enrolment.regenerate_codes(self.user, actor=self.actor)
        enrolment.codes_saved(self.user)

    @precondition(lambda self: self.has_method and self.reset is None)
    @rule()
    def an_admin_asks_for_a_reset(self):
        self.reset = ask_for_reset(
            self.membership, by=self.boss, reason="lost", actor=Actor.person(self.boss.user)
        )

    @precondition(lambda self: self.reset is not None)
    @rule()
    def the_person_stops_it(self):
        stop_reset(self.reset, actor=self.actor)
        self.reset = None

    @precondition(lambda self: self.reset is not None)
    @rule()
    def its_hour_passes(self):
        self.now.shift(datetime.timedelta(minutes=61))
        assert carry_out_due(self.user) == 1
        self.all_is_gone()

    @rule()
    def an_operator_resets(self):
        reset_at_once(self.user, actor=Actor.operator("test"))
        self.all_is_gone()

    def all_is_gone(self):
        self.pocket.bury()
        self.pocket.dead_apps += self.pocket.backups
        self.pocket.backups, self.pending, self.reset = [], None, None

    @invariant()
    def the_first_factor_alone_opens_nothing_where_a_method_is_set(self):
        if not hasattr(self, "user"):
            return
        person = User.objects.get(pk=self.user.pk)
        step = SecondFactorRule().at_sign_in(person, Evidence((Proof.now("password"),)))
        assert person.has_second_factor == self.has_method
        if self.has_method:
            assert step == challenge()
        elif self.demanded:
            assert step is not None
            assert (step.url, step.skippable) == (set_up().url, False)
        else:
            assert step is None or step.skippable

    @invariant()
    def what_the_person_holds_opens_the_door_and_what_is_dead_does_not(self):
        if not hasattr(self, "user"):
            return
        self.pass_time()
        person = User.objects.get(pk=self.user.pk)
        self.now.shift(datetime.timedelta(hours=2))  # the guesses below are not the subject
        for phone in self.pocket.dead_apps[-2:]:
            with pytest.raises(TwoFactorError):
                pass_authenticator(person, phone.code(), actor=self.actor)
        for code in self.pocket.dead_codes[-2:]:
            with pytest.raises(TwoFactorError):
                pass_recovery_code(person, code, actor=self.actor)
        for held in [self.pocket.primary, *self.pocket.backups]:
            if held is not None:
                self.pass_time()
                proof = pass_authenticator(person, held.code(), actor=self.actor)
                evidence = current(Evidence((Proof.now("password"), proof)), person)
                assert evidence.proves_account(person)
        if self.pocket.number:
            assert PhoneDevice.objects.get(user=person).number == self.pocket.number


@pytest.mark.requirement("TFA-8", "TFA-10", "TFA-12")
@pytest.mark.threat("F6")
@pytest.mark.timeout(300)
def test_no_sequence_locks_out_or_lets_in(db):
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415

    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=15,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@given(st.text(max_size=70))
@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
def test_no_text_is_taken_for_a_code_by_accident(typed):
    from twofactor.codes import NotACode, clean_code  # noqa: PLC0415

    try:
        code = clean_code(typed)
    except NotACode:
        return
    assert len(code) == 6
    assert code.isascii()
    assert code.isdigit()
