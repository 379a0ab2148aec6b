"""What a session can prove: how and when somebody showed who they are.

A session holds *proofs*. ``password``, ``magic_link``, ``google`` and ``passkey`` are
account-level: the person's own, good for every organization. ``saml`` is what one
organization's identity provider said: it opens that organization and nothing else (ACC-7).
``otp`` stands on top of an account-level proof.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

    from accounts.models import User

SESSION_KEY = "evidence"
ACCOUNT_LEVEL = frozenset({"password", "magic_link", "google", "passkey"})
SECOND_FACTOR = "otp"
SAML = "saml"
# The exempt first session of an account's life ends after this (TFA-4).
FIRST_SESSION = datetime.timedelta(hours=24)


@dataclass(frozen=True)
class Proof:
    """One thing shown: ``method`` at the instant ``at``.

    ``connection`` and ``organization`` are public ids, for saml only; ``until`` is the identity
    provider's SessionNotOnOrAfter; ``detail`` names the device of a second factor.
    """

    method: str
    at: datetime.datetime
    connection: str = ""
    organization: str = ""
    until: datetime.datetime | None = None
    detail: str = ""

    @classmethod
    def now(cls, method: str, **fields: Any) -> Self:
        """Return a proof given this instant."""
        return cls(method=method, at=timezone.now(), **fields)

    @property
    def label(self) -> str:
        """The proof in one word, as `/me` and the audit log say it."""
        return f"{SAML}:{self.connection}" if self.method == SAML else self.method

    def is_alive(self, now: datetime.datetime) -> bool:
        """Whether it still counts: not past its own end nor the longest session (ACC-4)."""
        return (self.until is None or now < self.until) and now < (
            self.at + settings.SESSION_ABSOLUTE_TIME
        )

    def serialize(self) -> dict[str, Any]:
        """Return it as the session stores it."""
        data: dict[str, Any] = {"method": self.method, "at": self.at.timestamp()}
        if self.until is not None:
            data["until"] = self.until.timestamp()
        for name in ("connection", "organization", "detail"):
            if getattr(self, name):
                data[name] = getattr(self, name)
        return data

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Self:
        """Return the proof that ``serialize`` wrote."""
        fields = dict(data)
        fields["at"] = datetime.datetime.fromtimestamp(fields["at"], tz=datetime.UTC)
        if "until" in fields:
            fields["until"] = datetime.datetime.fromtimestamp(fields["until"], tz=datetime.UTC)
        return cls(**fields)


@dataclass(frozen=True)
class Evidence:
    """All that a session, or a sign-in under way, has shown for one person."""

    proofs: tuple[Proof, ...] = ()
    # Set while this is the exempt first session of the account's life (TFA-4).
    first_session_until: datetime.datetime | None = None
    now: datetime.datetime = field(default_factory=timezone.now)

    @property
    def account_level(self) -> tuple[Proof, ...]:
        """The account-level first factors that are alive."""
        return tuple(p for p in self.proofs if p.method in ACCOUNT_LEVEL and p.is_alive(self.now))

    @property
    def is_account_level(self) -> bool:
        """Whether the person showed something of their own."""
        return bool(self.account_level)

    @property
    def second_factor(self) -> Proof | None:
        """The newest second factor that is alive."""
        alive = [p for p in self.proofs if p.method == SECOND_FACTOR and p.is_alive(self.now)]
        return max(alive, key=lambda proof: proof.at, default=None)

    @property
    def has_second_factor(self) -> bool:
        """Whether a second factor was passed."""
        return self.second_factor is not None

    @property
    def is_first_session(self) -> bool:
        """Whether this is the exempt first session, and within its day (TFA-4)."""
        return self.first_session_until is not None and self.now < self.first_session_until

    def saml(self, organization: str) -> Proof | None:
        """Return what the identity provider of ``organization`` (public id) said, if alive."""
        found = [
            proof
            for proof in self.proofs
            if proof.method == SAML
            and proof.organization == organization
            and proof.is_alive(self.now)
        ]
        return max(found, key=lambda proof: proof.at, default=None)

    def proves_account(self, user: User) -> bool:
        """Whether this is account-level evidence in full: with the second factor where one is set.

        Entering another organization and changing one's own password, address or second
        factor ask for it (ACC-7).
        """
        return self.is_account_level and (self.has_second_factor or not user.has_second_factor)

    def labels(self) -> list[str]:
        """Return the living proofs in words, oldest first: ``["password", "otp"]``."""
        return [proof.label for proof in self.proofs if proof.is_alive(self.now)]

    def since(self, instant: datetime.datetime) -> Evidence:
        """Return only what was shown at or after ``instant``."""
        return replace(self, proofs=tuple(p for p in self.proofs if p.at >= instant))

    def with_proof(self, proof: Proof) -> Evidence:
        """Return the evidence with ``proof`` in the place of an older one of the same label."""
        kept = [p for p in self.proofs if (p.label, p.detail) != (proof.label, proof.detail)]
        return replace(self, proofs=(*kept, proof))

    def merged(self, others: Iterable[Proof]) -> Evidence:
        """Return the evidence with the proofs of ``others`` added."""
        evidence = self
        for proof in sorted(others, key=lambda proof: proof.at):
            evidence = evidence.with_proof(proof)
        return evidence

    def serialize(self) -> dict[str, Any]:
        """Return it as the session stores it."""
        data: dict[str, Any] = {"proofs": [proof.serialize() for proof in self.proofs]}
        if self.first_session_until is not None:
            data["first_session_until"] = self.first_session_until.timestamp()
        return data

    @classmethod
    def deserialize(cls, data: dict[str, Any] | None) -> Self:
        """Return the evidence that ``serialize`` wrote; none for nothing."""
        if not data:
            return cls()
        until = data.get("first_session_until")
        return cls(
            proofs=tuple(Proof.deserialize(proof) for proof in data.get("proofs", ())),
            first_session_until=datetime.datetime.fromtimestamp(until, tz=datetime.UTC)
            if until
            else None,
        )


def evidence_of(request: HttpRequest) -> Evidence:
    """Return what this request's session can prove now; nothing for somebody signed out.

    What was shown before the account's ``sessions_valid_from`` counts no more, nor does a second
    factor passed with methods that were changed since (F8).
    """
    if not request.user.is_authenticated:
        return Evidence()
    evidence = Evidence.deserialize(request.session.get(SESSION_KEY))
    return current(evidence, request.user)


def current(evidence: Evidence, user: User) -> Evidence:
    """Return what of ``evidence`` still counts for ``user`` as the account is now."""
    evidence = evidence.since(user.sessions_valid_from)
    changed_at = user.two_factor_set_at
    if changed_at is None:
        return evidence
    kept = (p for p in evidence.proofs if p.method != SECOND_FACTOR or p.at >= changed_at)
    return replace(evidence, proofs=tuple(kept))


def keep(request: HttpRequest, evidence: Evidence) -> None:
    """Write ``evidence`` into the session."""
    request.session[SESSION_KEY] = evidence.serialize()
