"""A claim in words and colours: what the pages and the menu say of a state."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.charts import Strip, strip
from accounts.organizations.context import OrganizationContext
from accounts.organizations.overview import Standing
from accounts.prepared import Prepared
from domains.doctor import Finding
from domains.models import DomainCheck, DomainClaim
from domains.resolver import Reply
from domains.states import HOLDING, State, Verdict

TONES = {
    State.PENDING: "neutral",
    State.VERIFIED: "good",
    State.GRACE: "warn",
    State.UNVERIFIED: "bad",
    State.REMOVED: "neutral",
}
VERDICT_TONES = {Verdict.PRESENT: "good", Verdict.ABSENT: "bad", Verdict.NO_ANSWER: "neutral"}


@dataclass(frozen=True)
class ShownClaim:
    """A claim as a page shows it."""

    claim: DomainClaim

    @property
    def tone(self) -> str:
        return TONES[State(self.claim.state)]

    @property
    def state(self) -> str:
        return str(State(self.claim.state).label)

    @property
    def sentence(self) -> str:
        """What the last look found, and what that means in this state."""
        claim = self.claim
        if claim.last_finding == "":
            if claim.is_holding:
                return _("Verified by support; the record has not been looked at yet.")
            return _("Not looked at yet. Add the record; the first look comes within seconds.")
        return Finding(claim.last_finding).sentence(claim.domain, claim.last_facts)

    @property
    def no_answer(self) -> bool:
        """Whether DNS kept silent at the last look: shown grey beside the state."""
        return self.claim.last_verdict == Verdict.NO_ANSWER

    @property
    def grace_ends_at(self) -> datetime | None:
        return self.claim.grace.ends_at if self.claim.grace else None


@dataclass(frozen=True)
class ShownReply:
    """One resolver's reply in a line of history; everything in it is plain text."""

    resolver: str
    reply: str
    records: list[str]
    more: int


@dataclass(frozen=True)
class ShownCheck:
    """A line of history (DOM-8)."""

    check: DomainCheck
    domain: str

    @property
    def tone(self) -> str:
        return VERDICT_TONES[Verdict(self.check.verdict)]

    @property
    def verdict(self) -> str:
        return str(Verdict(self.check.verdict).label)

    @property
    def finding(self) -> str:
        """In a few words; the sentence says more."""
        return str(Finding(self.check.finding).label)

    @property
    def sentence(self) -> str:
        return Finding(self.check.finding).sentence(self.domain, self.check.details)

    @property
    def replies(self) -> list[ShownReply]:
        return [_shown_reply(look) for look in self.check.details.get("looks", [])]


def history_strip(checks: list[ShownCheck]) -> Strip:
    """The last checks side by side; ``checks`` newest first."""
    found = sum(shown.check.verdict == Verdict.PRESENT for shown in checks)
    summary = ngettext(
        "%(found)d of the last %(all)d check found the record.",
        "%(found)d of the last %(all)d checks found the record.",
        len(checks),
    ) % {"found": found, "all": len(checks)}
    marks = [(shown.check.at, shown.tone, shown.verdict) for shown in reversed(checks)]
    return strip(_("Checks"), summary, marks)


def menu_state(context: OrganizationContext) -> str:
    """The word beside "Domain Claiming": what needs somebody comes first."""
    states = _states(context)
    failing = states.count(State.GRACE) + states.count(State.UNVERIFIED)
    if failing:
        return _("%(count)d failing") % {"count": failing}
    if State.VERIFIED in states:
        held = states.count(State.VERIFIED)
        return ngettext("%(count)d verified", "%(count)d verified", held) % {"count": held}
    if states:
        return _("%(count)d pending") % {"count": len(states)}
    return _("None")


def protection(context: OrganizationContext) -> Standing:
    """What the overview says of domains."""
    states = _states(context)
    held = sum(state in HOLDING for state in states)
    words = ngettext("%(count)d verified", "%(count)d verified", held) % {"count": held}
    if State.GRACE in states or State.UNVERIFIED in states:
        why = _("A record is missing: what stands on the domain stops, or will.")
        return Standing("warn" if held else "bad", menu_state(context), why, _("See what is wrong"))
    if held:
        return Standing("good", words, _("Nobody else can verify your domain here."))
    if states:
        why = _("Until the TXT record is found, single sign-on and SCIM have nobody to act on.")
        return Standing("warn", menu_state(context), why, _("Publish the record"))
    why = _("Single sign-on and SCIM act only on addresses of domains that you have proved.")
    return Standing("bad", _("None"), why, _("Claim your domain"))


# Beside every page of Access Security.
_STATES = Prepared(
    "domain_states",
    f"""
    SELECT state FROM domains_domainclaim
    WHERE organization_id = %s AND state <> '{State.REMOVED}'
    """,  # noqa: S608  # a value of our own enum, no input
)


def _states(context: OrganizationContext) -> list[State]:
    return [State(state) for (state,) in _STATES.rows([context.organization.pk])]


def _shown_reply(look: dict[str, object]) -> ShownReply:
    reply = str(look.get("reply", ""))
    words = str(Reply(reply).label) if reply in Reply.values else reply
    extra = look.get("alias") or look.get("detail")
    records = look.get("records", [])
    return ShownReply(
        str(look.get("resolver", "")),
        f"{words}: {extra}" if extra else words,
        [str(record) for record in records] if isinstance(records, list) else [],
        int(str(look.get("more", 0))),
    )
