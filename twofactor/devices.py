"""Questions about a person's methods; changes are in services."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnCredential

from accounts.models import Membership, Organization, User
from accounts.prepared import Prepared
from accounts.rows import columns, instances
from twofactor.models import (
    AuthenticatorDevice,
    Enrolment,
    MemberReset,
    Method,
    PhoneDevice,
    RecoveryCode,
    RememberedBrowser,
)

D = TypeVar("D", AuthenticatorDevice, PhoneDevice, WebAuthnCredential)


class Device(Protocol):
    """A django-otp device: an app, a phone, a passkey."""

    user_id: int
    name: str
    created_at: datetime.datetime | None
    last_used_at: datetime.datetime | None

    @property
    def persistent_id(self) -> str:
        """django-otp's name for it, over all tables."""

    def save(self) -> None:
        """Write it."""

    def delete(self) -> Any:
        """Remove it."""


@dataclass
class Methods:
    """All that a person can pass a challenge with."""

    enrolment: Enrolment | None = None
    authenticators: list[AuthenticatorDevice] = field(default_factory=list)
    phones: list[PhoneDevice] = field(default_factory=list)
    passkeys: list[WebAuthnCredential] = field(default_factory=list)
    codes_left: int = 0

    @property
    def devices(self) -> list[Device]:
        """The methods, the primary one first."""
        every: list[Device] = [*self.authenticators, *self.phones, *self.passkeys]
        return sorted(every, key=lambda device: not self.is_primary(device))

    @property
    def primary(self) -> Device | None:
        """The method that is asked first."""
        return next(iter(self.devices), None)

    @property
    def backups(self) -> list[Device]:
        """The other methods."""
        return self.devices[1:]

    def is_primary(self, device: Device) -> bool:
        """Whether Change Method replaces this one."""
        return self.enrolment is not None and self.enrolment.primary == device.persistent_id

    def find(self, persistent_id: str) -> Device | None:
        """Return the method of that id, if it is this person's."""
        return next((d for d in self.devices if d.persistent_id == persistent_id), None)


def methods_of(user: User) -> Methods:
    """Return what ``user`` has set up."""
    return summary_of(user).methods


@dataclass(frozen=True)
class Summary:
    """All that the profile tells of a person's second factor.

    ``browsers`` are those that pass for one; ``reset`` waits, with its organization.
    """

    methods: Methods
    browsers: int
    reset: MemberReset | None


# By hand: through the ORM these four questions cost 2 ms of CPU more.
_SUMMARY = Prepared(
    "two_factor_summary",
    f"""
    SELECT {columns(Enrolment, MemberReset, Organization)},
        (SELECT count(*) FROM {RecoveryCode._meta.db_table} code
            WHERE code.user_id = person.id AND code.used_at IS NULL),
        (SELECT count(*) FROM {RememberedBrowser._meta.db_table} browser
            WHERE browser.user_id = person.id AND browser.expires_at > %(now)s)
    FROM (SELECT %(user)s::bigint AS id) person
    LEFT JOIN twofactor_enrolment ON twofactor_enrolment.user_id = person.id
    LEFT JOIN twofactor_memberreset ON twofactor_memberreset.user_id = person.id
        AND twofactor_memberreset.stopped_at IS NULL AND twofactor_memberreset.done_at IS NULL
    LEFT JOIN accounts_organization
        ON accounts_organization.id = twofactor_memberreset.organization_id
    """,  # noqa: S608  # names of our own tables, no input
)


def summary_of(user: User) -> Summary:
    """Return what ``user`` has set up, and what else there is about it."""
    [row] = _SUMMARY.rows({"user": user.pk, "now": timezone.now()})
    enrolment, reset, organization = instances(row, Enrolment, MemberReset, Organization)
    codes_left, browsers = row[-2:]
    if reset is not None:
        reset.user, reset.organization = user, organization
    if enrolment is None:
        return Summary(Methods(), browsers, reset)
    methods = Methods(
        enrolment,
        _confirmed(AuthenticatorDevice, user),
        _confirmed(PhoneDevice, user),
        _confirmed(WebAuthnCredential, user),
        codes_left,
    )
    return Summary(methods, browsers, reset)


# Asked only of whoever has set something up; by hand for the same reason.
_CONFIRMED = {
    model: Prepared(
        f"confirmed_{model._meta.db_table}",
        f"SELECT {columns(model)} FROM {model._meta.db_table}"  # noqa: S608  # names of our own
        " WHERE user_id = %s AND confirmed ORDER BY id",
    )
    for model in (AuthenticatorDevice, PhoneDevice, WebAuthnCredential)
}


def _confirmed(model: type[D], user: User) -> list[D]:
    return [instances(row, model)[0] for row in _CONFIRMED[model].rows([user.pk])]


@dataclass(frozen=True)
class Options:
    """What the challenge of a person can be, and what else its page must know."""

    primary: str = ""
    kinds: frozenset[str] = frozenset()
    reset_is_due: bool = False
    may_be_remembered: bool = False

    @property
    def first(self) -> str:
        """The kind of the method that is asked first."""
        kind = KINDS.get(self.primary.partition("/")[0], "")
        return kind if kind in self.kinds else next(iter(sorted(self.kinds)), "")


KINDS: dict[str, str] = {
    AuthenticatorDevice.model_label(): Method.APP,
    PhoneDevice.model_label(): Method.SMS,
    WebAuthnCredential.model_label(): Method.PASSKEY,
}


# By hand: through the ORM the same costs 5 ms of CPU, and it stands in the way of every sign-in.
OPTIONS = """
SELECT enrolment.primary,
    EXISTS (SELECT FROM twofactor_authenticatordevice d WHERE d.user_id = %(user)s AND d.confirmed),
    EXISTS (SELECT FROM twofactor_phonedevice d WHERE d.user_id = %(user)s AND d.confirmed),
    EXISTS (SELECT FROM django_otp_webauthn_webauthncredential d
        WHERE d.user_id = %(user)s AND d.confirmed),
    EXISTS (SELECT FROM twofactor_memberreset r WHERE r.user_id = %(user)s
        AND r.stopped_at IS NULL AND r.done_at IS NULL AND r.due_at <= %(now)s),
    EXISTS (SELECT FROM accounts_membership m
        JOIN accounts_securitypolicy p ON p.organization_id = m.organization_id
        WHERE m.user_id = %(user)s AND m.status = 'active'
        AND p.two_factor_required AND NOT p.two_factor_remember_allowed)
FROM twofactor_enrolment enrolment WHERE enrolment.user_id = %(user)s
"""


def options_of(user: User) -> Options:
    """Return what the challenge page needs of ``user``, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(OPTIONS, {"user": user.pk, "now": timezone.now()})
        row = cursor.fetchone()
    if row is None:
        return Options()
    primary, has_app, has_sms, has_passkey, reset_is_due, forbidden = row
    has = {Method.APP: has_app, Method.SMS: has_sms, Method.PASSKEY: has_passkey}
    kinds = frozenset(kind.value for kind in Method if has[kind])
    return Options(primary, kinds, reset_is_due, not forbidden)


def forbidding_memberships() -> QuerySet[Membership]:
    """Return memberships whose organization demands a factor and forbids remembered browsers."""
    return Membership.objects.filter(
        organization__policy__two_factor_required=True,
        organization__policy__two_factor_remember_allowed=False,
    ).active()


# Asked at every sign-in of somebody with a method.
_ENROLMENT = Prepared(
    "enrolment_of_user",
    f"SELECT {columns(Enrolment)} FROM twofactor_enrolment WHERE user_id = %s",  # noqa: S608  # our own table's names
)


def enrolment_of(user: User) -> Enrolment | None:
    """Return what ``user`` has set up beside the devices, or None."""
    found = _ENROLMENT.rows([user.pk])
    return cast("Enrolment", instances(found[0], Enrolment)[0]) if found else None


def kind_of(device: Device) -> Method:
    """Return what kind of method a device is."""
    method: Method = getattr(device, "method", Method.PASSKEY)
    return method


def label_of(device: Device) -> str:
    """Return a device in its owner's words."""
    return str(getattr(device, "label", "") or device.name or Method.PASSKEY.label)
