"""Setting a method up, changing it, adding and removing backups, recovery codes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_otp.models import Device as OtpDevice

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.mail import queue_mail
from accounts.models import User
from accounts.signin.evidence import Proof
from twofactor import recovery, totp
from twofactor.codes import NotACode, clean_code
from twofactor.devices import Device, kind_of, label_of, methods_of
from twofactor.errors import LastMethod, NotSixDigits, SetUpExpired, WrongCode
from twofactor.models import (
    AuthenticatorDevice,
    Enrolment,
    MemberReset,
    Method,
    PendingSetUp,
    PhoneDevice,
    RecoveryCode,
    RememberedBrowser,
    lock,
)
from twofactor.services.events import record_for


def second_factor(device_id: str) -> Proof:
    """Return the proof that the method ``device_id`` was passed this instant."""
    return Proof.now("otp", detail=device_id)


# --- Set-up


def begin_authenticator(user: User, key: str) -> PendingSetUp:
    """Return the seed being set up in the session ``key``: the same one until it is confirmed.

    So a reload or a second tab shows the QR code that was scanned already.
    """
    pending = pending_set_up(user, key, Method.APP)
    if pending is not None:
        return pending
    return _replace_pending(
        PendingSetUp(key=key, user=user, method=Method.APP, seed=totp.new_seed())
    )


def begin_phone(user: User, key: str, number: str) -> PendingSetUp:
    """Note the number (E.164) being set up in the session ``key``."""
    return _replace_pending(PendingSetUp(key=key, user=user, method=Method.SMS, number=number))


def pending_set_up(user: User, key: str, method: Method) -> PendingSetUp | None:
    """Return what is being set up in this session, if it is this person's and fresh (F6)."""
    since = timezone.now() - PendingSetUp.VALID_FOR
    return PendingSetUp.objects.filter(
        key=key, user=user, method=method, created_at__gt=since
    ).first()


def confirm_authenticator(
    user: User, key: str, typed: str, *, actor: Actor, backup: bool = False, name: str = ""
) -> list[str]:
    """Confirm the app by a code of it; return the new recovery codes, none for a backup (TFA-5).

    The old method, its codes and remembered browsers stop working in the same transaction.
    Raises ``NotSixDigits``, ``WrongCode``, ``SetUpExpired``, with nothing changed.
    """
    code = six_digits(typed)
    pending = pending_set_up(user, key, Method.APP)
    if pending is None:
        raise SetUpExpired
    found = totp.match(pending.seed, code, moment=time.time(), last_step=-1)
    if found.verdict is not totp.Verdict.ACCEPTED:
        raise WrongCode
    device = AuthenticatorDevice(
        user=user, name=name, seed=pending.seed, last_step=found.step, confirmed=True
    )
    return _confirm(user, lambda: saved(device), pending=pending, actor=actor, backup=backup)


def confirm_phone(
    user: User, pending: PendingSetUp, *, actor: Actor, backup: bool = False
) -> list[str]:
    """Set the phone whose code was passed a moment ago; as ``confirm_authenticator``."""
    device = PhoneDevice(user=user, name="", number=pending.number, confirmed=True)
    return _confirm(user, lambda: saved(device), pending=pending, actor=actor, backup=backup)


def confirm_passkey(
    user: User, register: Callable[[], Device], *, actor: Actor, backup: bool = False
) -> list[str]:
    """Set the passkey that ``register`` verifies and saves, inside the transaction."""
    return _confirm(user, register, pending=None, actor=actor, backup=backup)


def saved(device: Device) -> Device:
    """Save a device and return it."""
    device.save()
    return device


def six_digits(typed: str) -> str:
    """Return the code that was typed. Raises ``NotSixDigits``."""
    try:
        return clean_code(typed)
    except NotACode:
        raise NotSixDigits from None


def _replace_pending(pending: PendingSetUp) -> PendingSetUp:
    with transaction.atomic():
        PendingSetUp.objects.filter(key=pending.key).delete()
        pending.save(force_insert=True)
    return pending


def _confirm(
    user: User,
    make: Callable[[], Device],
    *,
    pending: PendingSetUp | None,
    actor: Actor,
    backup: bool,
) -> list[str]:
    """Save the device, in the place of the primary one or beside it."""
    # Ten slow hashes: made before anything is locked.
    codes = [] if backup else recovery.new_codes()
    rows = [
        RecoveryCode(user=user, prefix=code.prefix, secret_hash=recovery.hashed(code.secret))
        for code in codes
    ]
    with transaction.atomic():
        enrolment = lock(user)
        # Two tabs: whoever comes second finds the set-up gone.
        if pending is not None and not PendingSetUp.objects.filter(pk=pending.pk).delete()[0]:
            raise SetUpExpired
        replaced = None if backup else _remove_primary(enrolment)
        device = make()
        if not backup:
            enrolment.primary = device.persistent_id
            _keep_codes(enrolment, rows)
            enrolment.set_up_asked_at = None
            enrolment.reset_required = False
            enrolment.guesses, enrolment.next_guess_at = 0, None
        enrolment.save()
        _methods_changed(user)
        MemberReset.objects.waiting().filter(user=user).update(stopped_at=timezone.now())
        _tell(user, device, replaced=replaced, backup=backup, actor=actor)
    return [str(code) for code in codes]


def _remove_primary(enrolment: Enrolment) -> str:
    """Delete the method that is being replaced; return its kind, or ``""``."""
    old = OtpDevice.from_persistent_id(enrolment.primary) if enrolment.primary else None
    if old is None or old.user_id != enrolment.user_id:
        return ""
    kind = kind_of(old).value
    old.delete()
    return kind


def _methods_changed(user: User) -> None:
    """Note the change where it ends what was passed with the old methods (F8)."""
    RememberedBrowser.objects.filter(user=user).delete()
    user.two_factor_set_at = timezone.now()
    user.save(update_fields=["two_factor_set_at"])


def _tell(user: User, device: Device, *, replaced: str | None, backup: bool, actor: Actor) -> None:
    event = Event.TWO_FACTOR_SET_UP
    if backup:
        event = Event.TWO_FACTOR_BACKUP_ADDED
    elif replaced:
        event = Event.TWO_FACTOR_METHOD_CHANGED
    data = {"method": kind_of(device).value}
    if replaced:
        data["replaced"] = replaced
    record_for(user, event, actor=actor, data=data)
    queue_mail(
        "two_factor_changed",
        user,
        change=event.name.lower(),
        method=label_of(device),
        at=timezone.now(),
        ip=actor.ip or "",
        user_agent=actor.user_agent,
    )


# --- Recovery codes


def regenerate_codes(user: User, *, actor: Actor) -> list[str]:
    """Return ten new recovery codes; the old ones are dead (TFA-6)."""
    codes = recovery.new_codes()
    rows = [
        RecoveryCode(user=user, prefix=code.prefix, secret_hash=recovery.hashed(code.secret))
        for code in codes
    ]
    with transaction.atomic():
        enrolment = lock(user)
        _keep_codes(enrolment, rows)
        enrolment.reset_required = False
        enrolment.save()
        record_for(user, Event.RECOVERY_CODES_REGENERATED, actor=actor)
        queue_mail(
            "two_factor_changed",
            user,
            change="recovery_codes_regenerated",
            method="",
            at=timezone.now(),
            ip=actor.ip or "",
            user_agent=actor.user_agent,
        )
    return [str(code) for code in codes]


def codes_saved(user: User) -> None:
    """Note that the person kept the codes; only then does the sign-in finish (TFA-6)."""
    Enrolment.objects.filter(user=user, codes_saved_at=None).update(codes_saved_at=timezone.now())


def codes_file(user: User, typed: list[str]) -> str | None:
    """Return the codes as the file to keep, or None where they are not this person's unused ones.

    The page that shows the codes sends them back: they are kept nowhere that could be read.
    """
    try:
        codes = [recovery.parse(code) for code in typed[: recovery.HOW_MANY]]
    except recovery.NotARecoveryCode:
        return None
    prefixes = set(
        RecoveryCode.objects.filter(user=user, used_at=None).values_list("prefix", flat=True)
    )
    if not codes or not {code.prefix for code in codes} <= prefixes:
        return None
    return recovery.as_text_file(
        [str(code) for code in codes], product=settings.PRODUCT_NAME, account=user.email
    )


def _keep_codes(enrolment: Enrolment, rows: list[RecoveryCode]) -> None:
    RecoveryCode.objects.filter(user_id=enrolment.user_id).delete()
    RecoveryCode.objects.bulk_create(rows)
    enrolment.codes_saved_at = None


# --- Asking for a set-up, and leaving it


def ask_for_set_up(user: User, *, actor: Actor) -> None:
    """Make the next sign-in run the set-up (TFA-8); until it is done the old method stands."""
    with transaction.atomic():
        enrolment = lock(user)
        enrolment.set_up_asked_at = timezone.now()
        enrolment.save(update_fields=["set_up_asked_at"])
        record_for(user, Event.TWO_FACTOR_CHANGE_ASKED, actor=actor)


def keep_present_method(user: User) -> None:
    """Drop the wish to set a method up; a reset that is due can't be dropped (TFA-10)."""
    Enrolment.objects.filter(user=user, reset_required=False).update(set_up_asked_at=None)


def remove_backup(user: User, device_id: str, *, actor: Actor) -> None:
    """Remove a method that is not the primary one. Raises ``LastMethod`` for that."""
    with transaction.atomic():
        enrolment = lock(user)
        device = methods_of(user).find(device_id)
        if device is None:
            return
        if device.persistent_id == enrolment.primary:
            raise LastMethod
        label = label_of(device)
        kind = kind_of(device).value
        device.delete()
        _methods_changed(user)
        record_for(user, Event.TWO_FACTOR_BACKUP_REMOVED, actor=actor, data={"method": kind})
        queue_mail(
            "two_factor_changed",
            user,
            change="two_factor_backup_removed",
            method=label,
            at=timezone.now(),
            ip=actor.ip or "",
            user_agent=actor.user_agent,
        )


def new_key() -> str:
    """Return a random key that ties what is started in a session to it."""
    return secrets.token_urlsafe(32)
