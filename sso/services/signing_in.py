"""A sign-in's way: asked for here, answered by the identity provider, handed over to the main host.

`start()` sends a request; `receive()` judges what comes back, uses up assertion and request and
admits the person, in one transaction; `take()` ends the hand-over in the browser that asked.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.addresses import domain_of
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Membership, Organization, SecurityPolicy
from accounts.prepared import Insertion
from domains.services import is_verified_for, owner_of
from sso import contract
from sso.hashing import hash_of
from sso.models import Certificate, Connection, HandOver, LogEntry, SsoRequest
from sso.saml import checks, landing, preflight
from sso.saml.attributes import address_of
from sso.saml.checks import Check, Examination, Finding
from sso.saml.message import Message
from sso.saml.reasons import Refused
from sso.saml.service_provider import Request
from sso.saml.service_provider import start as make_request
from sso.services import keys, log, vouching
from sso.services.people import Subject, admit

# Others who entered the same issuer are tried only to say why; so many are enough.
MOST_OTHERS = 4
NOTE_USE_EVERY = timedelta(hours=1)
_HAND_OVERS = Insertion(HandOver)


# ── Asking


def start(
    connection: Connection, *, nonce: str, next_path: str = "", test: bool = False
) -> Request:
    """Send somebody to the identity provider; the request belongs to the session of `nonce`."""
    relay_state = secrets.token_urlsafe(24)
    request = make_request(
        connection.as_judged().identity_provider(timezone.now()),
        contract.service_provider(),
        relay_state,
        signing_key=keys.signing_key() if connection.sign_requests else None,
    )
    SsoRequest.objects.create(
        saml_id=request.id,
        organization_id=connection.organization_id,
        relay_state=relay_state,
        nonce_hash=hash_of(nonce),
        next_path=landing.safe_path(next_path),
        test=test,
    )
    return request


# ── Judging the answer


@dataclass(frozen=True, slots=True)
class Arrival:
    """A form posted to us, and where it arrived."""

    fields: Sequence[str]  # SAMLResponse, as often as it was sent
    relay_state: str
    ip: str | None
    user_agent: str
    actor: Actor
    organization: Organization | None = None  # at a Postback URL: the only one that is meant


@dataclass(frozen=True, slots=True)
class Accepted:
    """Go on to the main host with this code."""

    code: str


@dataclass(frozen=True, slots=True)
class Tested:
    """A test has ended: its report is for the organization's admins."""

    organization: Organization
    reference: str


@dataclass(frozen=True, slots=True)
class Declined:
    """Refused; the person gets a page and the reference, the admin the reason."""

    refusal: Refused
    reference: str
    organization: Organization | None
    certain: bool = False  # its certificate, its request or its Postback URL: not only a name


@dataclass(slots=True)
class _Case:
    """What is known of an arrival so far, for the log."""

    arrival: Arrival
    now: datetime
    message: Message | None = None
    request: SsoRequest | None = None
    connection: Connection | None = None
    certificate: str = ""
    address: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def organization(self) -> Organization | None:
        if self.connection is not None:
            return self.connection.organization
        if self.request is not None:
            return self.request.organization
        return self.arrival.organization

    @property
    def acs_url(self) -> str:
        organization = self.arrival.organization
        return contract.postback_url(organization.public_id) if organization else ""

    @property
    def flow(self) -> str:
        if self.message is None:
            return LogEntry.Flow.UNKNOWN
        started_here = bool(self.message.request_id)
        return LogEntry.Flow.SERVICE_PROVIDER if started_here else LogEntry.Flow.IDENTITY_PROVIDER


def receive(arrival: Arrival) -> Accepted | Tested | Declined:
    """Judge an answer of an identity provider. Whatever it is, it ends in one of the three."""
    case = _Case(arrival, timezone.now())
    try:
        case.message = preflight.read(arrival.fields)
        case.request = _request_of(case.message)
        if case.request is not None and case.request.test:
            return _test(case)
        return _accept(case)
    except Refused as refusal:
        return _decline(case, refusal)


def _accept(case: _Case) -> Accepted:
    message = _message(case)
    _check_request(case)
    examination = _examine_candidates(case)
    case.address = examination.address
    with transaction.atomic():
        connection = _connection(case)
        # First, before anything is granted: a second thread waits here for the first one's end.
        _use_up(connection, message, case)
        _answer(case)
        if not is_verified_for(connection.organization, examination.address):
            raise _domain_refused(examination.address)
        policy = connection.organization.policy
        subject = Subject(examination.address, message.name_id, message.attributes)
        membership = admit(connection, policy, subject, actor=case.arrival.actor)
        _note_success(connection, policy, examination, case.now)
        entry = log.accepted(
            connection.organization,
            message,
            flow=case.flow,
            certificate=case.certificate,
            address=examination.address,
            ip=case.arrival.ip,
            user_agent=case.arrival.user_agent,
        )
        return Accepted(_hand_over(case, membership, message, entry))


def _request_of(message: Message) -> SsoRequest | None:
    if not message.request_id:
        return None
    requests = SsoRequest.objects.select_related("organization__policy")
    return requests.filter(saml_id=message.request_id).first()


def _check_request(case: _Case) -> None:
    """Any InResponseTo anywhere must be a live, unused request of this organization."""
    found = _message(case).request_id
    if not found:
        return
    request = case.request
    if request is None or request.is_over:
        case.request = None
        raise Refused("request_unknown", found=found[:200])
    if request.used_at is not None:
        raise Refused("request_used", found=found[:200])
    meant = case.arrival.organization
    if meant is not None and request.organization_id != meant.pk:
        case.request = None  # the other organization's log is not a stranger's to write
        raise Refused("request_other_organization", found=found[:200])


def _examine_candidates(case: _Case) -> Examination:
    """The examination by the connection that vouches for the message; Refused if none does.

    Issuers are not unique: who vouches is shown by the certificate. Where several organizations
    entered both, the one that owns the address's domain is meant; no other could be accepted, so
    a squatter gains nothing, blocks nothing, and reads nothing in its log.
    """
    candidates, meant = _candidates(case)
    if not candidates:
        raise Refused("unknown_issuer", found=_message(case).issuer[:300], expected=_expected(case))
    case.connection = meant
    refusals: list[Refused] = []
    verified: list[tuple[Connection, Examination]] = []
    for candidate in candidates:
        examination = _examination(case, candidate)
        try:
            checks.examine(examination, _SIGNED)
        except Refused as refusal:
            refusals.append(refusal)
            continue
        verified.append((candidate, examination))
        if candidate is meant:
            break
    if not verified:
        raise refusals[0]
    chosen, examination = verified[-1]
    # Of several none is the one that is meant: that one stands first, and ends the search.
    case.connection = chosen if len(verified) == 1 else None
    if case.connection is not None:
        case.certificate = examination.certificate.fingerprint if examination.certificate else ""
    checks.examine(examination, _CONTENT)
    if case.connection is None:
        raise _domain_refused(examination.address)
    return examination


_SIGNED: tuple[Check, ...] = tuple(c for c in checks.CHECKS if c.name in {"issuer", "signature"})
_CONTENT: tuple[Check, ...] = tuple(c for c in checks.CHECKS if c not in _SIGNED)


def _candidates(case: _Case) -> tuple[list[Connection], Connection | None]:
    """Who may vouch for the message, and the one that is meant, if that can be told, first."""
    message = _message(case)
    organization = case.request.organization if case.request else case.arrival.organization
    if organization is not None:
        # Not by issuer: the admin should read which one it is, and which one it should be.
        meant = vouching.of_organization(organization)
        return ([meant] if meant else []), meant
    found = vouching.of_issuer(message.issuer, most=MOST_OTHERS + 1)
    if len(found) < 2:
        return found, next(iter(found), None)
    owner = _owner_of_address(message)
    owned = vouching.of_organization(owner) if owner else None
    meant = owned if owned and owned.issuer == message.issuer else None
    others = [connection for connection in found if connection != meant][:MOST_OTHERS]
    return ([meant, *others] if meant else others), meant


def _owner_of_address(message: Message) -> Organization | None:
    try:
        return owner_of(domain_of(address_of(message.attributes, message.name_id)))
    except Refused:
        return None


def _expected(case: _Case) -> str:
    """The issuer set in the organization that was meant; never one of another organization."""
    organization = case.organization
    if organization is None:
        return "(no enabled connection has it)"
    connection = Connection.objects.filter(organization=organization).first()
    if connection is None:
        return "(none)"
    off = not organization.policy.sso_enabled
    return f"{connection.issuer} (single sign-on is off)" if off else connection.issuer


def _examination(case: _Case, connection: Connection) -> Examination:
    return Examination(
        _message(case),
        connection.as_judged(),
        contract.service_provider(case.acs_url),
        case.now,
    )


def _use_up(connection: Connection, message: Message, case: _Case) -> None:
    """Insert the assertion's row; the unique constraint answers whether it was used before."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO sso_usedassertion (connection_id, assertion_id, used_at, ip, expires_at)
            VALUES (%s, %s, %s, %s, %s) ON CONFLICT (connection_id, assertion_id) DO NOTHING
            """,
            [
                connection.pk,
                message.assertion_id,
                case.now,
                case.arrival.ip,
                max(checks.valid_until(message, case.now), case.now + timedelta(hours=1)),
            ],
        )
        if cursor.rowcount:
            return
        cursor.execute(
            "SELECT used_at, host(ip) FROM sso_usedassertion"
            " WHERE connection_id = %s AND assertion_id = %s",
            [connection.pk, message.assertion_id],
        )
        used_at, ip = cursor.fetchone() or (None, None)
    first_used = f"{used_at:%Y-%m-%d %H:%M:%S} UTC" if used_at else "?"
    raise Refused("replayed", found=message.assertion_id, first_used=first_used, ip=ip or "?")


def _answer(case: _Case) -> None:
    """Use up the request; of two answers at the same instant, one gets it."""
    if case.request is None:
        return
    unanswered = SsoRequest.objects.filter(
        pk=case.request.pk, used_at=None, created_at__gt=case.now - SsoRequest.LIFETIME
    )
    if not unanswered.update(used_at=case.now):
        raise Refused("request_used", found=case.request.saml_id)


def _note_success(
    connection: Connection, policy: SecurityPolicy, examination: Examination, now: datetime
) -> None:
    if connection.first_sign_in_at is None:
        Connection.objects.filter(pk=connection.pk).update(first_sign_in_at=now)
    if policy.sso_required_grace_until is not None:  # SSO-12: it has worked once
        SecurityPolicy.objects.filter(pk=policy.pk).update(
            sso_required_grace_until=None, sso_required_grace_user=None
        )
    if examination.certificate is not None:
        note_use(connection, examination.certificate.fingerprint, now)


def note_use(connection: Connection, fingerprint: str, now: datetime) -> None:
    """Note which certificate signed last; seldom, for each note is a write."""
    used = next((c for c in connection.pinned if c.fingerprint == fingerprint), None)
    if used is None:
        return
    if used.last_used_at is None or now - used.last_used_at > NOTE_USE_EVERY:
        Certificate.objects.filter(pk=used.pk).update(last_used_at=now)


def _hand_over(case: _Case, membership: Membership, message: Message, entry: LogEntry) -> str:
    code = secrets.token_urlsafe(32)
    request = case.request
    connection = _connection(case)
    handed = HandOver(
        code_hash=hash_of(code),
        organization_id=connection.organization_id,
        user=membership.user,
        connection=connection.public_id,
        reference=entry.reference,
        nonce_hash=request.nonce_hash if request else "",
        next_path=request.next_path if request else landing.safe_path(case.arrival.relay_state),
        session_until=message.session_not_on_or_after,
        session_index=message.session_index,
    )
    _HAND_OVERS.save(handed)
    return code


def _decline(case: _Case, refusal: Refused) -> Tested | Declined:
    if case.message is None:
        # What can't be read names no request; the token beside it does, well enough for a log.
        case.request = _request_by_relay_state(case.arrival.relay_state)
        if case.request is not None and case.request.test:
            case.findings = [Finding("readable", code=refusal.code, values=refusal.values)]
            return _report(case)
    if case.organization is None:
        case.connection = _only_connection_with(_issuer_of(case))
    xml = "" if case.message else _text_of(case.arrival.fields)
    entry = log.refused(
        refusal,
        organization=case.organization,
        message=case.message,
        xml=xml,
        address=case.address,
        certificate=case.certificate,
        flow=case.flow,
        ip=case.arrival.ip,
        user_agent=case.arrival.user_agent,
    )
    # An issuer alone is anybody's to write: it must not be told whose it is (T4).
    certain = bool(case.certificate or case.request or case.arrival.organization)
    return Declined(refusal, entry.reference, case.organization, certain=certain)


def _request_by_relay_state(relay_state: str) -> SsoRequest | None:
    if not relay_state or len(relay_state) > 64 or relay_state.startswith("/"):
        return None
    requests = SsoRequest.objects.select_related("organization__policy")
    found = requests.filter(relay_state=relay_state.replace("\x00", "")).first()
    return None if found is None or found.is_over or found.used_at is not None else found


def _issuer_of(case: _Case) -> str:
    return case.message.issuer if case.message else preflight.issuer_hint(case.arrival.fields)


def _only_connection_with(issuer: str) -> Connection | None:
    """The one enabled connection with this issuer: whose log should tell of the refusal."""
    if not issuer:
        return None
    enabled = Connection.objects.enabled().filter(issuer=issuer)
    found = list(enabled.select_related("organization__policy")[:2])
    return found[0] if len(found) == 1 else None


def _text_of(fields: Iterable[str]) -> str:
    """What was posted, for the log: decoded where it can be."""
    try:
        return preflight.decode(list(fields)).decode("utf-8", "replace")
    except Refused:
        return "\n".join(fields)[: log.LONGEST_XML]


# ── Testing: the same checks, all of them, and no effect


def _test(case: _Case) -> Tested:
    """Run every check of a test's answer; it ends before accounts, whatever it says (SSO-10)."""
    message, request = _message(case), case.request
    if request is None:
        raise Refused("request_unknown", found=message.request_id)
    connection = (
        Connection.objects.filter(organization=request.organization_id)
        .select_related("organization__policy")
        .first()
    )
    if connection is None or case.arrival.organization not in {None, request.organization}:
        raise Refused("request_other_organization", found=message.request_id)
    _check_request(case)
    case.connection = connection
    examination = _examination(case, connection)
    case.findings = [
        Finding("readable", found="SAML 2.0"),
        *checks.collect(examination),
        Finding("request", found=request.saml_id),
        _replay_finding(case, connection, examination),
        _domain_finding(connection.organization, examination.address),
    ]
    case.address = examination.address
    case.certificate = examination.certificate.fingerprint if examination.certificate else ""
    return _report(case)


def _replay_finding(case: _Case, connection: Connection, examination: Examination) -> Finding:
    """Use up the assertion, so that what answered a test can never sign anybody in."""
    if examination.certificate is None:
        return Finding("replay", found="—")
    try:
        _use_up(connection, examination.message, case)
    except Refused as refusal:
        return Finding("replay", code=refusal.code, values=refusal.values)
    return Finding("replay", found=examination.message.assertion_id)


def _domain_finding(organization: Organization, address: str) -> Finding:
    if not address:
        return Finding("domain", code="no_address", values={"attributes": "—"})
    if is_verified_for(organization, address):
        return Finding("domain", found=domain_of(address))
    refusal = _domain_refused(address)
    return Finding("domain", code=refusal.code, values=refusal.values)


def _domain_refused(address: str) -> Refused:
    return Refused("domain", domain=domain_of(address), address=address)


@transaction.atomic
def _report(case: _Case) -> Tested:
    _answer(case)
    organization = case.organization
    if organization is None:
        raise Refused("request_unknown", found="")
    entry = log.tested(
        organization,
        case.findings,
        case.message,
        xml="" if case.message else _text_of(case.arrival.fields),
        address=case.address,
        certificate=case.certificate,
        ip=case.arrival.ip,
        user_agent=case.arrival.user_agent,
    )
    passed = not entry.code
    if passed and case.connection is not None:
        Connection.objects.filter(pk=case.connection.pk).update(test_passed_at=case.now)
        note_use(case.connection, case.certificate, case.now)
    record_event(
        Event.SSO_TESTED,
        organization=organization,
        actor=case.arrival.actor,
        target=entry.reference,
        data={"passed": passed, "code": entry.code},
    )
    return Tested(organization, entry.reference)


def _message(case: _Case) -> Message:
    if case.message is None:
        raise Refused("malformed", detail="there is no message")
    return case.message


def _connection(case: _Case) -> Connection:
    if case.connection is None:
        raise Refused("unknown_issuer", found="", expected="")
    return case.connection
