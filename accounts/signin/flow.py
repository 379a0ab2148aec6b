"""The one way to a session: every first factor enters here, and the rules decide what follows.

Password, magic link, Google and sign-up come through allauth's stages, single sign-on and
passkeys through ``begin()``; all meet ``AccessRulesStage``. So no path can forget a demand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from allauth.usersessions.models import UserSession
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from accounts.signin import stage as stages
from accounts.signin.evidence import Evidence, Proof, evidence_of, keep

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from accounts.models import User

MAX_PATH = 500


@dataclass(frozen=True)
class Pending:
    """A sign-in under way: a first factor was given, the session is not open yet."""

    user: User
    evidence: Evidence
    next_url: str
    # Random and bound to this browser's session: what a step starts belongs to it (F6, F10).
    key: str


def begin(request: HttpRequest, user: User, proof: Proof, *, next_url: str = "") -> HttpResponse:
    """Take a first factor: answer with the next step, or with the open session.

    Where the same person is signed in already it is a step-up: the evidence is added to what
    the session holds.
    """
    return stages.start(request, user, proof, safe_path(next_url))


def pending(request: HttpRequest) -> Pending | None:
    """Return the sign-in under way in this browser, or None."""
    stage = stages.current_stage(request)
    if stage is None or stage.login.user is None:
        return None
    login = stage.login
    return Pending(login.user, stage.evidence, login.redirect_url or "", f"{login.initiated_at}")


def add_proof(request: HttpRequest, proof: Proof) -> None:
    """Note a passed step: in the sign-in under way, else in the open session.

    The session's key changes with it (S15).
    """
    stage = stages.current_stage(request)
    if stage is not None:
        stage.add(proof)
        request.session.cycle_key()
        return
    keep(request, evidence_of(request).with_proof(proof))
    before = request.session.session_key
    request.session.cycle_key()
    # The list of open sessions follows, or nobody could end this one from elsewhere (ACC-4).
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


def resume(request: HttpRequest) -> HttpResponse:
    """Ask the rules again: the next step, or the session."""
    stage = stages.current_stage(request)
    if stage is None:
        return redirect("home" if request.user.is_authenticated else "signin:address")
    return stages.go_on(request, stage)


NEXT = "signin_next"


def want(request: HttpRequest, path: str) -> None:
    """Remember where the person wanted to go, for whichever way in they choose."""
    wish = safe_path(path)
    if wish or NEXT in request.session:  # no session for everybody who looks at the page
        request.session[NEXT] = wish


def wanted(request: HttpRequest) -> str:
    """Return the path that the person wanted when the sign-in began, or nothing."""
    return safe_path(request.session.get(NEXT) or "")


def safe_path(path: str) -> str:
    """Return ``path`` if it is one of our own, else nothing (S17).

    One leading slash, no host, no control characters, at most 500 characters.
    """
    if (
        not path.startswith("/")
        or path.startswith(("//", "/\\"))
        or len(path) > MAX_PATH
        or not path.isprintable()
        or not url_has_allowed_host_and_scheme(path, None)
    ):
        return ""
    return path


def redirect_to_sign_in(request: HttpRequest, *, address: str = "", path: str = "") -> HttpResponse:
    """Send somebody to the address step, and afterwards to ``path``, else back here."""
    query = {"next": request.get_full_path()} if request.method == "GET" else {}
    if path:
        query["next"] = path
    if address:
        query["email"] = address
    return HttpResponseRedirect(f"/sign-in/?{urlencode(query)}" if query else "/sign-in/")
