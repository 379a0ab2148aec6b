"""Taking a second factor away from somebody who lost it (TFA-12)."""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_otp_webauthn.models import WebAuthnCredential

from accounts import limits
from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.domain_proof import is_proven_for
from accounts.mail import mail_admins, queue_mail
from accounts.models import Membership, User
from accounts.organizations.permissions import may_act_on
from twofactor.errors import ResetNotAllowed
from twofactor.models import (
    AuthenticatorDevice,
    Enrolment,
    MemberReset,
    PendingSetUp,
    PhoneDevice,
    RecoveryCode,
    RememberedBrowser,
    lock,
)


def refuse_unless_resettable(membership: Membership, by: Membership) -> None:
    """Raise ``ResetNotAllowed`` where only the person or an operator may reset.

    A rogue organization must not invite a victim and take the factor away (F14): the account's
    domain is verified here, or the account belongs to no other organization.
    """
    user = membership.user
    if membership.pk == by.pk:
        raise ResetNotAllowed(_("Change your own method in your profile."))
    if not may_act_on(by.role, membership.role):
        raise ResetNotAllowed(_("Only owners can reset an owner’s two-factor."))
    if not membership.is_active or not user.has_second_factor:
        raise ResetNotAllowed(_("There is nothing to reset: no method is set up."))
    elsewhere = Membership.objects.filter(user=user).exclude(
        organization_id=membership.organization_id
    )
    if elsewhere.exists() and not is_proven_for(membership.organization, user.email):
        raise ResetNotAllowed(
            _(
                "This account belongs to other organizations too, and its domain isn’t verified "
                "for yours. Only support can reset it: %(support)s."
            )
            % {"support": settings.SUPPORT_EMAIL}
        )


def ask_for_reset(
    membership: Membership, *, by: Membership, reason: str, actor: Actor
) -> MemberReset:
    """Have the member's second factor reset in an hour; the member can stop it until then.

    Raises ``ResetNotAllowed``, judged again under the lock. Asking twice changes nothing.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        lock(membership.user)
        membership = Membership.objects.select_related("user", "organization").get(pk=membership.pk)
        by = Membership.objects.get(pk=by.pk)
        refuse_unless_resettable(membership, by)
        user = membership.user
        under_way = open_reset(user)
        if under_way is not None:
            return under_way
        now = timezone.now()
        reset = MemberReset.objects.create(
            user=user,
            organization=membership.organization,
            membership=membership,
            asked_by=actor.user,
            reason=reason,
            stop_token_hash=digest(token),
            asked_at=now,
            due_at=now + MemberReset.WAIT,
        )
        record_event(
            Event.TWO_FACTOR_RESET_ASKED,
            organization=membership.organization,
            actor=actor,
            target=membership,
            data={"reason": reason, "due_at": reset.due_at.isoformat()},
        )
        queue_mail(
            "two_factor_reset_asked",
            user,
            organization=membership.organization,
            admin=actor.user.display_name if actor.user else actor.name,
            reason=reason,
            due_at=reset.due_at,
            button_url=settings.BASE_URL + reverse("twofactor:stop_reset", args=[token]),
            button_label=_("This wasn’t me: stop it"),
        )
    return reset


def open_reset(user: User) -> MemberReset | None:
    """Return the reset that waits for this person's account."""
    return (
        MemberReset.objects.waiting()
        .filter(user=user)
        .select_related("organization", "user")
        .first()
    )


def reset_by_token(token: str) -> MemberReset | None:
    """Return the reset that the mailed link stops, whatever became of it."""
    return (
        MemberReset.objects.filter(stop_token_hash=digest(token))
        .select_related("organization", "user")
        .first()
    )


def stop_reset(reset: MemberReset, *, actor: Actor) -> bool:
    """Stop a reset; return whether it still waited. The organization's admins are told."""
    with transaction.atomic():
        lock(reset.user)
        waiting = MemberReset.objects.waiting().filter(pk=reset.pk)
        if not waiting.update(stopped_at=timezone.now()):
            return False
        record_event(
            Event.TWO_FACTOR_RESET_STOPPED,
            organization=reset.organization,
            actor=actor,
            target=reset.user,
        )
        mail_admins("two_factor_reset_stopped", reset.organization, member=reset.user)
    return True


def carry_out_due(user: User | None = None) -> int:
    """Carry out the resets whose hour is over, all or one person's; return how many.

    Beat calls it every minute and the challenge page for the person before it: whichever comes
    first. Any number of processes may: each row is locked and asked again.
    """
    due = MemberReset.objects.due()
    if user is not None:
        due = due.filter(user=user)
    done = 0
    for reset in due.select_related("user", "organization"):
        with transaction.atomic():
            lock(reset.user)
            waiting = MemberReset.objects.waiting().filter(pk=reset.pk)
            if not waiting.update(done_at=timezone.now()):
                continue
            remove_everything(reset.user)
            record_event(
                Event.TWO_FACTOR_RESET,
                organization=reset.organization,
                actor=Actor.system("two-factor reset"),
                target=reset.user,
                data={"reason": reset.reason},
            )
            queue_mail("two_factor_reset", reset.user, organization=reset.organization)
        done += 1
        if user is not None:
            user.two_factor_set_at = None
    return done


def reset_at_once(user: User, *, actor: Actor) -> None:
    """Reset by an operator: at once; the member and the admins of their organizations are told."""
    with transaction.atomic():
        lock(user)
        MemberReset.objects.waiting().filter(user=user).update(done_at=timezone.now())
        remove_everything(user)
        record_event(Event.TWO_FACTOR_RESET, actor=actor, target=user)
        queue_mail("two_factor_reset", user)
        memberships = Membership.objects.filter(user=user).active().select_related("organization")
        for membership in memberships:
            record_event(
                Event.TWO_FACTOR_RESET,
                organization=membership.organization,
                actor=actor,
                target=membership,
            )
            mail_admins("two_factor_reset_by_operator", membership.organization, member=user)


def digest(token: str) -> str:
    """Return what is kept of a random token."""
    return hashlib.sha256(token.encode()).hexdigest()


def remove_everything(user: User) -> None:
    """Remove every method, code and remembered browser; the counters start anew (F2)."""
    for model in (
        AuthenticatorDevice,
        PhoneDevice,
        WebAuthnCredential,
        RecoveryCode,
        RememberedBrowser,
        PendingSetUp,
    ):
        model.objects.filter(user=user).delete()
    # Emptied, not deleted: others may be waiting for its lock.
    Enrolment.objects.filter(user=user).update(
        primary="",
        codes_saved_at=None,
        set_up_asked_at=None,
        reset_required=False,
        guesses=0,
        next_guess_at=None,
    )
    limits.forget(f"two-factor-recovery:{user.pk}")
    user.two_factor_set_at = None
    user.save(update_fields=["two_factor_set_at"])
