"""What can be done: naming domains, joining, asking, answering. Each one transaction."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.addresses import domain_of
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.mail import mail_admins, queue_mail
from accounts.models import Discoverability, Membership, Organization, Role, SecurityPolicy, User
from accounts.organizations.members import AlreadyMember, NotAllowed, add_member, judge_rank, lock
from accounts.organizations.permissions import Permission, may
from accounts.policy import PolicyRefused, change
from discoverability.errors import AlreadyDecided, Gone, Refused
from discoverability.matching import is_role_mailbox, joins_at_once, visible
from discoverability.models import JoinRequest, WorkDomain
from domains.names import DomainRefused, is_public_mail_domain, parse_domain
from domains.services import owner_of

OPEN_FOR = datetime.timedelta(days=30)
DECLINED_FOR = datetime.timedelta(days=30)
MOST_OPEN = 3
MOST_DOMAINS = 20


def declined_since() -> datetime.datetime:
    """Return the instant after which a decline still holds."""
    return timezone.now() - DECLINED_FOR


# --- The organization's side


def name_domain(organization: Organization, text: str, *, actor: Actor, user: User) -> WorkDomain:
    """Add a work domain (DISC-2).

    Proof is a TXT-verified claim of this organization, or the acting person's own verified
    address of exactly that domain. Raises Refused with its sentence.
    """
    try:
        domain = parse_domain(text)
    except DomainRefused as problem:
        raise Refused("domain", str(problem)) from problem
    if is_public_mail_domain(domain):
        raise Refused("public", _("Anybody can have an address at %(d)s.") % {"d": domain})
    owner = owner_of(domain)
    own_address = user.has_verified_email and domain_of(user.email) == domain
    by_txt = owner is not None and owner.pk == organization.pk
    if not by_txt and (owner is not None or not own_address):
        # One sentence for both reasons: whether another organization proved it is not told (T4).
        raise Refused(
            "unproven",
            _(
                "You can list %(d)s once your own verified address is of it and nobody else has "
                "proven it, or once it is verified under Domain Claiming."
            )
            % {"d": domain},
        )
    with transaction.atomic():
        policy = SecurityPolicy.objects.select_for_update().get(organization=organization)
        if WorkDomain.objects.filter(organization=organization).count() >= MOST_DOMAINS:
            raise Refused("many", _("%(n)d domains are the most.") % {"n": MOST_DOMAINS})
        work_domain, created = WorkDomain.objects.get_or_create(
            organization=organization,
            domain=domain,
            defaults={
                "named_by": user,
                "by_role_mailbox": not by_txt and is_role_mailbox(user.email),
            },
        )
        if created:
            record_event(
                Event.WORK_DOMAIN_ADDED,
                organization=organization,
                actor=actor,
                target=work_domain,
                data={"proof": "txt" if by_txt else "address", "level": policy.discoverability},
            )
    return work_domain


@transaction.atomic
def drop_domain(work_domain: WorkDomain, *, actor: Actor) -> None:
    """Take a work domain off the list; the last one makes the organization invite only."""
    organization = work_domain.organization
    SecurityPolicy.objects.select_for_update().get(organization=organization)
    record_event(
        Event.WORK_DOMAIN_REMOVED, organization=organization, actor=actor, target=work_domain
    )
    work_domain.delete()
    if not WorkDomain.objects.filter(organization=organization).exists():
        change(organization, actor=actor, discoverability=Discoverability.INVITE_ONLY.value)


def set_level(organization: Organization, level: str, *, actor: Actor) -> None:
    """Choose how discoverable the organization is (DISC-2). Raises PolicyRefused."""
    if level != Discoverability.INVITE_ONLY:
        check_level(organization, SecurityPolicy.objects.get(organization=organization), level)
    change(organization, actor=actor, discoverability=level)


def check_level(organization: Organization, policy: SecurityPolicy, level: str) -> None:
    """Refuse a level without a work domain, or open where only a role mailbox proves it (V2)."""
    if policy.sso_enabled:
        raise PolicyRefused("sso", _("People sign in through your identity provider instead."))
    listed = WorkDomain.objects.filter(organization=organization)
    if not listed.exists():
        raise PolicyRefused("no_domain", _("Name a work domain first."))
    if level == Discoverability.OPEN and not listed.filter(by_role_mailbox=False).exists():
        raise PolicyRefused(
            "role_mailbox",
            _(
                "Your domain is proven only by a shared mailbox. Choose admin approval, or verify "
                "the domain under Domain Claiming."
            ),
        )


def close_requests(organization: Organization, actor: Actor) -> None:
    """Withdraw open requests when the organization turns invite only; the askers are told."""
    for request in JoinRequest.objects.filter(
        organization=organization, state=JoinRequest.State.OPEN
    ).select_related("user", "organization"):
        _decide(request, JoinRequest.State.WITHDRAWN, actor=actor)
        _tell(request)


# --- The newcomer's side


@transaction.atomic
def join(user: User, organization: Organization, *, actor: Actor) -> Membership:
    """Join an open organization with one click, judged now (V4). Raises Gone, AlreadyMember."""
    # The order of locks everywhere: organization, then its policy.
    lock(organization)
    organization = _visible_now(user, organization)
    if not joins_at_once(user, organization):
        raise Gone
    membership = add_member(
        organization, user, role=Role.MEMBER, source=Membership.Source.DISCOVERY, actor=actor
    )
    record_event(
        Event.JOINED_BY_DOMAIN,
        organization=organization,
        actor=actor,
        target=membership,
        data={"domain": domain_of(user.email)},
    )
    for request in JoinRequest.objects.filter(
        organization=organization, user=user, state=JoinRequest.State.OPEN
    ):
        _decide(request, JoinRequest.State.APPROVED, actor=actor)
    return membership


def ask(user: User, organization: Organization, *, actor: Actor) -> JoinRequest:
    """Ask to join; admins are mailed. Asking twice is asking once.

    Raises Gone where the organization can't be found by this person now, Refused for a decline
    that still holds or too many open requests (DISC-5).
    """
    try:
        return _ask(user, organization, actor=actor)
    except IntegrityError:
        # The other of two clicks was first.
        return JoinRequest.objects.get(
            organization=organization, user=user, state=JoinRequest.State.OPEN
        )


@transaction.atomic
def _ask(user: User, organization: Organization, *, actor: Actor) -> JoinRequest:
    # One person's requests are counted under a lock on the person: three tabs, one count.
    User.objects.select_for_update().get(pk=user.pk)
    organization = _visible_now(user, organization)
    mine = JoinRequest.objects.filter(user=user)
    opened = mine.open().filter(organization=organization).first()
    if opened is not None:
        return opened
    mine.filter(state=JoinRequest.State.OPEN, expires_at__lte=timezone.now()).update(
        state=JoinRequest.State.EXPIRED, decided_at=timezone.now()
    )
    declined = mine.filter(
        organization=organization,
        state=JoinRequest.State.DECLINED,
        decided_at__gt=declined_since(),
    )
    if declined.exists():
        raise Refused("declined", _("They declined. You can ask again 30 days after that."))
    if mine.open().count() >= MOST_OPEN:
        raise Refused("many", _("You have three open requests. Withdraw one first."))
    request = JoinRequest.objects.create(
        organization=organization,
        user=user,
        email=user.email,
        expires_at=timezone.now() + OPEN_FOR,
    )
    record_event(Event.JOIN_REQUESTED, organization=organization, actor=actor, target=request)
    mail_admins(
        "join_request",
        organization,
        asker=user.display_name,
        asker_address=user.email,
        button_url=settings.BASE_URL
        + reverse("discoverability:requests", args=[organization.public_id]),
        button_label=_("Answer the request"),
    )
    return request


@transaction.atomic
def withdraw(request: JoinRequest, *, actor: Actor) -> None:
    """Take one's own request back; an answered one stays as it is."""
    request = JoinRequest.objects.select_for_update().get(pk=request.pk)
    if request.state == JoinRequest.State.OPEN:
        _decide(request, JoinRequest.State.WITHDRAWN, actor=actor)


# --- The answer


@transaction.atomic
def approve(request: JoinRequest, *, role: str, actor: Actor) -> Membership:
    """Let the asker in with ``role``; several admins at once make one decision.

    Judged now: the level, the asker's address and the admin's own rank.
    Raises AlreadyDecided, Gone (no longer possible, the request is closed), NotAllowed.
    """
    lock(request.organization)
    request = _open_one(request)
    _judge_decider(request.organization, actor)
    judge_rank(request.organization, actor, role)
    try:
        _visible_now(request.user, request.organization)
        if request.email.lower() != request.user.email.lower():
            raise Gone
        membership = add_member(
            request.organization,
            request.user,
            role=role,
            source=Membership.Source.DISCOVERY,
            actor=actor,
        )
    except AlreadyMember:
        membership = Membership.objects.get(organization=request.organization, user=request.user)
        if not membership.is_active:
            raise Gone from None
    _decide(request, JoinRequest.State.APPROVED, actor=actor)
    _tell(request)
    return membership


@transaction.atomic
def decline(request: JoinRequest, *, word: str, actor: Actor) -> None:
    """Say no, with an optional word for the asker. Raises AlreadyDecided, NotAllowed."""
    lock(request.organization)
    request = _open_one(request)
    _judge_decider(request.organization, actor)
    request.word = word
    _decide(request, JoinRequest.State.DECLINED, actor=actor)
    _tell(request)


@transaction.atomic
def expire(request: JoinRequest) -> None:
    """Close a request that nobody answered within 30 days; the asker is told."""
    request = JoinRequest.objects.select_for_update().get(pk=request.pk)
    if request.state == JoinRequest.State.OPEN and request.expires_at <= timezone.now():
        _decide(request, JoinRequest.State.EXPIRED, actor=Actor.system("join requests"))
        _tell(request)


def forget_leaver(membership: Membership, actor: Actor) -> None:
    """Withdraw the open request of somebody who lost access (C10)."""
    for request in JoinRequest.objects.filter(
        organization=membership.organization, user=membership.user, state=JoinRequest.State.OPEN
    ):
        _decide(request, JoinRequest.State.WITHDRAWN, actor=actor)


def _visible_now(user: User, organization: Organization) -> Organization:
    """Return the organization with its policy locked, if the person may find it this instant."""
    SecurityPolicy.objects.select_for_update().get(organization=organization)
    found = next((o for o in visible(user) if o.pk == organization.pk), None)
    if found is None:
        raise Gone
    return found


def _open_one(request: JoinRequest) -> JoinRequest:
    found = (
        JoinRequest.objects.select_for_update(of=("self",))
        .select_related("organization", "user")
        .get(pk=request.pk)
    )
    if found.state != JoinRequest.State.OPEN or found.expires_at <= timezone.now():
        raise AlreadyDecided
    return found


def _judge_decider(organization: Organization, actor: Actor) -> None:
    """Raise NotAllowed unless the acting person may answer requests as of now (T2)."""
    own = Membership.objects.filter(organization=organization, user=actor.user).active().first()
    if own is None or not may(own.role, Permission.DECIDE_REQUESTS):
        raise NotAllowed


def _decide(request: JoinRequest, state: JoinRequest.State, *, actor: Actor) -> None:
    request.state = state
    request.decided_at = timezone.now()
    request.decided_by = actor.user
    request.save(update_fields=["state", "decided_at", "decided_by", "word"])
    record_event(
        Event.JOIN_REQUEST_DECIDED,
        organization=request.organization,
        actor=actor,
        target=request,
        data={"state": str(state)},
    )


def _tell(request: JoinRequest) -> None:
    queue_mail(
        "join_decision",
        request.user,
        organization=request.organization,
        state=str(request.state),
        word=request.word,
        button_url=settings.BASE_URL + reverse("home"),
        button_label=_("Open %(product)s") % {"product": settings.PRODUCT_NAME},
    )
