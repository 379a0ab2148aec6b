"""The access rule of single sign-on: what an address, a sign-in and an open session are asked."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.addresses import domain_of
from accounts.models import Role, SecurityPolicy, User
from accounts.signin.evidence import Evidence
from accounts.signin.rules import Affected, Entry, Purpose, Refusal, Step
from domains.services import owner_of, verified_domains
from sso import contract

BREAK_GLASS_ROLES = (Role.OWNER, Role.ADMIN)
# The address step: account-level evidence is asked for.
OWN_EVIDENCE = Step("", "", "")


class SingleSignOnRule:
    """Prompt the addresses of verified domains; with *Require*, open by SSO or break-glass."""

    def at_address(self, address: str, purpose: Purpose) -> Step | None:
        """Offer the identity provider of the domain's organization (IDP-1 to IDP-3).

        The answer depends on the domain alone, never on whether an account exists (S3).
        """
        organization = owner_of(domain_of(address))
        if organization is None or not organization.policy.sso_enabled:
            return None
        policy = organization.policy
        if purpose is not Purpose.SIGN_IN and not policy.idp_managed_access:
            return None
        return self._step(
            organization.public_id,
            _("%(name)s signs in with single sign-on.") % {"name": organization.name},
        )

    def at_sign_in(self, user: User, evidence: Evidence) -> Step | None:
        """Nothing: *Require* judges at the organization's door, others stay open (IDP-6)."""
        return None

    def at_organization(self, entry: Entry, evidence: Evidence) -> Step | Refusal | None:
        """Let in by this organization's identity provider, or past it where that is allowed."""
        policy = entry.policy
        if policy.sso_enabled and self._vouched(entry, evidence):
            return None
        if policy.sso_required:
            return None if self._may_pass(entry, evidence) else self._demand(entry)
        if evidence.is_account_level:
            return None  # a missing second factor is the next rule's to ask for
        return self._demand(entry) if policy.sso_enabled else OWN_EVIDENCE

    def affected(self, before: SecurityPolicy, after: SecurityPolicy) -> list[Affected]:
        """Whom a change will redirect, prompt or shut out (ACC-6, SSO-15)."""
        if after.sso_required and not before.sso_required:
            return _required(after)
        if before.sso_required and not after.sso_required:
            return [Affected("sso_freed", Q(), _freed)]
        if before.sso_enabled and not after.sso_enabled:
            return [
                Affected("sso_gone", Q(user__password__startswith=UNUSABLE_PASSWORD_PREFIX), _gone)
            ]
        if after.idp_managed_access and not before.idp_managed_access:
            return [Affected("sso_prompted", _of_verified_domains(after), _prompted)]
        if after.sso_enabled and not before.sso_enabled:
            return [Affected("sso_offered", _of_verified_domains(after), _offered)]
        return []

    def _vouched(self, entry: Entry, evidence: Evidence) -> bool:
        proof = evidence.saml(entry.organization.public_id)
        return proof is not None and proof.at >= entry.policy.sso_valid_from

    def _may_pass(self, entry: Entry, evidence: Evidence) -> bool:
        """Break-glass, judged by the role as it is now (O5), or the hour's grace (SSO-12)."""
        return is_break_glass(entry, evidence) or (
            self._has_grace(entry, evidence.now) and evidence.proves_account(entry.user)
        )

    def _has_grace(self, entry: Entry, now: datetime) -> bool:
        policy = entry.policy
        until = policy.sso_required_grace_until
        return (
            policy.sso_required_grace_user_id == entry.user.pk and until is not None and now < until
        )

    def _demand(self, entry: Entry) -> Step:
        sentence = _("%(name)s signs in with single sign-on.") % {"name": entry.organization.name}
        return self._step(entry.organization.public_id, sentence)

    def _step(self, organization_id: str, sentence: str) -> Step:
        url = contract.start_path(organization_id)
        return Step(url, str(_("Continue with single sign-on")), sentence, skippable=True)


def is_break_glass(entry: Entry, evidence: Evidence) -> bool:
    """Whether an owner or admin opens a closed door: own password, own second factor if set."""
    has_password = any(proof.method == "password" for proof in evidence.account_level)
    return (
        has_password
        and entry.membership.role in BREAK_GLASS_ROLES
        and evidence.proves_account(entry.user)
    )


def _of_verified_domains(policy: SecurityPolicy) -> Q:
    condition = Q(pk__in=[])
    for domain in verified_domains(policy.organization):
        at = f"@{domain}"
        condition |= Q(email__iendswith=at) | Q(email="", user__email__iendswith=at)
    return condition


def _required(after: SecurityPolicy) -> list[Affected]:
    inside, passing = _of_verified_domains(after), Q(role__in=BREAK_GLASS_ROLES)
    return [
        Affected("sso_shut_out", ~inside & ~passing, _shut_out),
        Affected("sso_redirected", inside & ~passing, _redirected),
        Affected("sso_outside_admins", ~inside & passing, _outside_admins),
        Affected("sso_break_glass", inside & passing, _break_glass),
    ]


def _shut_out(n: int) -> str:
    return ngettext(
        "%(n)d person can't enter any more: their address is outside the verified domains.",
        "%(n)d people can't enter any more: their address is outside the verified domains.",
        n,
    ) % {"n": n}


def _redirected(n: int) -> str:
    return ngettext(
        "%(n)d person will be sent to your identity provider at their next request.",
        "%(n)d people will be sent to your identity provider at their next request.",
        n,
    ) % {"n": n}


def _outside_admins(n: int) -> str:
    return ngettext(
        "%(n)d owner or admin is outside the verified domains and enters by password only.",
        "%(n)d owners or admins are outside the verified domains and enter by password only.",
        n,
    ) % {"n": n}


def _break_glass(n: int) -> str:
    return ngettext(
        "%(n)d owner or admin may still use their password, which all admins are told.",
        "%(n)d owners and admins may still use their password, which all admins are told.",
        n,
    ) % {"n": n}


def _freed(n: int) -> str:
    return ngettext(
        "%(n)d person may use password, email link and Google again.",
        "%(n)d people may use password, email link and Google again.",
        n,
    ) % {"n": n}


def _gone(n: int) -> str:
    return ngettext(
        "%(n)d person has no password and will sign in by email link.",
        "%(n)d people have no password and will sign in by email link.",
        n,
    ) % {"n": n}


def _prompted(n: int) -> str:
    return ngettext(
        "%(n)d person will be prompted to use single sign-on at their next sign-in.",
        "%(n)d people will be prompted to use single sign-on at their next sign-in.",
        n,
    ) % {"n": n}


def _offered(n: int) -> str:
    return ngettext(
        "%(n)d person will be offered single sign-on at their next sign-in.",
        "%(n)d people will be offered single sign-on at their next sign-in.",
        n,
    ) % {"n": n}
