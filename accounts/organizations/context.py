"""OrganizationContext: who stands in which organization, made in one place.

Views under an organization receive it after session, membership, access rules and role were
judged; their queries start at ``context.organization``.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from django.db import transaction
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.actor import Actor, person_of
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import Membership, Organization, Role, SecurityPolicy
from accounts.organizations.people import People, people_of
from accounts.organizations.permissions import IN_PLURAL, Permission, may
from accounts.prepared import Prepared
from accounts.rows import columns, instances
from accounts.signin.evidence import SAML, Evidence, evidence_of
from accounts.signin.flow import redirect_to_sign_in, want
from accounts.signin.rules import Entry, Refusal, Step, access_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from accounts.models import User

    P = ParamSpec("P")

ENTERED = "entered"
ENTRIES = "_entries"  # of a request, where entries_of() keeps them
SEEN_EVERY = datetime.timedelta(minutes=10)


@dataclass(frozen=True)
class OrganizationContext:
    """A member inside an organization, past its rules."""

    organization: Organization
    membership: Membership
    policy: SecurityPolicy
    evidence: Evidence
    user: User

    @property
    def role(self) -> str:
        """The member's role."""
        return self.membership.role

    @cached_property
    def people(self) -> People:
        """How many people the organization has, asked once a request."""
        return people_of(self.organization)

    def can(self, permission: Permission) -> bool:
        """Return whether the role allows this."""
        return may(self.membership.role, permission)


_MODELS: tuple[type[Model], ...] = (Organization, Membership, SecurityPolicy)
# By hand, and planned once a connection: the same join through the ORM costs three times as much.
_ENTRIES = f"""
SELECT {columns(*_MODELS)} FROM accounts_membership
JOIN accounts_organization ON accounts_organization.id = accounts_membership.organization_id
JOIN accounts_securitypolicy
    ON accounts_securitypolicy.organization_id = accounts_membership.organization_id
WHERE accounts_membership.user_id = %s AND accounts_membership.status = 'active'
"""  # noqa: S608  # names of our own tables, no input
_ALL = Prepared(
    "entries", f"{_ENTRIES} ORDER BY lower(accounts_organization.name), accounts_organization.id"
)
_ONE = Prepared("entry", f"{_ENTRIES} AND accounts_organization.public_id = %s")


def load_entries(user: User, organization: str | None = None) -> list[Entry]:
    """Return the active memberships of ``user`` with organization and policy, in one query.

    ``organization`` is a public id and limits them to that one.
    """
    found = _ALL.rows([user.pk]) if organization is None else _ONE.rows([user.pk, organization])
    return [_entry(user, row) for row in found]


def _entry(user: User, row: tuple[Any, ...]) -> Entry:
    organization, membership, policy = instances(row, *_MODELS)
    organization.policy = policy
    policy.organization = membership.organization = organization
    membership.user = user
    return Entry(user, organization, membership, policy)


def entries_of(request: HttpRequest) -> list[Entry]:
    """Return the entries of whoever asks, looked up once a request: for what a page shows.

    They may be as old as the request. What decides or changes something asks load_entries(), or
    takes its locks.
    """
    user = person_of(request)
    kept: tuple[int, list[Entry]] | None = getattr(request, ENTRIES, None)
    # Signing in makes another person of a request.
    if kept is None or kept[0] != user.pk:
        kept = user.pk, load_entries(user)
        setattr(request, ENTRIES, kept)
    return kept[1]


def judge(entry: Entry, evidence: Evidence) -> Step | Refusal | None:
    """Return what stands between this evidence and the organization: nothing, a step, a refusal.

    Evidence from before the membership's ``access_valid_from`` counts no more here. Someone
    with nothing of their own to show, and nothing from this organization's identity provider,
    is asked for account-level evidence (ACC-7).
    """
    valid = valid_here(entry, evidence)
    for rule in access_rules():
        answer = rule.at_organization(entry, valid)
        if answer is not None:
            return answer
    if valid.saml(entry.organization.public_id) or valid.proves_account(entry.user):
        return None
    return Step("", "", "")  # the address step: account-level evidence


def valid_here(entry: Entry, evidence: Evidence) -> Evidence:
    """Return what of the evidence counts in this organization.

    Of identity providers only this organization's own, while single sign-on is on and since the
    connection last changed: rules then never meet a word that no longer holds.
    """
    policy, since = entry.policy, entry.policy.sso_valid_from
    valid = evidence.since(entry.membership.access_valid_from)
    kept = (
        proof
        for proof in valid.proofs
        if proof.method != SAML
        or (
            policy.sso_enabled
            and proof.organization == entry.organization.public_id
            and proof.at >= since
        )
    )
    return replace(valid, proofs=tuple(kept))


def enter(request: HttpRequest, organization_id: str) -> OrganizationContext | HttpResponse:
    """Return the context of this request in the organization, or the answer that stops it.

    An organization that does not exist and one that the person is no member of look the same.
    """
    if not request.user.is_authenticated:
        return redirect_to_sign_in(request)
    entries = load_entries(request.user, organization_id)
    if not entries:
        raise Http404
    entry = entries[0]
    evidence = evidence_of(request)
    answer = judge(entry, evidence)
    if isinstance(answer, Refusal):
        return render(
            request, "organizations/refused.html", {"refusal": answer, "entry": entry}, status=403
        )
    if answer is not None:
        if not answer.url:
            return redirect_to_sign_in(request, address=request.user.email)
        if request.method == "GET":
            want(request, request.get_full_path())
        return HttpResponseRedirect(answer.url)
    note_seen(entry.membership)
    note_entered(request, entry, evidence)
    return OrganizationContext(
        entry.organization, entry.membership, entry.policy, evidence, request.user
    )


def note_seen(membership: Membership) -> None:
    """Note when the member was here last, seldom: each note is a write."""
    now = timezone.now()
    if membership.last_seen_at is None or now - membership.last_seen_at > SEEN_EVERY:
        Membership.objects.filter(pk=membership.pk).update(last_seen_at=now)


def note_entered(request: HttpRequest, entry: Entry, evidence: Evidence) -> None:
    """Write a sign-in into the log of the organization that it opens, once a session (ACC-3).

    Each organization sees what opened it, and nothing of the person's other sign-ins.
    """
    here = entry.organization.public_id
    alive = (proof for proof in evidence.proofs if proof.is_alive(evidence.now))
    shown = [proof.label for proof in alive if proof.organization in {"", here}]
    entered: dict[str, list[str]] = request.session.get(ENTERED, {})
    if entered.get(here) == shown:
        return
    request.session[ENTERED] = {**entered, here: shown}
    with transaction.atomic():
        record_event(
            Event.ORGANIZATION_ENTERED,
            organization=entry.organization,
            actor=Actor.of(request),
            target=entry.membership,
            data={"evidence": shown},
        )


def organization_page(
    permission: Permission,
) -> Callable[
    [Callable[Concatenate[HttpRequest, OrganizationContext, P], HttpResponseBase]],
    Callable[..., HttpResponseBase],
]:
    """Guard a view under ``<organization_id>``: rules satisfied, role checked, tenant fixed."""

    def decorate(
        view: Callable[Concatenate[HttpRequest, OrganizationContext, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(
            request: HttpRequest, organization_id: str, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            context = enter(request, organization_id)
            if not isinstance(context, OrganizationContext):
                return context
            if not context.can(permission):
                return role_missing(request, context, permission)
            response = view(request, context, *args, **kwargs)
            if not response.has_header("Cache-Control"):
                add_never_cache_headers(response)
                response.headers["Cache-Control"] = "no-store"
            return response

        guarded.permission = permission  # type: ignore[attr-defined]  # read by the access table
        return guarded

    return decorate


def role_missing(
    request: HttpRequest, context: OrganizationContext, permission: Permission
) -> HttpResponse:
    """Answer 403 and say who can help (SET-2)."""
    roles = [role for role in Role.values if may(role, permission)]
    helpers = (
        Membership.objects.filter(organization=context.organization, role__in=roles)
        .active()
        .select_related("user")
        .order_by("joined_at")[:5]
    )
    names = [str(IN_PLURAL[role]) for role in roles]
    return render(
        request,
        "organizations/role_missing.html",
        {"context": context, "helpers": helpers, "roles": get_text_list(names, _("and"))},
        status=403,
    )
