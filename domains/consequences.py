"""What stands on a verified domain, and what ends with it (DOM-6)."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Membership, Organization
from domains.models import DomainClaim

SAMPLE = 50


@dataclass(frozen=True)
class Consequences:
    """What stops when a domain is lost: sentences, and whom it touches."""

    sentences: list[str]
    count: int
    sample: list[Membership]

    @property
    def more(self) -> int:
        return self.count - len(self.sample)


def members_of(organization: Organization, domain: str) -> QuerySet[Membership]:
    """The active members whom the organization knows by an address at exactly ``domain``."""
    return organization.memberships.active().filter(at(domain))


def of_losing(claim: DomainClaim) -> Consequences:
    """Say what stops for whom when ``claim`` is removed or its grace ends."""
    if not claim.is_holding:
        return Consequences([], 0, [])
    policy = claim.organization.policy
    if not (policy.sso_enabled or policy.scim_enabled):
        return Consequences(_sentences(claim, 0), 0, [])
    members = members_of(claim.organization, claim.domain)
    count = members.count()
    sample = members.select_related("user").order_by("joined_at", "pk")[:SAMPLE]
    return Consequences(_sentences(claim, count), count, list(sample))


def end_sessions(claim: DomainClaim) -> None:
    """Single sign-on of the domain's people ends with their next request.

    Their passwords and links stay good: they sign in again, each in their own way.
    """
    if claim.organization.policy.sso_enabled:
        members = members_of(claim.organization, claim.domain).values("pk")
        Membership.objects.filter(pk__in=members).update(access_valid_from=timezone.now())


def at(domain: str) -> Q:
    ending = f"@{domain}"
    return Q(email__iendswith=ending) | Q(email="", user__email__iendswith=ending)


def _sentences(claim: DomainClaim, count: int) -> list[str]:
    policy = claim.organization.policy
    words = {"domain": claim.domain, "count": count}
    said: list[str] = []
    if policy.sso_required:
        said.append(
            ngettext(
                "%(count)d person at %(domain)s can’t enter any more: single sign-on is required, "
                "and it works on verified domains only.",
                "%(count)d people at %(domain)s can’t enter any more: single sign-on is required, "
                "and it works on verified domains only.",
                count,
            )
        )
        said.append(_("Owners and admins among them still can, by password."))
    elif policy.sso_enabled:
        said.append(
            ngettext(
                "Single sign-on stops for %(count)d person at %(domain)s.",
                "Single sign-on stops for %(count)d people at %(domain)s.",
                count,
            )
        )
    if policy.sso_enabled and _is_last(claim):
        said.append(_("It is the last verified domain: single sign-on stops altogether."))
    if policy.idp_managed_access:
        said.append(
            _("New people at %(domain)s are no longer sent to your identity provider, nor added.")
        )
    if policy.scim_enabled:
        said.append(
            ngettext(
                "SCIM no longer sees or changes %(count)d person at %(domain)s.",
                "SCIM no longer sees or changes %(count)d people at %(domain)s.",
                count,
            )
        )
    if not said:
        said.append(_("Nothing is built on %(domain)s yet: single sign-on and SCIM are off."))
    said.append(_("Another organization that proves %(domain)s can have it verified then."))
    return [sentence % words for sentence in said]


def _is_last(claim: DomainClaim) -> bool:
    others = DomainClaim.objects.filter(organization_id=claim.organization_id).holding()
    return not others.exclude(pk=claim.pk).exists()
