"""The second factor's access rule (TFA-4, TFA-13)."""

from __future__ import annotations

import datetime
from functools import partial

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Membership, SecurityPolicy, User
from accounts.signin.evidence import Evidence
from accounts.signin.rules import Affected, Entry, Purpose, Refusal, Step
from twofactor.devices import enrolment_of
from twofactor.models import Enrolment

# A wish to change the method that nobody acts on is forgotten.
WISH_LASTS = datetime.timedelta(hours=24)
REMEMBERED = "remembered/"


class SecondFactorRule:
    """One's own second factor always; a set-up where an organization demands it.

    What an identity provider asserted is not asked for more: it has a second factor of its own,
    and a personal one does not count there (TFA-13).
    """

    def at_address(self, address: str, purpose: Purpose) -> Step | None:
        """Ask nothing: who it is isn't known yet."""
        return None

    def at_sign_in(self, user: User, evidence: Evidence) -> Step | None:
        """After a first factor of the person's own: the challenge, then what is due."""
        if not evidence.is_account_level:
            return None
        if user.has_second_factor:
            return self._with_a_method(user, evidence)
        if self._is_demanded(user) and not evidence.is_first_session:
            return set_up()
        enrolment = enrolment_of(user)
        if enrolment is not None and wishes_set_up(enrolment):
            return set_up(skippable=True)
        return None

    def at_organization(self, entry: Entry, evidence: Evidence) -> Step | Refusal | None:
        """At an organization's door: what the open session has not shown yet."""
        if not evidence.is_account_level:
            return None
        if entry.policy.sso_enabled and evidence.saml(entry.organization.public_id):
            return None
        if entry.user.has_second_factor:
            return None if evidence.has_second_factor else challenge()
        if not entry.policy.two_factor_required or evidence.is_first_session:
            return None
        return set_up() if is_due(entry.policy, evidence) else None

    def affected(self, before: SecurityPolicy, after: SecurityPolicy) -> list[Affected]:
        """Say whom turning the requirement on asks, and whom a deadline will."""
        if after.two_factor_required == before.two_factor_required:
            return []
        without = Q(user__two_factor_set_at=None)
        if not after.two_factor_required:
            return [Affected("two_factor_no_longer", without, no_longer_asked)]
        deadline = after.two_factor_deadline_at
        never_here = Q(user__first_session_used_at=None)
        return [
            Affected("two_factor_set_up", without & ~never_here, partial(will_set_up, deadline)),
            Affected("two_factor_second_sign_in", without & never_here, will_set_up_later),
            Affected("two_factor_ready", ~without, are_ready),
        ]

    def _with_a_method(self, user: User, evidence: Evidence) -> Step | None:
        passed = evidence.second_factor
        if passed is None:
            return challenge()
        enrolment = enrolment_of(user)
        if enrolment is None:
            return None
        if enrolment.reset_required or wishes_set_up(enrolment):
            # A remembered browser spares typing; it is no method passed (TFA-8, F7).
            if passed.detail.startswith(REMEMBERED):
                return challenge()
            return set_up(skippable=not enrolment.reset_required)
        if enrolment.codes_saved_at is None:
            return recovery_codes()
        return None

    def _is_demanded(self, user: User) -> bool:
        return (
            Membership.objects.filter(user=user, organization__policy__two_factor_required=True)
            .active()
            .exists()
        )


def is_due(policy: SecurityPolicy, evidence: Evidence) -> bool:
    """Whether an open session without a method is asked now, not at its next sign-in (TFA-4).

    Only sessions that were open when the requirement was turned on may go on, until the deadline:
    neither a first session whose day is over nor one of somebody who joined later.
    """
    deadline = policy.two_factor_deadline_at
    if evidence.first_session_until is not None or (deadline and deadline <= evidence.now):
        return True
    required_at = policy.two_factor_required_at
    opened_at = max((proof.at for proof in evidence.account_level), default=None)
    return required_at is not None and opened_at is not None and opened_at > required_at


def wishes_set_up(enrolment: Enrolment) -> bool:
    """Whether Set Up Method or Change Method was pressed not long ago (TFA-8)."""
    asked_at = enrolment.set_up_asked_at
    return asked_at is not None and timezone.now() - asked_at < WISH_LASTS


def challenge() -> Step:
    """The step that asks for the method that is set."""
    return Step(reverse("twofactor:challenge"), _("Two-factor verification"))


def set_up(*, skippable: bool = False) -> Step:
    """The step that sets a method up."""
    return Step(reverse("twofactor:set_up"), _("Set up two-factor"), skippable=skippable)


def recovery_codes() -> Step:
    """The step that makes sure of the recovery codes."""
    return Step(reverse("twofactor:recovery_codes"), _("Recovery codes"))


def will_set_up(deadline: datetime.datetime | None, n: int) -> str:
    """Say what happens to people without a method."""
    if deadline is None:
        return ngettext(
            "%(n)d person has no method yet and will be asked to set one up at their next sign-in.",
            "%(n)d people have no method yet and will be asked to set one up at their next "
            "sign-in.",
            n,
        ) % {"n": n}
    return ngettext(
        "%(n)d person has no method yet and will be asked to set one up at their next sign-in, "
        "at the latest when the deadline is over.",
        "%(n)d people have no method yet and will be asked to set one up at their next sign-in, "
        "at the latest when the deadline is over.",
        n,
    ) % {"n": n}


def will_set_up_later(n: int) -> str:
    """Say that the first sign-in of an account's life is not interrupted (TFA-4)."""
    return ngettext(
        "%(n)d person has never signed in and will be asked to set one up at their second sign-in.",
        "%(n)d people have never signed in and will be asked to set one up at their second "
        "sign-in.",
        n,
    ) % {"n": n}


def are_ready(n: int) -> str:
    """Say what happens to people with a method."""
    return ngettext(
        "%(n)d person has a method already and notices nothing.",
        "%(n)d people have a method already and notice nothing.",
        n,
    ) % {"n": n}


def no_longer_asked(n: int) -> str:
    """Say what turning the requirement off means to people without a method."""
    return ngettext(
        "%(n)d person without a method will no longer be asked to set one up.",
        "%(n)d people without a method will no longer be asked to set one up.",
        n,
    ) % {"n": n}
