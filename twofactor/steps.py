"""Who stands before a step of a sign-in, and what may be asked of them."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers
from django_otp import DEVICE_ID_SESSION_KEY

from accounts.actor import Actor
from accounts.models import User
from accounts.signin import flow
from accounts.signin.evidence import Evidence, Proof, evidence_of
from twofactor.services.enrolment import new_key

P = ParamSpec("P")
SESSION_KEY = "two_factor_key"
# A set-up in an open session asks for a first factor that is not older than this (F7).
FRESH = datetime.timedelta(minutes=15)


@dataclass(frozen=True)
class Person:
    """Somebody with a first factor: a sign-in under way, or an open session asked for more."""

    request: HttpRequest
    user: User
    evidence: Evidence
    actor: Actor
    is_signed_in: bool

    @property
    def key(self) -> str:
        """What ties a set-up or a code to this session (F6, F10); made when first asked for."""
        return key_of(self.request, self.user)

    @property
    def must_pass(self) -> bool:
        """Whether the challenge is open: a method is set and not passed."""
        return self.user.has_second_factor and not self.evidence.has_second_factor

    @property
    def is_fresh(self) -> bool:
        """Whether a first factor of the person's own was given a moment ago."""
        newest = max((p.at for p in self.evidence.account_level), default=None)
        return newest is not None and self.evidence.now - newest < FRESH


def person_at(request: HttpRequest) -> Person | None:
    """Return who stands before this step, or None where no first factor was given."""
    pending = flow.pending(request)
    if pending is not None:
        actor = Actor.of(request, pending.user)
        return Person(request, pending.user, pending.evidence, actor, is_signed_in=False)
    return session_of(request) if request.user.is_authenticated else None


def session_of(request: HttpRequest) -> Person:
    """Return the person of an open session."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  # login_required stands before
    return Person(request, user, evidence_of(request), Actor.of(request), is_signed_in=True)


def note_passed(request: HttpRequest, person: Person, proof: Proof) -> None:
    """Note a passed method in the sign-in or the session (S15).

    Operators' pages ask django-otp, which reads the device from the session; for nobody else, as
    it costs a query at each request.
    """
    flow.add_proof(request, proof)
    if person.user.is_staff:
        request.session[DEVICE_ID_SESSION_KEY] = proof.detail


def key_of(request: HttpRequest, user: User) -> str:
    """Return the session's key for this person, made where there is none."""
    kept = request.session.get(SESSION_KEY, {})
    if kept.get("user") != user.pk:
        kept = {"user": user.pk, "key": new_key()}
        request.session[SESSION_KEY] = kept
    return str(kept["key"])


def step(
    view: Callable[Concatenate[HttpRequest, Person, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Guard a step: somebody with an account-level first factor; nothing of it is cached (F15).

    Whoever comes without one is sent to the step that is open, or to the address (S2).
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        person = person_at(request)
        if person is None or not person.evidence.is_account_level:
            response = flow.resume(request)
        else:
            response = view(request, person, *args, **kwargs)
        add_never_cache_headers(response)
        response.headers["Cache-Control"] = "no-store"
        return response

    return guarded
