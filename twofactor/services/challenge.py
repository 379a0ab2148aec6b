"""Passing a second factor. Every try is counted before it is judged (F2)."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from accounts import limits
from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.mail import queue_mail
from accounts.models import User
from accounts.signin.evidence import Proof
from twofactor import recovery
from twofactor.devices import Device, enrolment_of
from twofactor.errors import (
    TooManyRecoveryGuesses,
    TwoFactorError,
    UsedCode,
    WrongCode,
    WrongRecoveryCode,
)
from twofactor.models import AuthenticatorDevice, Enrolment, RecoveryCode, lock
from twofactor.services.enrolment import second_factor, six_digits
from twofactor.services.events import record_for
from twofactor.totp import Verdict

RECOVERY_GUESSES = 10
RECOVERY_WINDOW = datetime.timedelta(hours=1)


def pass_authenticator(user: User, typed: str, *, actor: Actor) -> Proof:
    """Judge a code by all authenticator apps of ``user``; return the proof of the one that fits.

    One code passes once, also where two requests bring it in the same instant: the rows are
    locked (F1). Raises ``NotSixDigits``, ``WrongCode``, ``UsedCode``, ``TooManyGuesses``,
    ``GuessingClosed``.
    """
    code = six_digits(typed)
    Enrolment.objects.take_guess(user)
    verdict, passed = Verdict.WRONG, ""
    with transaction.atomic():
        devices = AuthenticatorDevice.objects.select_for_update().filter(user=user, confirmed=True)
        for device in devices.order_by("id"):
            found = device.judge(code)
            if found is not Verdict.WRONG:
                verdict, passed = found, device.persistent_id
            if found is Verdict.ACCEPTED:
                break
        if verdict is not Verdict.ACCEPTED:
            note_failure(user, "app", actor)
    if verdict is Verdict.USED:
        raise UsedCode
    if verdict is Verdict.WRONG:
        raise WrongCode
    Enrolment.objects.clear_guesses(user)
    return second_factor(passed)


def pass_recovery_code(user: User, typed: str, *, actor: Actor) -> Proof:
    """Spend a recovery code (TFA-10).

    The last one counts as the old method passed, and makes a new method due. Raises
    ``WrongRecoveryCode``, ``TooManyRecoveryGuesses``.
    """
    verdict = limits.hit(
        f"two-factor-recovery:{user.pk}", limit=RECOVERY_GUESSES, per=RECOVERY_WINDOW
    )
    if not verdict:
        raise TooManyRecoveryGuesses(verdict.retry_after)
    try:
        code = recovery.parse(typed)
    except recovery.NotARecoveryCode:
        raise WrongRecoveryCode from None
    row = RecoveryCode.objects.filter(user=user, prefix=code.prefix, used_at=None).first()
    # The slow hash stands outside the lock: 27 ms that nobody else must wait for.
    if row is None or not recovery.fits(code.secret, row.secret_hash):
        with transaction.atomic():
            note_failure(user, "recovery_code", actor)
        raise WrongRecoveryCode
    with transaction.atomic():
        left = _spend(user, row, actor)
    if left is None:
        raise WrongRecoveryCode
    limits.forget(f"two-factor-recovery:{user.pk}")
    return second_factor(f"recovery_code/{row.pk}")


def _spend(user: User, row: RecoveryCode, actor: Actor) -> int | None:
    """Use the code up; return how many are left, or None where another request was faster."""
    enrolment = lock(user)
    if not RecoveryCode.objects.filter(pk=row.pk, used_at=None).update(used_at=timezone.now()):
        return None
    left = RecoveryCode.objects.filter(user=user, used_at=None).count()
    # At a hundred wrong codes the app or number may be known to somebody: a new one is due.
    if left == 0 or enrolment.is_closed:
        enrolment.reset_required = True
        enrolment.save(update_fields=["reset_required"])
    record_for(user, Event.RECOVERY_CODE_USED, actor=actor, data={"left": left})
    queue_mail(
        "recovery_code_used",
        user,
        left=left,
        at=timezone.now(),
        ip=actor.ip or "",
        user_agent=actor.user_agent,
    )
    return left


def note_failure(user: User, method: str, actor: Actor) -> None:
    """Record a wrong code; the one that closes guessing is told by mail."""
    record_for(user, Event.TWO_FACTOR_FAILED, actor=actor, data={"method": method})
    enrolment = enrolment_of(user)
    if enrolment is not None and enrolment.is_closed and method != "recovery_code":
        queue_mail("two_factor_closed", user, at=timezone.now(), ip=actor.ip or "")


def pass_passkey(user: User, prove: Callable[[], Device], *, actor: Actor) -> Proof:
    """Take the passkey that ``prove`` verifies; counted with the guesses of all methods (F2)."""
    Enrolment.objects.take_guess(user)
    try:
        device = prove()
    except TwoFactorError:
        with transaction.atomic():
            note_failure(user, "passkey", actor)
        raise
    Enrolment.objects.clear_guesses(user)
    return second_factor(device.persistent_id)
