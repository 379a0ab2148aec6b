"""Second factors of an account, and what is under way.

Methods are django-otp devices, so that whatever knows django-otp (its admin site, its decorators)
knows ours. ``Enrolment`` is the one row a person that services lock before devices change.
"""

from __future__ import annotations

import datetime
import time
from typing import ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, TimestampMixin

from accounts.encryption import EncryptedTextField
from accounts.models import Membership, Organization, User
from twofactor import totp
from twofactor.codes import NotACode, clean_code
from twofactor.errors import GuessingClosed, TooManyGuesses
from twofactor.phone import ending

# F2: five tries are free, then the wait doubles from a minute to fifteen; at a hundred it closes.
FREE_GUESSES = 5
GUESSES_UNTIL_CLOSED = 100
WAITS = [datetime.timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15)]


class Method(models.TextChoices):
    """The kinds of second factor."""

    APP = "app", _("Authentication app")
    SMS = "sms", _("Text message")
    PASSKEY = "passkey", _("Passkey or security key")


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    """What is asked of enrolments."""

    def take_guess(self, user: User) -> None:
        """Count one try at a code before it is judged, for all sessions and methods together (F2).

        One statement on one row: exact under any number of threads. Call it outside the
        transaction that judges. Raises ``TooManyGuesses`` or ``GuessingClosed``, nothing counted.
        """
        if not settings.RATE_LIMITS:
            return
        now = timezone.now()
        open_now = Q(next_guess_at=None) | Q(next_guess_at__lte=now)
        taken = self.filter(open_now, user=user, guesses__lt=GUESSES_UNTIL_CLOSED).update(
            guesses=F("guesses") + 1,
            next_guess_at=Case(
                *(
                    When(guesses=FREE_GUESSES - 1 + step, then=Value(now + wait))
                    for step, wait in enumerate(WAITS)
                ),
                When(guesses__gte=FREE_GUESSES - 1, then=Value(now + WAITS[-1])),
                default=None,
            ),
        )
        if taken:
            return
        row = self.filter(user=user).first()
        if row is None:
            return  # no method, nothing to guess
        if row.guesses >= GUESSES_UNTIL_CLOSED:
            raise GuessingClosed
        raise TooManyGuesses((row.next_guess_at or now) - now)

    def clear_guesses(self, user: User) -> None:
        """Start the counter anew: the person is who they say."""
        self.filter(user=user, guesses__gt=0).update(guesses=0, next_guess_at=None)

    def return_guess(self, user: User) -> None:
        """Take back a try that nobody judged: the provider was away."""
        self.filter(user=user, guesses__gt=0).update(guesses=F("guesses") - 1, next_guess_at=None)


class Enrolment(models.Model):
    """What a person has set up, beside the devices themselves."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="two_factor",
    )
    primary = models.CharField(
        max_length=100,
        blank=True,
        help_text=_("persistent_id of the method asked first, and replaced by Change Method."),
    )
    codes_saved_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the person said that they kept the codes (TFA-6).")
    )
    set_up_asked_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Set Up Method or Change Method was pressed (TFA-8).")
    )
    reset_required = models.BooleanField(
        default=False,
        help_text=_("The last recovery code was spent: a new method is due (TFA-10)."),
    )
    guesses = models.PositiveSmallIntegerField(default=0)
    next_guess_at = models.DateTimeField(null=True, blank=True)

    objects = EnrolmentQuerySet.as_manager()

    def __str__(self) -> str:
        return f"second factors of {self.user_id}"

    @property
    def is_closed(self) -> bool:
        """Whether so many codes were guessed wrong that only a recovery code or a reset helps."""
        return self.guesses >= GUESSES_UNTIL_CLOSED


class AuthenticatorDevice(TimestampMixin, Device):
    """An authenticator app, known by a seed that it shares with us (TFA-5)."""

    method = Method.APP

    seed = EncryptedTextField(help_text=_("base32"))
    last_step = models.BigIntegerField(
        default=-1, help_text=_("The 30-second step of the last code taken; none before it is.")
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(seed=""), name="authenticator_has_a_seed"),
        ]

    @property
    def label(self) -> str:
        """The method in a person's words."""
        return self.name or str(Method.APP.label)

    def judge(self, code: str) -> totp.Verdict:
        """Judge six digits and remember the step they belong to.

        The row must be locked: two threads with the same code meet there, and one is too late.
        """
        found = totp.match(self.seed, code, moment=time.time(), last_step=self.last_step)
        if found.verdict is totp.Verdict.ACCEPTED:
            self.last_step = found.step
            self.set_last_used_timestamp(commit=False)
            self.save(update_fields=["last_step", "last_used_at"])
        return found.verdict

    def verify_token(self, token: str) -> bool:
        """Answer django-otp, whose own callers (the operators' pages) lock the row before."""
        try:
            Enrolment.objects.take_guess(self.user)
            accepted = self.judge(clean_code(token)) is totp.Verdict.ACCEPTED
        except (NotACode, TooManyGuesses, GuessingClosed):
            return False
        if accepted:
            Enrolment.objects.clear_guesses(self.user)
        return accepted


class PhoneDevice(TimestampMixin, Device):
    """A mobile phone that receives codes as texts or calls (TFA-7)."""

    method = Method.SMS

    number = models.CharField(max_length=16, help_text=_("E.164"))

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(number__regex=r"^\+[1-9][0-9]{6,14}$"), name="phone_number_is_e164"
            ),
        ]

    @property
    def label(self) -> str:
        """The method in a person's words: two digits tell one's own phone, and nobody else's."""
        return _("number ending %(digits)s") % {"digits": ending(self.number)}


class RecoveryCode(models.Model):
    """One code for the day the phone is gone (TFA-10); its text is shown once and kept nowhere."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes"
    )
    prefix = models.CharField(max_length=4, help_text=_("Plain: finds the one row to hash for."))
    secret_hash = models.CharField(max_length=128)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "prefix"], name="recovery_code_prefix_once"),
        ]

    def __str__(self) -> str:
        return f"recovery code of {self.user_id}"


class PendingSetUp(models.Model):
    """A method being set up in one session; it counts for nothing until it is confirmed (F6)."""

    VALID_FOR = datetime.timedelta(hours=1)

    key = models.CharField(max_length=64, primary_key=True, help_text=_("Kept by one session."))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    method = models.CharField(max_length=10, choices=Method.choices)
    seed = EncryptedTextField(blank=True)
    number = models.CharField(max_length=16, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.method} of {self.user_id}, unconfirmed"


class PhoneChallengeQuerySet(models.QuerySet["PhoneChallenge"]):
    """What is asked of codes on their way."""

    def open(self) -> PhoneChallengeQuerySet:
        """Return those whose code may still be typed."""
        since = timezone.now() - PhoneChallenge.VALID_FOR
        return self.filter(passed_at=None, cancelled_at=None, sent_at__gt=since)


class PhoneChallenge(models.Model):
    """A code sent to a number, for one person in one session (F10)."""

    VALID_FOR = datetime.timedelta(minutes=10)
    MOST_CHECKS = 5
    # How long an answer of the provider is waited for before another may be asked.
    CHECK_TAKES = datetime.timedelta(seconds=20)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=64, help_text=_("The session's sign-in or set-up."))
    number = models.CharField(max_length=16)
    device = models.ForeignKey(
        PhoneDevice,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        help_text=_("None while the number is being set up."),
    )
    channel = models.CharField(max_length=4)
    country = models.CharField(max_length=2, blank=True)
    reference = models.CharField(max_length=64, help_text=_("The provider's name for it."))
    sent_at = models.DateTimeField(default=timezone.now)
    checks = models.PositiveSmallIntegerField(default=0)
    checking_until = models.DateTimeField(null=True, blank=True)
    passed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = PhoneChallengeQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user", "sent_at"], name="challenges_of_person"),
            models.Index(fields=["sent_at"], name="challenges_by_time"),
        ]

    def __str__(self) -> str:
        return f"code to {self.user_id}, {self.sent_at:%Y-%m-%d %H:%M}"


class RememberedBrowser(models.Model):
    """A browser that passes for a second factor for a while, by a random cookie."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="remembered_browsers"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    bound_to = models.CharField(
        max_length=64, help_text=_("Digest of password and methods: any change of them ends it.")
    )
    user_agent = models.CharField(max_length=300, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"browser of {self.user_id}"


class MemberResetQuerySet(models.QuerySet["MemberReset"]):
    """What is asked of resets."""

    def waiting(self) -> MemberResetQuerySet:
        """Return those neither stopped nor carried out."""
        return self.filter(stopped_at=None, done_at=None)

    def due(self) -> MemberResetQuerySet:
        """Return those whose hour is over."""
        return self.waiting().filter(due_at__lte=timezone.now())


class MemberReset(models.Model):
    """An admin's reset of a member's second factor: a wait, then the reset (TFA-12)."""

    WAIT = datetime.timedelta(hours=1)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    membership = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(max_length=300)
    stop_token_hash = models.CharField(max_length=64, unique=True)
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(db_index=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    objects = MemberResetQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(stopped_at=None, done_at=None),
                name="member_reset_open_once",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at=None) | Q(done_at=None), name="member_reset_stopped_or_done"
            ),
        ]

    def __str__(self) -> str:
        return f"reset of {self.user_id}"


class EnrolmentDay(models.Model):
    """How many active members had a method, on a day since when that is so.

    The next row says when it changed; so a chart of months is a handful of rows.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    members = models.PositiveIntegerField()
    with_method = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "day"], name="enrolment_day_once"),
            models.CheckConstraint(
                condition=Q(with_method__lte=F("members")), name="enrolment_day_within_members"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.with_method} of {self.members} on {self.day}"


class OutboxText(models.Model):
    """What the demo's Outbox backend would have sent. Written only while DEBUG is on."""

    number = models.CharField(max_length=16)
    channel = models.CharField(max_length=4)
    code = models.CharField(max_length=10)
    text = models.CharField(max_length=200)
    sent_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.channel} to {self.number}"


def lock(user: User) -> Enrolment:
    """Return the person's enrolment, created where there was none, locked until the commit.

    Every change of methods takes this lock first, so that two tabs can't both be the last.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A lock belongs into a transaction.")
    Enrolment.objects.bulk_create([Enrolment(user=user)], ignore_conflicts=True)
    return Enrolment.objects.select_for_update().get(user=user)
