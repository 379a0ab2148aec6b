"""What browsers bring from and to identity providers: the contract URLs, and the hand-over."""

from __future__ import annotations

import logging
import secrets
import time
from contextlib import suppress
from datetime import timedelta

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    UnreadablePostError,
)
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import limits
from accounts.actor import Actor
from accounts.models import Organization
from accounts.signin.evidence import Proof
from accounts.signin.flow import NEXT, begin, wanted
from sso import contract
from sso.models import Connection
from sso.saml.preflight import LARGEST
from sso.saml.reasons import Refused
from sso.saml.service_provider import metadata as metadata_of
from sso.services import keys, log, signing_in
from sso.services.hand_over import Arrived, take, taken_since, turn_away
from sso.services.signing_in import Accepted, Arrival, Declined, Tested
from sso.views.forward import send_to_identity_provider

logger = logging.getLogger(__name__)

NONCE = "sso_nonce"
CONTINUE = "sso_continue"
CONTINUE_FOR = timedelta(minutes=5)
# For one address, and offices share one: refused answers, and sign-ins begun (each is a row).
REFUSED_POSTS, STARTS, WINDOW = 30, 600, timedelta(minutes=1)
START_PAGE = "/home/"
LARGEST_BODY = 2 * LARGEST  # bytes: the form's other fields, and percent-encoding
# Of a larger one so much is taken and thrown away: who still writes does not read our answer.
LARGEST_DISCARDED, DISCARDED_AT_ONCE, DISCARDING = 64 * 2**20, 2**18, 5.0  # bytes, bytes, seconds


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def postback(request: HttpRequest) -> HttpResponse:
    """The Postback URL: GET starts single sign-on, POST takes an assertion (SSO-2, SSO-6).

    404 for an organization that does not exist or has no single sign-on: they look the same.
    An answer is taken before it is turned on, too: it may be a test's, and is refused if not.
    """
    organization = _organization(request)
    if request.method == "POST":
        return _answer(request, organization)
    if not organization.policy.sso_enabled:
        raise Http404
    connection: Connection = organization.connection
    address = str(request.client_address)  # type: ignore[attr-defined]  # set by the middleware
    started = limits.hit(f"sso-start:{address}", limit=STARTS, per=WINDOW)
    if not started:
        return _too_many(request, started.retry_after)
    nonce = request.session.setdefault(NONCE, secrets.token_urlsafe(32))
    asked = request.GET.get("next") or wanted(request)
    sent = signing_in.start(connection, nonce=nonce, next_path=asked)
    return send_to_identity_provider(request, connection, sent)


@csrf_exempt
@never_cache
@require_POST
def reply(request: HttpRequest) -> HttpResponse:
    """The Reply URL of all organizations: needs no session, and sets none."""
    return _answer(request, None)


def _organization(request: HttpRequest) -> Organization:
    ids = request.GET.getlist("org_id")
    if len(ids) != 1 or "\x00" in ids[0]:
        raise Http404
    found = (
        Organization.objects.select_related("policy", "connection")
        .filter(public_id=ids[0], connection__isnull=False)
        .first()
    )
    if found is None:
        raise Http404
    return found


def _answer(request: HttpRequest, organization: Organization | None) -> HttpResponse:
    """Judge a posted answer. Whatever it is, it ends in a redirect or a page of status 4xx."""
    address = str(request.client_address)  # type: ignore[attr-defined]  # set by the middleware
    counter = f"sso-refused:{address}"
    verdict = limits.peek(counter, limit=REFUSED_POSTS)
    if not verdict:
        return _too_many(request, verdict.retry_after)
    try:
        outcome = _judge(request, organization)
    except Exception:
        # An answer comes from outside: nothing in it may end in a page of status 500.
        logger.exception("An answer of an identity provider could not be judged")
        outcome = _undone(request, organization)
    if isinstance(outcome, Accepted):
        return _see_other(contract.hand_over_url(outcome.code))
    if isinstance(outcome, Tested):
        return _see_other(
            contract.test_report_url(outcome.organization.public_id, outcome.reference)
        )
    limits.hit(counter, limit=REFUSED_POSTS, per=WINDOW)
    return refused(request, outcome)


def _judge(request: HttpRequest, organization: Organization | None) -> Accepted | Tested | Declined:
    actor = Actor.acting(request, "idp", "Identity provider")
    fields, relay_state = _form(request)
    return signing_in.receive(
        Arrival(
            fields=fields,
            relay_state=relay_state,
            ip=actor.ip,
            user_agent=actor.user_agent,
            actor=actor,
            organization=organization,
        )
    )


def _undone(request: HttpRequest, organization: Organization | None) -> Declined:
    refusal = Refused("malformed", detail="it could not be judged; operators see why")
    actor = Actor.acting(request, "idp", "Identity provider")
    try:
        entry = log.refused(
            refusal,
            organization=organization,
            message=None,
            ip=actor.ip,
            user_agent=actor.user_agent,
        )
    except Exception:
        logger.exception("The SSO log could not be written")
        return Declined(refusal, "", None)
    return Declined(refusal, entry.reference, None)


def _form(request: HttpRequest) -> tuple[list[str], str]:
    """The form's SAMLResponse fields and RelayState; nothing for a body that is no such form."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = 0
    if length > LARGEST_BODY:
        _discard(request)
        return ["A" * (LARGEST + 1)], ""  # judged as what it is, too large
    try:
        return request.POST.getlist("SAMLResponse"), request.POST.get("RelayState", "")[:2000]
    except (SuspiciousOperation, BadRequest, UnreadablePostError, MultiPartParserError, ValueError):
        return [], ""


def _discard(request: HttpRequest) -> None:
    """Take a large body to its end, within bounds: our page is read only after it."""
    end = time.monotonic() + DISCARDING
    left = LARGEST_DISCARDED
    with suppress(UnreadablePostError):
        while left > 0 and time.monotonic() < end and (part := request.read(DISCARDED_AT_ONCE)):
            left -= len(part)


def _see_other(url: str) -> HttpResponse:
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def refused(request: HttpRequest, declined: Declined) -> HttpResponse:
    """The page of a refusal: a reference, and never the details (SSO-11)."""
    page = declined.refusal.reason.page
    known = declined.organization if declined.certain else None
    return render(
        request,
        "sso/refused.html",
        {
            "page": page.value,
            "reference": declined.reference,
            "organization": known,
            "sign_in_url": f"{_main_host()}{reverse('signin:address')}",
            "again_url": contract.postback_url(known.public_id) if known else "",
            "home_url": f"{_main_host()}{START_PAGE}",
        },
        status=400 if declined.refusal.code == "malformed" else 403,
    )


def _main_host() -> str:
    return contract.entity_id().removesuffix(contract.POSTBACK_PATH)


def _too_many(request: HttpRequest, retry_after: timedelta) -> HttpResponse:
    response = render(request, "errors/429.html", {"retry_after": retry_after}, status=429)
    response.headers["Retry-After"] = str(max(1, int(retry_after.total_seconds())))
    return response


@require_GET
def metadata(request: HttpRequest) -> HttpResponse:
    """Our metadata for identity providers (SSO-2)."""
    text = metadata_of(contract.service_provider(), keys.metadata_certificates())
    response = HttpResponse(text, content_type="application/samlmetadata+xml")
    if "download" in request.GET:
        response.headers["Content-Disposition"] = 'attachment; filename="sp-metadata.xml"'
    return response


# ── The hand-over: from here on the browser has its cookies


@never_cache
@require_GET
def hand_over(request: HttpRequest) -> HttpResponse:
    """End a sign-in on the main host, in the browser that asked for it (S19)."""
    code = request.GET.get("code", "")[:200]
    try:
        arrived = take(code, nonce=request.session.get(NONCE, ""))
    except Refused as refusal:
        reference = str(refusal.values.get("reference", ""))
        return refused(request, Declined(refusal, reference, None))
    handed = arrived.hand_over
    another = request.user.is_authenticated and request.user.pk != handed.user_id
    if another and not handed.nonce_hash:
        # Nobody here asked for it: somebody else's sign-in may have been slipped in (login CSRF).
        request.session[CONTINUE] = handed.pk
        return render(request, "sso/continue.html", {"arrived": handed})
    return _enter(request, arrived)


@never_cache
@require_POST
def go_on(request: HttpRequest) -> HttpResponse:
    """Continue as the person whom the identity provider named, instead of the one signed in."""
    waiting = request.session.pop(CONTINUE, None)
    arrived = taken_since(waiting, timezone.now() - CONTINUE_FOR) if waiting else None
    if arrived is None:
        return redirect("signin:address")
    return _enter(request, arrived)


def _enter(request: HttpRequest, arrived: Arrived) -> HttpResponse:
    handed = arrived.hand_over
    if not arrived.still_admitted:
        changed = _("something changed while they signed in")
        refusal = Refused("inactive", address=handed.user.email, detail=changed)
        turn_away(handed, refusal)
        return refused(
            request, Declined(refusal, handed.reference, handed.organization, certain=True)
        )
    proof = Proof.now(
        "saml",
        connection=handed.connection,
        organization=handed.organization.public_id,
        until=handed.session_until,
    )
    request.session.pop(NEXT, None)
    response = begin(request, handed.user, proof, next_url=handed.next_path or START_PAGE)
    if handed.session_index and request.user.is_authenticated:
        # For the single logout of a later day; ours ends our session only.
        request.session["sso_session_index"] = handed.session_index
    return response
