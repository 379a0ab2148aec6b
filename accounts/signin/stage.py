"""Our one stage in allauth's sign-in: the access rules are asked, until none asks for more.

Whatever touches ``allauth.*.internal`` is here and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.internal.flows.login import (
    get_authentication_records,
    perform_login,
    resume_login,
)
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY, stash_login
from allauth.account.models import Login
from allauth.account.stages import LoginByCodeStage, LoginStage, LoginStageController
from django.shortcuts import redirect
from django.utils import timezone

from accounts.models import User
from accounts.signin.evidence import FIRST_SESSION, Evidence, Proof, current
from accounts.signin.rules import step_at_sign_in

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

KEY = "access_rules"
# What allauth notes of a first factor -> our word for it.
METHODS = {"password": "password", "code": "magic_link", "mfa": "otp"}


class AccessRulesStage(LoginStage):
    """Asks ACCESS_RULES after each factor; opens the session when nothing is left to ask."""

    key = KEY
    urlname = "signin:next"
    # What the session keeps of the sign-in, as this stage read or wrote it.
    stashed: dict[str, Any] | None = None

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Return the redirect to the next step, or let the sign-in finish."""
        self.note_first_factor()
        self.take_first_session()
        evidence = self.evidence
        step = step_at_sign_in(self.login.user, evidence)
        if step is not None:
            return redirect(step.url), True
        self.request.fresh_evidence = evidence  # read by the adapter
        return None, True

    @property
    def evidence(self) -> Evidence:
        """What this sign-in has shown so far, beside what the same person's session holds."""
        evidence = Evidence.deserialize(self.state)
        # Devices changed while the sign-in was under way count against it, too (F8).
        return current(evidence, self.login.user)

    def add(self, proof: Proof) -> None:
        """Note a proof and keep the sign-in in the session."""
        evidence = Evidence.deserialize(self.state).with_proof(proof)
        self.state.update(evidence.serialize())
        stash_login(self.request, self.login)
        self.stashed = self.request.session[LOGIN_SESSION_KEY]

    def note_first_factor(self) -> None:
        """Turn what allauth noted of the first factor into a proof, once."""
        if self.state.get("proofs"):
            return
        proof = first_factor(self.request, self.login)
        self.state.update(Evidence(proofs=(proof,) if proof else ()).serialize())

    def take_first_session(self) -> None:
        """Use up the exemption of the first session of an account's life, once (TFA-4, F5)."""
        user = self.login.user
        if user.first_session_used_at is not None:
            return
        now = timezone.now()
        taken = User.objects.filter(pk=user.pk, first_session_used_at=None).update(
            first_session_used_at=now
        )
        user.first_session_used_at = now
        if taken:
            self.state["first_session_until"] = (now + FIRST_SESSION).timestamp()


def first_factor(request: HttpRequest, login: Login) -> Proof | None:
    """Return the proof for the newest first factor that allauth noted for this person."""
    records = get_authentication_records(request, login.user)
    if records:
        newest = records[-1]
        if newest["method"] == "socialaccount":
            return Proof.now(newest["provider"])
        return Proof.now(METHODS[newest["method"]])
    if login.signup:
        # Typed a moment ago, in this browser; without one, the mailed link that brought them here.
        return Proof.now("password" if login.user.has_usable_password() else "magic_link")
    return None


def start(request: HttpRequest, user: User, proof: Proof, next_url: str) -> HttpResponse:
    """Begin a sign-in whose first factor is ``proof``, outside allauth's own forms."""
    login = Login(user=user, email_verification="none", redirect_url=next_url or None)
    state: dict[str, Any] = Evidence(proofs=(proof,)).serialize()
    login.state["stages"] = {KEY: {"data": state}}
    answer: HttpResponse = perform_login(request, login)
    return answer


def current_stage(request: HttpRequest) -> AccessRulesStage | None:
    """Return the stage at which this browser's sign-in waits, if it waits here.

    allauth reads the person anew each time it is asked; a request that changed nothing of the
    sign-in meanwhile need not.
    """
    waiting = request.session.get(LOGIN_SESSION_KEY)
    known: AccessRulesStage | None = getattr(request, "access_rules_stage", None)
    if known is not None and known.stashed == waiting:
        return known
    stage = LoginStageController.enter(request, KEY)
    if not isinstance(stage, AccessRulesStage):
        return None
    stage.stashed = waiting
    request.access_rules_stage = stage  # type: ignore[attr-defined]  # ours
    return stage


def go_on(request: HttpRequest, stage: AccessRulesStage) -> HttpResponse:
    """Ask the rules again."""
    answer: HttpResponse = resume_login(request, stage.login)
    return answer


def magic_link_under_way(request: HttpRequest) -> LoginCodeVerificationProcess | None:
    """Return the sign-in that waits for a mailed code in this browser, if it may still be used."""
    waiting = LoginStageController.enter(request, LoginByCodeStage.key)
    return LoginCodeVerificationProcess.resume(waiting) if waiting is not None else None


def send_magic_link(request: HttpRequest, user: User | None, address: str, next_url: str) -> None:
    """Mail a code and its link; for an unknown address only the page is the same (S3)."""
    process = LoginCodeVerificationProcess.initiate(request=request, user=user, email=address)
    if next_url:
        process.stage.login.redirect_url = next_url
        process.persist()
